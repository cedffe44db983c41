"""Connector for the index and XZuFi documents an editorial system publishes."""
