"""Connector for bulk exports in the DLDB format (Berlin, and others in the same shape)."""
