"""Say how sure a number is when what repeats is the day and the seed, never the intent (pure)."""
