"""Search policy values: safety as constraints, money as goals, judged on days and seeds the search never saw."""
