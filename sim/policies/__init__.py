"""Hold the shipped policies: each NAME.toml gives values of ``execution.*`` keys and nothing else."""
