"""Connectors: one folder per platform or protocol; syncd finds them by entry point only."""
