"""Names of the facts a record may carry beside what is merged (``Record.facts``).

Two groups: what a service register says of a key (records of kind ``catalogue``), and what the official
yardstick says of a cell. Lists are written with ``|`` between the items. Must not know who reads them.
"""

from __future__ import annotations

LIST_SEPARATOR = "|"

# --- of a service key; source: FIM portal, fields of Leistungssteckbrief and Stammtext ------------------
STATUS = "status"
"""Code of urn:xoev-de:xprozess:codeliste:status (1 to 8); 7 is inactive, 8 is to be deleted."""
REPLACED_BY = "replaced_by"
"""Service keys that take the place of this one."""
OZG_ID = "ozg_id"
OZG_NAME = "ozg_name"
SITUATION = "situation"
"""Lage of the OZG catalogue."""
THEME = "theme"
"""Themenfeld of the OZG catalogue."""
SDG = "sdg"
"""Seven-digit codes of urn:xoev-de:fim:codeliste:sdginformationsbereich."""
SYNONYMS = "synonyms"

RETIRED_STATUS = frozenset({"7", "8"})

# --- of a cell; source: Open-PVOG, record OpenPvogDto -----------------------------------------------------
COVERAGE_CLASS = "coverage_class"
"""``art_flaechendeckung`` of the Dashboard Digitale Verwaltung, as it is written there."""
NOT_COUNTED_BECAUSE = "not_counted_because"
ACTIVE = "active"
STATED_ON = "stated_on"
"""Date of the data as the source names it (ISO 8601)."""
AREA = "area"
"""Area the statement is about (raw), where the record itself is no offer and so names none."""

# --- of an offer ------------------------------------------------------------------------------------------
TRUST_LEVEL = "trust_level"
"""Code of urn:xoev-de:fim:codeliste:vertrauensniveau."""
PAYMENT = "payment"

# --- of an offer: ids under which others may know the same service ------------------------------------------
EDITORIAL_ID = "editorial_id"
"""Id an editorial office gave, as ``<office>/<number>`` (``L100108/4711``)."""
LHM_ID = "lhm_id"
"""Id of the service in a catalogue of the city or Land, shared by its sources; no connector fills it yet."""
REFERENCE_KEY = "reference_key"
"""Service key of the superordinate service this one specialises (referenzLeiKa)."""
