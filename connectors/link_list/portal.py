"""A synthetic link list for the conformance suite: invented services and addresses, no real data."""

from __future__ import annotations

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

LIST = "/list.csv"
_HEADER = "ars;leistungsschluessel;name;url;gefunden"
_ROWS = (
    "064140000000;99000000000001;Muster;https://synthetic.invalid/muster;ja",
    "064140000000;99000000000001;Muster;https://synthetic.invalid/termin;ja",
    '064140000000;99000000000002;"Probe; anzeigen";;ja',
    "064140000000;99000000000003;Beispiel;;nein",
    "066110000000;99000000000001;Muster;https://synthetic.invalid/kassel;ja",
)


def _csv(header: str, *rows: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (header, *rows)).encode()


def synthetic_portal() -> SyntheticPortal:
    """Return a list of three offers and one stated absence."""
    return SyntheticPortal(
        answers={LIST: SyntheticAnswer(_csv(_HEADER, *_ROWS), "text/csv; charset=utf-8")},
        records=3,
        last_document=LIST,
        settings={"path": LIST.removeprefix("/")},
        unknown_field_document=(LIST, _csv(f"{_HEADER};reifegrad", *(f"{row};2" for row in _ROWS))),
        shrunken_document=(LIST, _csv(_HEADER, *_ROWS[:-1])),
    )
