"""A synthetic miniature of the Suchdienst for the conformance suite: invented services, no real data."""

from __future__ import annotations

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

CATALOGUE = "/v5/servicedescriptions/csv?ars=064140000000"
_HEADER = "ID-LB|Leikaschlüssel|Name|Name2|Updatedatum|ID-OD|Bezeichnung OD|Links"
_FIRST = "S999999.LB.1|99000000000001|Muster Ausstellung|Muster beantragen|01.02.2026 00:48"
_ROWS = (
    f"{_FIRST}|S999999.OD.11|Muster online|https://synthetic.invalid/muster",
    f'{_FIRST}|S999999.OD.12|Portal ""Muster""|https://synthetic.invalid/portal',
    "S999999.LB.2|99000000000002|Probe Anzeige|Probe anzeigen|01.02.2026 00:48|||",
    "S999999.LB.3||Beispiel Auskunft||01.02.2026 00:48|||",
)


def _csv(header: str, *rows: str) -> bytes:
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def synthetic_portal() -> SyntheticPortal:
    """Return a catalogue of three invented services in one region."""
    return SyntheticPortal(
        answers={CATALOGUE: SyntheticAnswer(_csv(_HEADER, *_ROWS), "text/csv; charset=utf-8")},
        records=3,
        last_document=CATALOGUE,
        settings={"regions": ["064140000000"]},
        unknown_field_document=(
            CATALOGUE,
            _csv(f"{_HEADER}|Reifegrad", *(f"{row}|unbekannt" for row in _ROWS)),
        ),
        shrunken_document=(CATALOGUE, _csv(_HEADER, *_ROWS[:-1])),
    )
