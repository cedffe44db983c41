"""The settings of one file in ``sources/``: one portal.

The ``[settings]`` table belongs to the connector and is validated by the connector's own type afterwards.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from syncd.pipeline.registry import About
from syncd.rules.accept import AcceptLimits
from syncd.rules.precedence import SourceKind
from syncd.sdk.settings import SecretRef
from syncd.settings.base import Identifier, Line, Strings, Table
from syncd.settings.client_certificate import ClientCertificate
from syncd.settings.units import ByteCount, Duration, format_duration

_SHORTEST_INTERVAL = timedelta(seconds=1)

AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/\S.*$")]


class ScopeTable(Table):
    """``[scope]``: what the source may speak for."""

    areas: Strings = Field(min_length=1, description="ARS of the areas; '00' is the whole of Germany.")
    services: Strings | None = Field(None, description="Service keys; absent means every service.")
    services_from: str | None = Field(
        None, description="Id of an obligation whose services are the scope, instead of a list."
    )
    default_area: str | None = Field(
        None, description="Area of records that name none, such as those of a town's own list."
    )
    silence_means_absence: bool = Field(
        default=False, description="True when a service the source does not list is known not to be offered."
    )

    @model_validator(mode="after")
    def _one_list(self) -> ScopeTable:
        if self.services is not None and self.services_from is not None:
            raise ValueError("give either services or services_from, not both")
        return self


_ACCEPT = AcceptLimits()


class LimitsTable(Table):
    """``[limits]``: what one run may take and change."""

    max_loss_percent: float = Field(_ACCEPT.max_loss_percent, ge=0, le=100, strict=False)
    max_loss_records: int = Field(_ACCEPT.max_loss_records, ge=0)
    max_loss_week_percent: float = Field(
        _ACCEPT.max_loss_week_percent,
        ge=0,
        le=100,
        strict=False,
        description="Share of the records that may be missing or have left within seven days.",
    )
    min_usual_percent: float = Field(
        _ACCEPT.min_usual_percent,
        ge=0,
        le=100,
        strict=False,
        description="Shortest listing taken, as a share of the median of the last ten good ones.",
    )
    grace_runs: int = Field(
        _ACCEPT.grace_runs,
        ge=1,
        le=1_000,
        description="Complete listings in a row that must lack a record before it is withdrawn.",
    )
    grace: Duration = Field(
        _ACCEPT.grace, description="Shortest time between the first of them and the withdrawal."
    )
    growth_percent: float = Field(_ACCEPT.max_growth_percent, ge=100, strict=False)
    growth_free_records: int = Field(_ACCEPT.growth_free_records, ge=0)
    max_quarantined_percent: float = Field(_ACCEPT.max_quarantined_percent, ge=0, le=100, strict=False)
    total_tolerance: int = Field(0, ge=0, description="Records the announced total may differ by.")
    allow_private: bool = Field(
        default=False, description="Allow addresses of private networks and of this machine."
    )
    max_bytes: ByteCount = Field(50_000_000, description="Of one document as transferred.")
    max_decoded_bytes: ByteCount = Field(200_000_000, description="Of one document after decompression.")
    max_documents: int = Field(5_000, ge=1, description="Documents of one run.")
    max_run_bytes: ByteCount = Field(2_147_483_648, description="Of all documents of one run, decompressed.")
    run_timeout: Duration = Field(timedelta(minutes=30), description="Longest time for fetching in one run.")
    parse_timeout: Duration | None = Field(
        None, description="Longest time for reading what was fetched; absent: as syncd.toml says."
    )

    def to_accept(self) -> AcceptLimits:
        """Return the part the acceptance rule looks at."""
        return AcceptLimits(
            max_loss_records=self.max_loss_records,
            max_loss_percent=self.max_loss_percent,
            max_loss_week_percent=self.max_loss_week_percent,
            min_usual_percent=self.min_usual_percent,
            grace_runs=self.grace_runs,
            grace=self.grace,
            max_growth_percent=self.growth_percent,
            growth_free_records=self.growth_free_records,
            max_quarantined_percent=self.max_quarantined_percent,
        )


class AboutTable(Table):
    """``[about]``: whose data it is, on what ground it is read, and how much of it there should be."""

    owner: str = Field("", max_length=300, description="Body that is responsible for the data.")
    contact: str = Field("", max_length=300, description="Whom to ask there.")
    licence: str = Field("", max_length=300, description="Licence of the data, such as 'DL-DE-BY-2.0'.")
    permission: str = Field(
        "", max_length=2_000, description="On what ground the data is read, where there is no licence."
    )
    expected_minimum: int | None = Field(None, ge=1, description="A listing of fewer records is refused.")
    expected_maximum: int | None = Field(None, ge=1, description="More records than this are a warning.")

    @model_validator(mode="after")
    def _in_order(self) -> AboutTable:
        least, most = self.expected_minimum, self.expected_maximum
        if least is not None and most is not None and most < least:
            raise ValueError(f"expected_maximum ({most}) is below expected_minimum ({least})")
        return self

    def to_about(self) -> About:
        """Return it as the use cases take it."""
        return About(**self.model_dump())


class ClientCertificateTable(Table):
    """``[client_certificate]``: who we are towards a portal that demands a certificate (mutual TLS)."""

    certificate: AbsolutePath = Field(
        description="PEM file with the certificate, then those that lead to its authority."
    )
    key: AbsolutePath = Field(description="PEM file with the private key; readable by nobody else.")
    password: SecretRef | None = Field(None, description="Opens an encrypted key.")

    def to_certificate(self) -> ClientCertificate:
        """Return it as the client takes it."""
        return ClientCertificate(Path(self.certificate), Path(self.key), self.password)


class SourceFile(Table):
    """All of ``sources/<id>.toml``."""

    id: Identifier
    title: Line
    connector: Line
    enabled: bool = True
    interval: Duration
    stale_after: Duration
    kind: SourceKind | None = Field(
        None,
        strict=False,
        description="What the source is to a service; gives it its rank, see [precedence].",
    )
    precedence: int | None = Field(
        None,
        ge=0,
        le=10_000,
        description="A lower rank wins when sources disagree. Absent: that of its kind.",
    )
    field_precedence: dict[str, int] = Field(default_factory=dict, description="Rank for single fields.")
    note: str = ""
    linking: bool = Field(
        default=True, description="false: its records without a key are never linked by likeness."
    )
    scope: ScopeTable
    settings: dict[str, Any]
    limits: LimitsTable = LimitsTable()
    about: AboutTable = AboutTable()
    client_certificate: ClientCertificateTable | None = None

    @model_validator(mode="after")
    def _plausible_times(self) -> SourceFile:
        if self.interval < _SHORTEST_INTERVAL:
            raise ValueError(f"interval must be at least {format_duration(_SHORTEST_INTERVAL)}")
        if self.stale_after < self.interval:
            raise ValueError(
                f"stale_after ({format_duration(self.stale_after)}) must not be shorter than interval "
                f"({format_duration(self.interval)}), or the source would be stale between two good runs"
            )
        return self
