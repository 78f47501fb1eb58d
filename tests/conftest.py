"""Make the chance of property tests repeatable: the same examples on every machine, without a deadline."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")
