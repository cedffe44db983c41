"""Reading the Infodienste: areas by AGS, then three lists per area, then the links that are still missing.

Why: walking from unit to competence to service to online service costs hundreds of thousands of requests;
the lists of competences are the same matrix in a few pages. Every request for data names an area of the
permission. Must not know how documents are parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from connectors.infodienste.envelope import Hits, reference_ids
from connectors.infodienste.paging import Listing, Pager
from connectors.infodienste.permission import EXPIRES_SOON_DAYS, Permit, permission_problems
from connectors.infodienste.places import Place, Places
from connectors.infodienste.portal import synthetic_portal
from connectors.infodienste.settings import InfodiensteSettings
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.errors import ConfigError, SourceFormatError, SourceUnavailable
from syncd.sdk.records import Issue, Severity
from syncd.sdk.text import exact_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from syncd.sdk.connector import Document, FetchSession

NOT_OFFERED = frozenset({"http_404", "http_405", "http_501"})
"""How portals without ``pstExtended`` answer."""


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(slots=True)
class _Seen:
    """Ids met in one run: of services, and of online services with and without a link."""

    services: set[str] = field(default_factory=set)
    online: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    proven: bool = True


class Infodienste:
    """The connector of one source."""

    def __init__(self, settings: InfodiensteSettings, today: Callable[[], date] = _today) -> None:
        self._settings = settings
        self._today = today

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield services, online competences and unit competences of each area, then online services.

        Raises ConfigError ``permission_missing``, ``permission_expired`` or ``permission_exceeded`` before
        the first request.
        """
        settings = self._settings
        permit = self._permit(session)
        headers = {"api_key": settings.api_key.reveal(), "Accept-Language": settings.language}
        places = Places(session, settings, headers, permit)
        asked = [await places.find(text, name) for text, name in settings.areas.items()]
        above = [place async for place in _above(session, places, settings)]
        context = {"places": _ids(asked), "above": _ids(above)}
        pager = Pager(session, settings, headers)
        seen = _Seen()
        for place in asked:
            permit.data_of(place.code)
            async for document in self._area(pager, place, context, seen):
                yield document
        async for document in self._details(pager, seen):
            yield document
        if seen.proven:
            session.declare_total(len(seen.services))

    def _permit(self, session: FetchSession) -> Permit:
        settings, today = self._settings, self._today()
        permission = settings.permission
        problems = permission_problems(
            permission.purpose, permission.areas, permission.valid_until, tuple(settings.areas), today
        )
        if (problem := next(problems, None)) is not None:
            raise ConfigError(problem.message, where=problem.key, code=problem.code, fix=problem.fix)
        ends = permission.valid_until
        if ends is not None and ends - today <= timedelta(days=EXPIRES_SOON_DAYS):
            session.issue(
                Issue(
                    "permission_expires",
                    f"The permission to use the key ends on {ends.isoformat()}.",
                    "settings.permission.valid_until",
                    ends.isoformat(),
                    Severity.WARNING,
                    "Have the agreement renewed in time.",
                )
            )
        return Permit(permission.areas, tuple(settings.areas), tuple(settings.above))

    # --- one area -----------------------------------------------------------------------------------
    async def _area(
        self, pager: Pager, place: Place, context: dict[str, str], seen: _Seen
    ) -> AsyncIterator[Document]:
        context = {**context, "area": place.text}
        async for document, hits in self._services(pager, place, context, seen):
            for one in hits.objects:
                _note_service(one, seen)
            yield document
        paths = self._settings.paths
        area = [("areaId", place.portal_id)]
        lists = [(f"online-{place.code}", paths.online_competences, area, "online")]
        if self._settings.unit_competences == "list":
            lists.append((f"units-{place.code}", paths.unit_competences, area, "units"))
        for number, unit in enumerate(self._settings.units, 1):
            below = [*area, ("subOrganisationalUnits", "true")]
            path = f"{paths.unit_competences}/{quote(unit, safe='')}"
            lists.append((f"units-{place.code}-{number}", path, below, "units"))
        for name, path, query, kind in lists:
            listing = Listing(name, self._url(path), query, {**context, "kind": kind})
            async for document, hits in pager.pages(listing):
                for one in hits.objects:
                    _note_competence(one, kind, seen)
                yield document
            seen.proven &= listing.proven

    async def _services(
        self, pager: Pager, place: Place, context: dict[str, str], seen: _Seen
    ) -> AsyncIterator[tuple[Document, Hits]]:
        """Yield the pages of services: extended ones where the portal has them, else plain ones."""
        paths, began = self._settings.paths, False
        area, names = ("areaId", place.portal_id), self._settings.attributes
        context = {**context, "kind": "services"}
        if self._settings.extended and self._settings.version == "v4":
            name = f"services-extended-{place.code}"
            query = [area, *_selection(self._settings, (*names, "onlineServices"))]
            listing = Listing(name, self._url(paths.services_extended), query, context)
            try:
                async for page in pager.pages(listing):
                    began = True
                    yield page
            except (SourceFormatError, SourceUnavailable) as error:
                if began or error.code not in NOT_OFFERED:
                    raise
            else:
                seen.proven &= listing.proven
                return
        query = [area, *_selection(self._settings, names)]
        listing = Listing(f"services-{place.code}", self._url(paths.services), query, context)
        async for page in pager.pages(listing):
            yield page
        seen.proven &= listing.proven

    # --- links --------------------------------------------------------------------------------------
    async def _details(self, pager: Pager, seen: _Seen) -> AsyncIterator[Document]:
        """Yield the online services whose link has not come with a service, as many as allowed."""
        waiting = sorted(seen.online - seen.linked)
        allowed = waiting[: self._settings.detail_limit]
        if len(waiting) > len(allowed):
            pager.session.issue(
                Issue(
                    "details_cut",
                    f"{len(waiting)} online services have no link yet; {len(allowed)} were asked for.",
                    "settings.detail_limit",
                    str(self._settings.detail_limit),
                    Severity.WARNING,
                    "Raise 'detail_limit'; without a link an online service is only a claim.",
                )
            )
        found = False
        for online_id in allowed:
            document = await self._detail(pager, online_id)
            if document is not None:
                found = True
                yield document
        if allowed and not found:
            raise SourceFormatError(
                f"none of {len(allowed)} online services is found by its id",
                fix="Check 'paths.online_services': the portal may use another resource.",
            )

    async def _detail(self, pager: Pager, online_id: str) -> Document | None:
        try:
            return await pager.session.fetch(
                self._url(f"{self._settings.paths.online_services}/{quote(online_id, safe='')}"),
                name=f"detail-{online_id}",
                headers=pager.headers,
                accept=pager.accept,
                context={"kind": "detail", "id": online_id},
            )
        except SourceFormatError as error:
            if error.code != "http_404":
                raise
        pager.session.issue(
            Issue(
                "detail_missing",
                "A competence names an online service that is not found; it is kept without a link.",
                online_id,
            )
        )
        return None

    def _url(self, path: str) -> str:
        return f"{self._settings.base_url}/{path}"


