"""A small report with every kind of column, a map, and texts that try to become markup."""

from __future__ import annotations

from datetime import date

from syncd.model.report import Column, ColumnKind, Map, Report, Section, Shade, State, Table

HOSTILE = '<script>alert("1")</script> | *fett* [x](javascript:alert(1)) =1+1'
WIESBADEN, KASSEL = "064140000000", "066110000000"


def sample(language: str = "de") -> Report:
    """Return the synthetic report."""
    table = Table(
        "services",
        "Leistungen",
        (
            Column("Leistung"),
            Column("Einwohner", ColumnKind.NUMBER),
            Column("Anteil", ColumnKind.SHARE),
            Column("Seit", ColumnKind.DAY),
            Column("Zustand", ColumnKind.STATE),
            Column("Adresse", ColumnKind.LINK),
        ),
        (
            ("Bewohnerparkausweis", 288_850, 0.9999, "2026-10-04", State("own", "eigen"), "https://a.test/x"),
            (HOSTILE, 0, 0.0001, None, State("missing", "fehlt"), "javascript:alert(1)"),
            ("Hund anmelden", None, None, None, State("unknown", "unbekannt"), None),
        ),
        note="Anteil der Gemeinden; unbekannte stehen im Nenner.",
    )
    shown = Map(
        "Abdeckung",
        (
            Shade(WIESBADEN, "Wiesbaden", 2, "44 von 64"),
            Shade(KASSEL, "Kassel", None, "unbekannt"),
        ),
        ("unter einem Viertel", "unter der Hälfte", "mehr"),
        "unbekannt",
        "Eigene und geerbte Angebote.",
    )
    return Report(
        subject="064140000000",
        title="Wiesbaden – synthetisch",
        subtitle="Synthetischer Bericht",
        language=language,
        release=7,
        release_digest="0123456789abcdef",
        as_of=date(2026, 11, 22),
        facts=(("Einwohner", "288.850"), ("Herkunft", HOSTILE)),
        sections=(
            Section("summary", "Kurz gesagt", ("Es fehlen 18 Leistungen.", HOSTILE), map=shown),
            Section("services", "Leistungen", tables=(table,)),
        ),
    )
