"""Decisions made up from the description and beside it: no failure, nothing half-written, all on record."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from syncd.storage import SqlStore, open_store
from syncd.web import gate
from tests.support import miniature as mini
from tests.support.deciding import CONFLICT, contradicted
from tests.support.served import Served, served

TOKEN, NAME = "a" * 40, "Anna Beispiel"
EXAMPLES = 25
REFUSALS = {400, 404, 413, 415}
WORDS = st.sampled_from(
    [
        mini.OWN_FORM,
        mini.GROSSSTADT,
        "title",
        "authority",
        "bund",
        "grossstadt",
        "Standesamt",
        "Bürgeramt",
        "record:bund/B9",
        f"service:{mini.TO_PRINT}",
        "same",
        "unsure",
        "2027-06-30",
        "weil",
        "' OR 1=1 --",
        "../../etc/passwd",
        "\u202eabc",
        "0" * 400,
    ]
)
VALUES = st.one_of(
    WORDS, st.text(max_size=40), st.none(), st.booleans(), st.integers(), st.lists(WORDS, max_size=2)
)
FIELDS = st.sampled_from(
    ["one", "other", "answer", "reason", "source", "value", "both", "until", "service", "area", "field", "by"]
)
PATHS = st.sampled_from(
    [
        "/v1/judgements",
        "/v1/pins",
        f"/v1/conflicts/{quote(CONFLICT, safe='')}/decision",
        f"/v1/judgements/{'0' * 32}/undo",
    ]
)
NEARLY = {
    "/v1/judgements": {
        "one": "record:bund/B9",
        "other": f"service:{mini.TO_PRINT}",
        "answer": "same",
        "reason": "x",
    },
    "/v1/pins": {
        "service": mini.OWN_FORM,
        "area": mini.GROSSSTADT,
        "field": "title",
        "value": "Wohnsitz",
        "reason": "x",
        "until": "2027-06-30",
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("write-fuzz")
    with pytest.MonkeyPatch.context() as patch, open_store(f"sqlite:///{folder / 'syncd.sqlite'}") as store:
        patch.setattr(gate, "WRITES_PER_MINUTE", 1_000_000)
        patch.setattr(gate, "WRONG_PER_MINUTE", 1_000_000)
        miniature = contradicted(store, folder)
        operators = {NAME: hashlib.sha256(TOKEN.encode()).digest()}
        with served(miniature, operators=lambda: operators) as running:
            yield running


@pytest.fixture
def store(server: Served) -> SqlStore:
    found = server.miniature.store
    assert isinstance(found, SqlStore)
    return found


def post(url: str, body: bytes, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - the same
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.mark.fault("A1", "A6", "A13")
def test_whatever_is_sent_is_refused_or_stands_whole_in_the_log(server: Served, store: SqlStore) -> None:
    written = 0

    @settings(
        max_examples=10 * EXAMPLES, suppress_health_check=list(HealthCheck), database=None, deadline=None
    )
    @given(path=PATHS, changes=st.dictionaries(FIELDS, VALUES, max_size=3), drop=st.sets(FIELDS, max_size=1))
    def check(path: str, changes: dict[str, Any], drop: set[str]) -> None:
        nonlocal written
        body: dict[str, Any] = {**NEARLY.get(path, {"reason": "x"}), **changes}
        raw = json.dumps({name: value for name, value in body.items() if name not in drop}).encode()
        before = len(store.judgements())
        status, answer = post(server.url + path, raw)
        after = store.judgements()
        assert status in REFUSALS | {201}, answer
        assert len(after) == before + (status == 201)
        if status == 201:
            written += 1
            _, kept = after[-1]
            assert kept.uid == answer["judgement"]["uid"]
            assert kept.decided_by == NAME
            assert kept.reason.strip()
            assert kept.decided_at.utcoffset() is not None
        else:
            assert answer["code"]
            assert answer["fix"]

    check()
    assert written > 0


@pytest.mark.fault("A1")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_answers_to_decisions_fit_their_description(
    server: Served, store: SqlStore, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/v1/openapi.json")
    tried = 0
    for found in schema.include(method="POST", tag="decisions").get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None, deadline=None
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case[Any]) -> None:
            nonlocal tried
            tried += 1
            before = len(store.judgements())
            response = case.call(headers={**dict(case.headers or {}), "Authorization": f"Bearer {TOKEN}"})
            # A body that is too large is refused before anybody looks at what is in it.
            excluded = [positive_data_acceptance, *_auth_checks()]
            excluded += [negative_data_rejection] if response.status_code == 413 else []
            case.validate_response(response, excluded_checks=excluded)
            assert len(store.judgements()) == before + (response.status_code == 201)

        check()
    assert tried > EXAMPLES


def _auth_checks() -> list[Any]:
    """The token is added by hand here; that it is needed is tested beside this."""
    from schemathesis.specs.openapi.checks import ignored_auth  # noqa: PLC0415 - only here

    return [ignored_auth]


@pytest.mark.fault("A6", "A9", "A10")
def test_wrong_tokens_write_nothing_whatever_they_are(server: Served, store: SqlStore) -> None:
    before = len(store.judgements())
    raw = json.dumps(NEARLY["/v1/pins"]).encode()

    @settings(
        max_examples=2 * EXAMPLES, suppress_health_check=list(HealthCheck), database=None, deadline=None
    )
    @given(token=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
    def check(token: str) -> None:
        status, answer = post(f"{server.url}/v1/pins", raw, token)
        assert (status, answer["code"]) == (401, "not_authorised")

    check()
    assert len(store.judgements()) == before


@pytest.mark.fault("A1")
def test_bodies_of_bytes_are_refused(server: Served, store: SqlStore) -> None:
    before = len(store.judgements())

    @settings(
        max_examples=2 * EXAMPLES, suppress_health_check=list(HealthCheck), database=None, deadline=None
    )
    @given(path=PATHS, body=st.binary(max_size=200))
    def check(path: str, body: bytes) -> None:
        status, _ = post(server.url + path, body)
        assert status in REFUSALS

    check()
    assert len(store.judgements()) == before
