"""OAuth2 client credentials: one token for many requests, renewed in time, and told to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from syncd.errors import ConfigError, SourceFormatError, SourceRejectedUs, SourceUnavailable, SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.sdk.settings import ClientCredentials, SecretRef

SECRET, IDENTITY = "very secret words", "our-client"


@dataclass
class Portal:
    """A portal with a token endpoint; ``answer`` replaces what the endpoint says."""

    base: str = ""
    lasts: Any = 3_600
    answer: Callable[[], web.StreamResponse] | None = None
    elsewhere: str = ""
    taken: set[str] = field(default_factory=set)
    forms: list[dict[str, str]] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)

    async def token(self, request: web.Request) -> web.StreamResponse:
        assert "Authorization" not in request.headers
        form = await request.post()
        self.forms.append({name: str(value) for name, value in form.items()})
        if self.answer is not None:
            return self.answer()
        value = f"token-{len(self.forms)}"
        self.taken.add(value)
        body = {"access_token": value, "token_type": "bearer", "expires_in": self.lasts}
        return web.json_response(body)

    async def data(self, request: web.Request) -> web.StreamResponse:
        said = request.headers.get("Authorization", "")
        self.seen.append((request.path, said))
        if self.elsewhere:
            raise web.HTTPFound(self.elsewhere)
        if said.removeprefix("Bearer ") not in self.taken:
            return web.Response(status=401, text=f"no: {said}")
        return web.json_response({"ok": True})


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[], Awaitable[Portal]]]:
    runners = []

    async def start() -> Portal:
        portal = Portal()
        app = web.Application()
        app.router.add_post("/token", portal.token)
        app.router.add_get("/{tail:.*}", portal.data)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        runners.append(runner)
        portal.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return portal

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(FetchLimits(attempts=1)) as opened:
        yield opened


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ClientCredentials]:
    monkeypatch.setenv("TEST_ID", IDENTITY)
    monkeypatch.setenv("TEST_SECRET", SECRET)

    def of(portal: Portal, **more: Any) -> ClientCredentials:
        return ClientCredentials(
            token_url=f"{portal.base}/token",
            client_id=SecretRef("env:TEST_ID"),
            client_secret=SecretRef("env:TEST_SECRET"),
            **more,
        )

    return of


def session(fetcher: HttpFetcher, portal: Portal, folder: Path, *, private: bool = True) -> SourceSession:
    return SourceSession(
        source_id="city",
        fetcher=fetcher,
        base_url=portal.base,
        rundir=folder / "run",
        raw_root=folder / "raw",
        allow_private=private,
    )


async def test_one_token_serves_many_requests_and_runs(
    serve: Any, fetcher: HttpFetcher, credentials: Any, tmp_path: Path
) -> None:
    portal = await serve()
    ours = credentials(portal, scope="read")
    for _ in range(2):
        run = session(fetcher, portal, tmp_path)
        for name in "ab":
            await run.fetch(name, name=name, bearer=ours)
    assert portal.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": IDENTITY,
            "client_secret": SECRET,
            "scope": "read",
        }
    ]
    assert {said for _, said in portal.seen} == {"Bearer token-1"}
    assert fetcher.tokens.values() == ("token-1",)
    on_disk = _bodies(tmp_path)
    assert not any(b"token-1" in body or SECRET.encode() in body for body in on_disk)


@pytest.mark.parametrize("lasts", [30, "29", 0, -5])
async def test_a_token_that_ends_soon_is_not_used_again(
    serve: Any, fetcher: HttpFetcher, credentials: Any, tmp_path: Path, lasts: Any
) -> None:
    portal = await serve()
    portal.lasts = lasts
    run = session(fetcher, portal, tmp_path)
    for name in "abc":
        await run.fetch(name, name=name, bearer=credentials(portal))
    assert len(portal.forms) == 3


async def test_a_token_the_portal_no_longer_takes_is_renewed_once(
    serve: Any, fetcher: HttpFetcher, credentials: Any, tmp_path: Path
) -> None:
    portal = await serve()
    run = session(fetcher, portal, tmp_path)
    await run.fetch("a", name="a", bearer=credentials(portal))
    portal.taken.clear()
    await run.fetch("b", name="b", bearer=credentials(portal))
    assert [said for _, said in portal.seen] == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_portal_that_takes_no_token_is_asked_twice_and_not_for_ever(
    serve: Any, fetcher: HttpFetcher, credentials: Any, tmp_path: Path
) -> None:
    portal = await serve()
    portal.taken = set()

    def give() -> web.Response:
        return web.json_response({"access_token": f"t{len(portal.forms)}", "token_type": "Bearer"})

    portal.answer = give
    with pytest.raises(SourceRejectedUs) as caught:
        await session(fetcher, portal, tmp_path).fetch("a", name="a", bearer=credentials(portal))
    assert caught.value.code == "http_401"
    assert (len(portal.forms), len(portal.seen)) == (2, 2)


def _json(body: Any, status: int = 200) -> Callable[[], web.StreamResponse]:
    return lambda: web.json_response(body, status=status)


GOOD = {"access_token": "abc", "token_type": "Bearer", "expires_in": 60}


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (_json({"error": "invalid_client", "client_secret": SECRET}, 400), "token_refused", SourceRejectedUs),
        (_json({"error": "invalid_client"}, 401), "token_refused", SourceRejectedUs),
        (_json({}, 403), "token_refused", SourceRejectedUs),
        (_json({}, 503), "http_503", SourceUnavailable),
        (_json({}), "token_unusable", SourceFormatError),
        (_json([GOOD]), "token_unusable", SourceFormatError),
        (_json({**GOOD, "access_token": "a b\r\nX: y"}), "token_unusable", SourceFormatError),
        (_json({**GOOD, "access_token": "x" * 9_000}), "token_unusable", SourceFormatError),
        (_json({**GOOD, "token_type": "mac"}), "token_unusable", SourceFormatError),
        (_json({**GOOD, "expires_in": "soon"}), "token_unusable", SourceFormatError),
        (_json({**GOOD, "more": "x" * 70_000}), "too_large", SourceFormatError),
        (
            lambda: web.Response(text=f'{{"access_token": "{SECRET}', content_type="application/json"),
            "token_unusable",
            SourceFormatError,
        ),
        (
            lambda: web.Response(status=302, headers={"Location": "/other"}),
            "redirect_refused",
            SourceFormatError,
        ),
    ],
)
async def test_answers_of_a_token_endpoint_that_are_no_token(  # noqa: PLR0917 - fixtures
    serve: Any,
    fetcher: HttpFetcher,
    credentials: Any,
    tmp_path: Path,
    answer: Callable[[], web.StreamResponse],
    code: str,
    kind: type[SyncdError],
) -> None:
    portal = await serve()
    portal.answer = answer
    with pytest.raises(kind) as caught:
        await session(fetcher, portal, tmp_path).fetch("a", name="a", bearer=credentials(portal))
    error: BaseException | None = caught.value
    assert caught.value.code == code
    assert caught.value.where == "city/access token"
    while error is not None:
        assert SECRET not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__
    assert portal.seen == []


async def test_the_token_never_follows_a_redirect_to_another_origin(
    serve: Any, fetcher: HttpFetcher, credentials: Any, tmp_path: Path
) -> None:
    portal, other = await serve(), await serve()
    portal.elsewhere = f"{other.base}/stolen"
    with pytest.raises(SourceFormatError) as caught:
        await session(fetcher, portal, tmp_path).fetch("a", name="a", bearer=credentials(portal))
    assert caught.value.code == "redirect_refused"
    assert other.seen == []


async def test_the_token_endpoint_has_the_same_guard_as_the_portal(
    serve: Any, fetcher: HttpFetcher, credentials: Any, tmp_path: Path
) -> None:
    portal = await serve()
    run = session(fetcher, portal, tmp_path, private=False)
    with pytest.raises(SourceFormatError) as caught:
        await run.fetch("a", name="a", bearer=credentials(portal))
    assert caught.value.code == "address_refused"
    assert portal.forms == []


async def test_a_secret_that_is_not_there_is_named_and_nothing_is_asked(
    serve: Any, fetcher: HttpFetcher, credentials: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = await serve()
    ours = credentials(portal)
    monkeypatch.delenv("TEST_SECRET")
    with pytest.raises(ConfigError, match="TEST_SECRET"):
        await session(fetcher, portal, tmp_path).fetch("a", name="a", bearer=ours)
    assert portal.forms == []


def _bodies(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
