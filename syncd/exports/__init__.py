"""Exports: what leaves the house as a file. Renders finished documents; must not decide what they say."""
