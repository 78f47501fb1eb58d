"""Run many policies on the same seeds, keep what each run showed, and pair it."""
