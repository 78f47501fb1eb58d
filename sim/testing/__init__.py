"""Bring scenarios, virtual time and a simulated client into a pytest suite."""
