"""Connector for the FIM portal: service profiles and texts, which feed the service register."""
