"""A synthetic Open-PVOG for the conformance suite: invented services in one region, no real data."""

from __future__ import annotations

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

REGION = "064140000000"
EXPORT = f"/public/v1/dash/open-pvog/{REGION}/export?filetype=csv&includeAbove=false&includeBelow=true"
HEADER = (
    "leika_key,leika_name,leika_bezeichnung,ars,ars_name,ars_federal_state,bundesland,ozgid,ozg_bezeichnung,url,"
    "online_status,aktiv,art_flaechendeckung,begruendung_nicht_beruecksichtigt,datenstand_pvog_import,export_datum"
)
_PLACE = f"{REGION},Musterstadt,06,Musterland"
_DATES = "2026-01-05,2026-01-06"
_FIRST = f"99000000000001,Muster Ausstellung,Muster beantragen,{_PLACE},10001,Muster"
_SECOND = f"99000000000002,Probe Anzeige,,{_PLACE},,"
_THIRD = f"99000000000003,Beispiel,,{_PLACE},10002,Beispiele"
_LAND = "landesweit flächendeckend"
_ONE = "in mind. einer Kommune verfügbar"
_NOT = "nicht in Auswertung berücksichtigt"
ROWS = (
    f"{_FIRST},https://synthetic.invalid/a,ok,ja,{_LAND},,{_DATES}",
    f"{_SECOND},https://synthetic.invalid/b,nicht ok,ja,{_ONE},,{_DATES}",
    f'{_FIRST},"https://synthetic.invalid/a,2",ok,ja,{_LAND},,{_DATES}',
    f"{_THIRD},,,ja,{_NOT},keine Antragsleistung,{_DATES}",
)


def table(*rows: str, header: str = HEADER) -> bytes:
    """Return an export of these rows."""
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def synthetic_portal() -> SyntheticPortal:
    """Return an export of four rows about three services."""
    return SyntheticPortal(
        answers={EXPORT: SyntheticAnswer(table(*ROWS), "application/octet-stream")},
        records=3,
        last_document=EXPORT,
        settings={"regions": [REGION]},
        unknown_field_document=(
            EXPORT,
            table(*(f"{row},2" for row in ROWS), header=f"{HEADER},reifegrad"),
        ),
        shrunken_document=(EXPORT, table(*ROWS[:-1])),
    )
