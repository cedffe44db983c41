"""Connector for lists of links in CSV: authority, service key, address."""