async def _above(
    session: FetchSession, places: Places, settings: InfodiensteSettings
) -> AsyncIterator[Place]:
    """Yield the areas above; one that is not found costs the level an offer comes from, not the run."""
    for text, name in settings.above.items():
        try:
            yield await places.find(text, name)
        except SourceFormatError as error:
            if error.code not in {"area_not_found", "area_ambiguous"}:
                raise
            where = f"settings.above.{text}"
            session.issue(Issue(error.code, f"{error.message}.", where, name, Severity.WARNING, error.fix))


def _selection(settings: InfodiensteSettings, names: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Return selectAttributes in the spelling the Land's server takes."""
    match settings.select_attributes:
        case "brackets":
            return [("selectAttributes[]", name) for name in names]
        case "indexed":
            return [(f"selectAttributes[{number}]", name) for number, name in enumerate(names)]
        case "comma":
            return [("selectAttributes", ",".join(names))]
        case "off":
            return []


def _ids(places: Sequence[Place]) -> str:
    return orjson.dumps({place.portal_id: place.text for place in places}).decode()


def _note_service(found: dict[str, Any], seen: _Seen) -> None:
    if (service_id := exact_id(found.get("id"))) is not None:
        seen.services.add(service_id)
        embedded = found.get("onlineServices")
        for one in embedded if isinstance(embedded, list) else ():
            _note_online(one, seen)


def _note_competence(found: dict[str, Any], kind: str, seen: _Seen) -> None:
    owner = found.get("onlineService" if kind == "online" else "organisationalUnit")
    services = reference_ids(found, "publicServiceTypes")
    if isinstance(owner, dict) and exact_id(owner.get("id")) is not None and services:
        seen.services |= services.keys()
        if kind == "online":
            _note_online(owner, seen)


def _note_online(one: object, seen: _Seen) -> None:
    if isinstance(one, dict) and (online_id := exact_id(one.get("id"))) is not None:
        seen.online.add(online_id)
        if one.get("link"):
            seen.linked.add(online_id)


SPEC = ConnectorSpec(
    name="infodienste",
    title="Infodienste REST ZuFi v3 and v4 (Hessen-Finder and its siblings)",
    settings_type=InfodiensteSettings,
    build=Infodienste,
    parser="connectors.infodienste.parse",
    completeness=Completeness.DECLARED_TOTAL,
    portal=synthetic_portal,
    minimum_interval_seconds=3_600,
)
