"""Benchmarks: scripts that print a table and ratios against a baseline measured in the same run."""
