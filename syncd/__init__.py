"""syncd keeps one unified, explained catalogue of German public services.

The house map stands in ``docs/life-of-a-record.md``; the floors are enforced by the import
contracts in ``pyproject.toml``.
"""

__version__ = "0.1.0"
USER_AGENT = f"syncd/{__version__}"
"""How we name ourselves to portals."""
