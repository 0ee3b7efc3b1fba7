"""Benchmarks: `python -m benchmarks.<name> --json`. Each measures both sides in one run."""
