"""Configuration: reading, checking and explaining it. pydantic stays in here; plain values leave."""
