"""The settings of ``syncd.toml``: the daemon itself, nothing about portals.

Every key has a working default, so that a file of an older version always starts a newer daemon.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from syncd.model.coverage import Cohort
from syncd.rules.retention import Retention
from syncd.sdk.settings import SecretRef
from syncd.settings.base import Identifier, Line, Strings, Table
from syncd.settings.linking_file import LinkingTable
from syncd.settings.precedence_file import PrecedenceTable
from syncd.settings.units import Duration, format_duration

_DATABASE_SCHEMES = ("sqlite:", "postgresql:", "postgresql+psycopg:")
_LEAST_RETENTION = {
    "runs": timedelta(days=30),
    "releases": timedelta(days=400),
    "withdrawn": timedelta(days=90),
}


class DaemonTable(Table):
    """``[daemon]``: where state lies and how the process behaves."""

    data_dir: str | None = Field(
        None,
        min_length=1,
        description="Folder for database and fetched documents. Default: $STATE_DIRECTORY (set by systemd), "
        "else 'var' in the working directory.",
    )
    timezone: str = Field("Europe/Berlin", description="Zone of dates in reports; schedules run in UTC.")
    shutdown_seconds: int = Field(10, ge=1, le=600, description="Longest time a stop may take.")
    watchdog: bool = Field(
        default=True, description="Answer systemd's watchdog while the event loop is healthy."
    )
    parallel_runs: int = Field(
        4, ge=1, le=64, description="Parse processes at once; waiting for a portal takes no place."
    )

    hold_release: Duration = Field(
        timedelta(hours=24),
        description="How long a release that turns the report over waits for an operator; 0 s: not at all.",
    )
    check_interval: Duration = Field(
        timedelta(minutes=1), description="How often dates and the age of sources are looked at."
    )
    canary_interval: Duration = Field(
        timedelta(hours=1),
        description="How often a synthetic record has to get from a portal to a release, both its own; "
        "0 s: never.",
    )

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone; write a name such as 'Europe/Berlin'") from error
        return value


class DatabaseTable(Table):
    """``[database]``: one URL decides between SQLite and PostgreSQL."""

    url: str | SecretRef | None = Field(
        None,
        union_mode="left_to_right",
        description="SQLAlchemy URL, or env:NAME / file:path when it holds a password. "
        "Default: sqlite:///<data_dir>/syncd.sqlite3.",
    )

    @field_validator("url", mode="before")
    @classmethod
    def _known_database(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.startswith(("env:", "file:")):
            return SecretRef(value)
        if not value.startswith(_DATABASE_SCHEMES):
            raise ValueError("only 'sqlite:///path' and 'postgresql://…' are supported")
        authority = value.partition("//")[2].partition("/")[0]
        if ":" in authority.rpartition("@")[0]:
            raise ValueError(
                "holds a password; put the URL into a variable or file and write 'env:NAME' or 'file:path'"
            )
        return value


class OperatorTable(Table):
    """``[[web.operator]]``: somebody who may decide through the API."""

    name: Annotated[
        str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,98}[^\x00-\x20\x7f])?$")
    ] = Field(description="Stands with every decision, for good.")
    token: SecretRef = Field(
        description="Reference to the token, env:NAME or file:path; at least 32 characters, one per operator."
    )


class WebTable(Table):
    """``[web]``: where the API and the pages listen, and who may decide through the API."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8080, ge=0, le=65_535, description="0 takes any free port.")
    operator: Annotated[tuple[OperatorTable, ...], Field(strict=False)] = ()

    @field_validator("operator")
    @classmethod
    def _names_differ(cls, value: tuple[OperatorTable, ...]) -> tuple[OperatorTable, ...]:
        names = [operator.name.casefold() for operator in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the name {twice[0]!r} is given twice; a decision must name one person")
        return value


class LogTable(Table):
    """``[log]``: one event per line."""

    format: Literal["json", "console"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"
    file: str | None = Field(None, min_length=1, description="Default: standard error.")


class WorkerTable(Table):
    """``[worker]``: limits of each parse or rebuild process."""

    memory_mb: int = Field(1_024, ge=64)
    time_seconds: int = Field(600, ge=1)


class ProbeTable(Table):
    """``[probe]``: looking at links, and asking for delivery routes. Off until somebody wants it."""

    links: bool = Field(
        default=False, description="Look at the links of the catalogue, politely and within robots.txt."
    )
    routing_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+[^/\s?#]$",
        description="Address of the FIT-Connect routing service, such as "
        "https://routing-api-prod.fit-connect.fitko.net/v2; absent: nothing is asked.",
    )
    interval: Duration = Field(timedelta(minutes=10), description="Pause between two rounds.")
    batch: int = Field(200, ge=1, le=10_000, description="Links and routes looked at per round.")
    pause_seconds: float = Field(
        2.0, ge=0, le=600, strict=False, description="Shortest pause between two requests to one host."
    )
    allow_private: bool = Field(
        default=False, description="Look at addresses of private networks and of this machine, too."
    )


class RetentionTable(Table):
    """``[retention]``: how long history is kept, in whole days on which the daemon ran."""

    runs: Duration = Field(timedelta(days=400), description="Runs with their findings. Not less than 30 d.")
    releases: Duration = Field(
        timedelta(days=400),
        description="Releases that can be asked for. Not less than 400 d: a year ago must have an answer.",
    )
    withdrawn: Duration = Field(
        timedelta(days=90), description="Withdrawn records, until then restorable. Not less than 90 d."
    )

    @field_validator("runs", "releases", "withdrawn")
    @classmethod
    def _long_enough(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        least = _LEAST_RETENTION[info.field_name or ""]
        if value < least:
            raise ValueError(f"{format_duration(value)} is shorter than the least, {format_duration(least)}")
        if value % timedelta(days=1):
            raise ValueError(f"{format_duration(value)} is no whole number of days")
        return value

    def to_rule(self) -> Retention:
        """Return the plain value the use cases take."""
        return Retention(self.runs, self.releases, self.withdrawn)


class ReportsTable(Table):
    """``[reports]``: reports that are kept without anybody asking for them."""

    keep: Strings = Field(
        default=(), max_length=100, description="Ids of cohorts and codes of areas whose reports are kept."
    )
    every: Literal["month", "day"] = Field(
        "month",
        description="How often: of each calendar month or day the report of the release it ended with.",
    )
    languages: Annotated[tuple[Literal["de", "en"], ...], Field(strict=False)] = Field(
        ("de",), min_length=1, description="Languages to keep."
    )
    formats: Annotated[tuple[Literal["html", "xlsx", "md", "json"], ...], Field(strict=False)] = Field(
        ("html", "xlsx"), min_length=1, description="Forms to keep."
    )
    obligations: Strings = Field(
        default=(), description="Obligations to measure against. Default: the first one."
    )


class RegistersTable(Table):
    """``[registers]``: reference data, relative to the configuration directory, else to the shipped one."""

    areas: str = "reference/gv100ad-2025-11-30.txt.gz"
    services: str = "reference/ozg-leika-2019-10.csv.gz"
    successions: str = "reference/successions.toml"
    area_aliases: str = Field("reference/area-aliases.toml", description="Further names of areas.")
    cases: str = Field("reference/cases.toml", description="How often services are needed.")


class CohortTable(Table):
    """``[[cohort]]``: a named group of areas that are looked at together, such as the pilots."""

    id: Identifier
    title: Line
    areas: Strings = Field(min_length=1)
    titles: dict[str, str] = Field(default_factory=dict, description="Area → name to show for it.")

    def to_model(self) -> Cohort:
        """Return the plain value the use cases take."""
        return Cohort(self.id, self.title, self.areas, dict(self.titles))


class DaemonFile(Table):
    """All of ``syncd.toml``."""

    daemon: DaemonTable = DaemonTable()
    database: DatabaseTable = DatabaseTable()
    web: WebTable = WebTable()
    log: LogTable = LogTable()
    worker: WorkerTable = WorkerTable()
    probe: ProbeTable = ProbeTable()
    retention: RetentionTable = RetentionTable()
    reports: ReportsTable = ReportsTable()
    registers: RegistersTable = RegistersTable()
    precedence: PrecedenceTable = PrecedenceTable()
    linking: LinkingTable = LinkingTable()
    cohort: Annotated[tuple[CohortTable, ...], Field(strict=False)] = ()
