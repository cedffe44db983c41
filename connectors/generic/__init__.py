"""The declarative connector: one portal described by a profile, without code."""
