"""Use cases: ingest, rebuild, ask. Knows ports (Protocols), not technology."""
