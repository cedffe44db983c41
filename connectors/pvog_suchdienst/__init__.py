"""Connector for the Suchdienst of the Portalverbund (PVOG)."""
