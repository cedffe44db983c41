"""Connector for Open-PVOG, the data hub behind the Dashboard Digitale Verwaltung."""
