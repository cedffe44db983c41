"""Requests made up from the description: no failure, no undocumented answer, no body off its schema."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.generation import GenerationMode

from syncd.storage import open_store
from tests.support import miniature as mini
from tests.support.miniature import stand_up
from tests.support.served import Served, ask, served

# What a schema cannot say: a cursor is made by an earlier answer, a day is in the calendar, one of two.
BEYOND_SCHEMAS = (
    "the cursor ",
    "at must be a day",
    "at Input",
    "give either release or at",
    "give either adoption or target",
    "there is no day",
)
EXAMPLES = 25
TOO_LONG_A_LINE = "Got more than 8190 bytes"
"""What the HTTP server itself says of an address no proxy would pass on either."""
NAUGHTY = [
    "' OR 1=1 --",
    '"; DROP TABLE release; --',
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "%s%s%n",
    "../../etc/passwd",
    "\u202eabc",
    "ﷺ" * 20,
    "\U0001d573\U0001d58a",
    "a\u0308\u0301" * 30,
    "(((((((((((a+)+)+)+)+$",
    "0" * 200,
    "-1",
    "NaN",
    "1e309",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with open_store(f"sqlite:///{folder / 'syncd.sqlite'}") as store:
        miniature = stand_up(store, folder)
        miniature.say("bund", mini.bund_claims()[:1])
        miniature.publish()
        with served(miniature) as running:
            yield running


@pytest.fixture(scope="module")
def api_schema(server: Served) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/v1/openapi.json")


@pytest.mark.fault("A1", "A5")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_answers_fit_their_description(api_schema: Any, mode: GenerationMode) -> None:
    """Every operation, with requests that fit the description and with requests that do not."""
    tried = 0
    for found in api_schema.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.path_parameters):
            continue

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case[Any]) -> None:
            nonlocal tried
            tried += 1
            response = case.call()
            if response.status_code == 400 and response.text.startswith(TOO_LONG_A_LINE):
                return
            # A body that is too large is refused before anybody looks at what is in it.
            excluded = [negative_data_rejection] if response.status_code == 413 else []
            case.validate_response(response, excluded_checks=[positive_data_acceptance, *excluded])
            if response.status_code == 400 and mode is GenerationMode.POSITIVE:
                assert response.json()["detail"].startswith(BEYOND_SCHEMAS), response.text

        check()
    assert tried > EXAMPLES


@pytest.mark.fault("A6")
@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_texts_are_inert(server: Served, text: str) -> None:
    """They are answered like any other unknown name, never run, never a failure."""
    places: list[tuple[str, dict[str, str]]] = [
        ("/v1/areas", {"q": text}),
        ("/v1/services", {"q": text}),
        ("/v1/gaps", {"area": text}),
        ("/v1/gaps", {"service": text}),
        ("/v1/gaps", {"obligation": text}),
        ("/v1/catalogue", {"service": text}),
        ("/v1/explain", {"service": text, "area": text}),
        ("/v1/runs", {"source": text}),
        ("/gaps", {"area": text, "service": text}),
        ("/explain", {"service": text, "area": text}),
        (f"/v1/services/{quote(text, safe='')}", {}),
        (f"/v1/areas/{quote(text, safe='')}/coverage", {}),
    ]
    for path, parameters in places:
        response = ask(server.url + path, parameters=parameters)
        assert response.status in {200, 400, 404}, (path, response.text)
        assert "Traceback" not in response.text
        if "html" in response.headers["Content-Type"]:
            assert "<script>alert" not in response.text
            assert (
                "49" not in response.text.partition("<main")[2].partition("<form")[0] or "{{7*7}}" not in text
            )


def test_many_at_once(server: Served) -> None:
    """Threads of clients with wild questions meet answers, and the server lives."""
    statuses: list[int] = []

    def work(number: int) -> None:
        for n in range(10):
            path = ["/v1/gaps", "/", "/v1/catalogue.ndjson", "/v1/nowhere"][(number + n) % 4]
            statuses.append(ask(server.url + path).status)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 120
    assert set(statuses) == {200, 404}
