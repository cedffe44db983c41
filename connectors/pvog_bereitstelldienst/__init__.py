"""Connector for the Bereitstelldienst of the Portalverbund (PVOG)."""
