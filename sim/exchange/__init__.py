"""The exchange: pure rules of orders, triggers, fills and accounts, and the live venue behind one door."""
