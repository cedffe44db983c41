"""Probes from end to end: a site with every kind of page on loopback, both databases, the next release."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.fetching.probe import LinkProbe, ProbeLimits
from syncd.fetching.routing import RoutingProbe
from syncd.model.evidence import Channel, ChannelKind, Evidence, LinkState
from syncd.model.probe import LinkFacts, TargetKind
from syncd.pipeline.entry_codec import decode_entry
from syncd.pipeline.probing import LINK, ROUTE, Prober, verdict_of
from syncd.storage import SqlStore, open_store
from tests.support.fault_server import FaultServer, Script, response
from tests.support.miniature import GROSSSTADT, Clock, Miniature, claim, make_registry

HTML = "Content-Type: text/html; charset=utf-8"
FORM = b"<title>Wohnsitz</title><form><input name=a><input name=b><select name=c></select></form>"
LIMITS = ProbeLimits(pause_s=0.0, allow_private=True, total_s=2.0)
KEYS = ("99002001001000", "99003001001000", "99004001001000", "99005001001000", "99007001001000")
"""Services the town may speak for."""


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


def site(pages: dict[str, bytes | Script], robots: bytes = b"") -> Script:
    """Answer by path; what is not named does not exist."""

    async def answer(head: str, writer: asyncio.StreamWriter) -> None:
        path = head.split(" ")[1]
        page = pages.get(path)
        if path == "/robots.txt":
            page = response(robots, "Content-Type: text/plain") if robots else None
        if callable(page):
            await page(head, writer)
            return
        writer.write(page if page is not None else response(b"weg", HTML, status="404 Not Found"))
        await writer.drain()

    return answer


def asked(server: FaultServer) -> list[str]:
    return [head.split(" ")[1] for head in server.requests]


async def look(server: FaultServer, *paths: str, limits: ProbeLimits = LIMITS) -> list[LinkFacts]:
    async with LinkProbe("syncd/test", limits) as probe:
        return await asyncio.gather(*(probe.look(f"http://127.0.0.1:{server.port}{path}") for path in paths))


async def test_redirects_are_followed_and_robots_obeyed() -> None:
    pages: dict[str, bytes | Script] = {
        "/a": response(b"", "Location: /b", status="302 Found"),
        "/b": response(b'<meta http-equiv=refresh content="0;url=/c">', HTML),
        "/c": response(FORM, HTML),
        "/loop": response(b"", "Location: /loop", status="301 Moved Permanently"),
        "/geheim/x": response(FORM, HTML),
        "/doc": response(b"%PDF-1.7", "Content-Type: application/pdf"),
    }
    robots = b"User-agent: *\nDisallow: /geheim/\n"
    async with FaultServer(site(pages, robots)) as server:
        form, loop, secret, document = await look(server, "/a", "/loop", "/geheim/x", "/doc")
        assert [hop.rpartition("/")[2] for hop in form.hops] == ["a", "b", "c"]
        assert form.page is not None
        assert form.page.fields == 3
        assert loop.code == "redirect_refused"
        assert (secret.code, secret.status) == ("robots_excluded", 0)
        assert document.content_type == "application/pdf"
        assert asked(server).count("/robots.txt") == 1
        assert "/geheim/x" not in asked(server)
        assert server.busiest == 1, "one request at a time per host"
        assert all("cookie" not in head.lower() for head in server.requests)


async def test_wildcards_of_robots_are_understood() -> None:
    robots = b"User-agent: *\nDisallow: /*?id=\nDisallow: /*.php$\nCrawl-delay: 0\n"
    pages: dict[str, bytes | Script] = {"/a": response(FORM, HTML), "/b.php": response(FORM, HTML)}
    async with FaultServer(site(pages, robots)) as server:
        allowed, query, script = await look(server, "/a", "/a?id=7", "/b.php")
    assert [one.code for one in (allowed, query, script)] == ["", "robots_excluded", "robots_excluded"]


async def test_old_copies_of_robots_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.fetching.probe.ROBOTS_AGE_S", 0.0)
    async with (
        FaultServer(site({"/a": response(FORM, HTML)})) as server,
        LinkProbe("syncd/test", LIMITS) as probe,
    ):
        for _ in range(2):
            await probe.look(f"http://127.0.0.1:{server.port}/a")
        assert asked(server).count("/robots.txt") == 2


async def test_a_site_that_cannot_be_asked_is_a_fact_not_an_error() -> None:
    async def hang(_head: str, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    quick = ProbeLimits(pause_s=0.0, allow_private=True, total_s=0.3)
    async with FaultServer(site({"/hang": hang}, b"User-agent: *\nAllow: /\n")) as server:
        (facts,) = await look(server, "/hang", limits=quick)
    assert facts.code == "timeout_total"
    async with LinkProbe("syncd/test", ProbeLimits(pause_s=0.0, total_s=2.0)) as public_only:
        refused = await public_only.look(f"http://127.0.0.1:{server.port}/x")
        broken = await public_only.look("ftp://stadt.example/x")
    assert refused.code == "address_refused"
    assert broken.code == "bad_url"


async def test_robots_that_cannot_be_read_let_nobody_in() -> None:
    async with FaultServer(site({"/robots.txt": b"", "/x": response(FORM, HTML)})) as server:
        (facts,) = await look(server, "/x")
        assert facts.page is not None, "no robots.txt: everybody may look"

    async def broken(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", status="503 Unavailable"))
        await writer.drain()

    async with FaultServer(broken) as server:
        (facts,) = await look(server, "/x")
        assert facts.code == "robots_excluded"
        assert asked(server) == ["/robots.txt"]


async def test_an_endless_page_is_read_to_the_limit() -> None:
    async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", HTML, framed=False) + b"<title>Formular</title><input name=a>")
        while True:
            writer.write(b"<p>" * 10_000)
            await writer.drain()

    async with FaultServer(site({"/e": endless}, b"User-agent: *\nAllow: /\n")) as server:
        (facts,) = await look(server, "/e")
    assert facts.page is not None
    assert (facts.page.title, facts.page.cut) == ("formular", True)


async def test_one_host_is_asked_with_a_pause() -> None:
    slow = ProbeLimits(pause_s=0.2, allow_private=True, total_s=5.0)
    async with FaultServer(site({"/1": response(FORM, HTML), "/2": response(FORM, HTML)})) as server:
        began = time.monotonic()
        await look(server, "/1", "/2", limits=slow)
        assert time.monotonic() - began >= 0.2


def publish_links(miniature: Miniature, base: str, kinds: dict[str, ChannelKind]) -> None:
    claims = [
        claim("grossstadt", f"G{n}", KEYS[n], GROSSSTADT, Channel(kind, f"{base}{path}"))
        for n, (path, kind) in enumerate(kinds.items())
    ]
    miniature.say("grossstadt", claims)
    miniature.publish()


def evidence(miniature: Miniature, key: str) -> tuple[Evidence, str, bool]:
    release = miniature.store.current_release()
    assert release is not None
    (row,) = miniature.store.entries(release.number, service_key=key, area_codes=[GROSSSTADT])
    entry = decode_entry(row.payload)
    return entry.evidence, entry.channels[0][0].rule, entry.link_dead


async def test_what_a_look_finds_stands_in_the_next_release(store: SqlStore, tmp_path: Path) -> None:
    clock = Clock()
    miniature = Miniature(store, tmp_path, make_registry(), clock)
    pages: dict[str, bytes | Script] = {
        "/form": response(FORM, HTML),
        "/doc": response(b"%PDF-1.7", "Content-Type: application/pdf"),
        "/termin": response(b"<h1>Terminvereinbarung</h1>", HTML),
    }
    online = ChannelKind.ONLINE_SERVICE
    async with FaultServer(site(pages)) as server:
        base = f"http://127.0.0.1:{server.port}"
        publish_links(miniature, base, {"/form": online, "/doc": online, "/termin": online, "/weg": online})
        async with LinkProbe("syncd/test", LIMITS) as probe:
            prober = Prober(store, clock, probe)
            assert sum((await prober.round(50)).values()) == 4
            assert await prober.round(50) == {}, "nothing is due again"
            miniature.publish()
            assert evidence(miniature, KEYS[0]) == (Evidence.ONLINE_SERVICE, "claim.online_service", False)
            assert evidence(miniature, KEYS[1]) == (Evidence.PDF_FORM, "probe.print_type", False)
            assert evidence(miniature, KEYS[2])[0] is Evidence.APPOINTMENT
            assert evidence(miniature, KEYS[3])[2] is False, "broken once is not dead"
            clock.forward(days=1, hours=4)
            await prober.round(50)
            assert asked(server).count("/weg") == 2
            assert asked(server).count("/doc") == 1, "what works is looked at weekly"
            before = store.current_release()
            miniature.publish()
            assert evidence(miniature, KEYS[3])[2] is True
            # The town corrects its links: the old ones are no longer looked at.
            publish_links(miniature, base, {"/form": online})
            clock.forward(days=40)
            await prober.take_stock()
            assert [row.subject for row in store.due_probes(LINK, now=clock(), limit=50)] == [f"{base}/form"]
    assert before is not None


async def test_links_shared_by_services_are_looked_at_once(store: SqlStore, tmp_path: Path) -> None:
    clock = Clock()
    miniature = Miniature(store, tmp_path, make_registry(), clock)
    async with FaultServer(site({"/one": response(b"%PDF", "Content-Type: application/pdf")})) as server:
        url = f"http://127.0.0.1:{server.port}/one"
        shared = Channel(ChannelKind.ONLINE_SERVICE, url)
        miniature.say(
            "grossstadt",
            [claim("grossstadt", f"G{n}", key, GROSSSTADT, shared) for n, key in enumerate(KEYS)],
        )
        miniature.publish()
        async with LinkProbe("syncd/test", LIMITS) as probe:
            await Prober(store, clock, probe).round(50)
        assert asked(server).count("/one") == 1
    _, dirty = store.dirty_keys(clock().date())
    assert set(KEYS) <= set(dirty)
    (row,) = store.probes(LINK)
    verdict = verdict_of(row)
    assert verdict is not None
    assert (verdict.target, verdict.state, row.state) == (TargetKind.PDF, LinkState.OK, "ok")
    assert store.probe_counts(LINK) == {"ok": 1}
    assert row.due_at - clock() > timedelta(days=6)


def routing(answers: dict[str, int], *headers: str, status: str = "200 OK") -> Script:
    async def answer(head: str, writer: asyncio.StreamWriter) -> None:
        query = head.split(" ")[1].partition("?")[2]
        key = dict(pair.split("=") for pair in query.split("&"))["leikaKey"]
        count = answers.get(key, 0)
        body = json.dumps({"count": count, "totalCount": count, "offset": 0, "routes": []}).encode()
        writer.write(response(body, "Content-Type: application/json", *headers, status=status))
        await writer.drain()

    return answer


async def test_a_delivery_route_proves_the_way_to_its_end(store: SqlStore, tmp_path: Path) -> None:
    clock = Clock()
    miniature = Miniature(store, tmp_path, make_registry(), clock)
    publish_links(
        miniature,
        "https://portal.example",
        {"/a": ChannelKind.ONLINE_SERVICE, "/b": ChannelKind.ONLINE_SERVICE, "/c": ChannelKind.PDF},
    )
    async with FaultServer(routing({KEYS[0]: 2})) as server:
        async with RoutingProbe(f"http://127.0.0.1:{server.port}/v2", "syncd/test", LIMITS) as asker:
            found = await Prober(store, clock, None, asker).round(50)
        assert found == {"route_found": 1, "route_none": 1}, "a print form is not asked about"
        assert all(path.startswith("/v2/routes?leikaKey=99") for path in asked(server))
    miniature.publish()
    assert evidence(miniature, KEYS[0])[:2] == (Evidence.END_TO_END, "probe.delivery_route")
    assert evidence(miniature, KEYS[1])[0] is Evidence.ONLINE_SERVICE
    assert {row.state for row in store.probes(ROUTE)} == {"found", "none"}


@pytest.mark.parametrize(
    "script",
    [
        routing({}, "RateLimit-Remaining: 0", "RateLimit-Reset: 30"),
        routing({}, "Retry-After: 30", status="429 Too Many Requests"),
        routing({}, "RateLimit-Reset: 30", status="429 Too Many Requests"),
    ],
)
async def test_the_routing_service_is_asked_no_more_when_it_says_so(
    script: Script, store: SqlStore, tmp_path: Path
) -> None:
    clock = Clock()
    miniature = Miniature(store, tmp_path, make_registry(), clock)
    publish_links(
        miniature, "https://portal.example", dict.fromkeys(["/a", "/b"], ChannelKind.ONLINE_SERVICE)
    )
    async with FaultServer(script) as server:
        async with RoutingProbe(f"http://127.0.0.1:{server.port}", "syncd/test", LIMITS) as asker:
            await Prober(store, clock, None, asker).round(50)
            assert asker.exhausted
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"count": true}', b"<html>", b'{"count": -1}', b'"x"', b"\xff"]
)
async def test_an_answer_that_is_none_proves_nothing(body: bytes) -> None:
    async with (
        FaultServer(response(body, "Content-Type: application/json")) as server,
        RoutingProbe(f"http://127.0.0.1:{server.port}", "syncd/test", LIMITS) as asker,
    ):
        assert await asker.routes(KEYS[0], GROSSSTADT) is None
