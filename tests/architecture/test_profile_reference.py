"""The reference of profiles is that of the tables that validate them, and the schema knows what they know."""

from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest

from connectors.generic.shelf import FOLDER, shipped_names
from tests.support import profile_reference


def test_page_and_schema_are_those_of_the_tables() -> None:
    # To cure it: python -m tests.support.profile_reference
    assert profile_reference.PAGE.read_text(encoding="utf-8") == profile_reference.render()
    assert profile_reference.SCHEMA.read_text(encoding="utf-8") == profile_reference.schema()


@pytest.mark.parametrize("name", shipped_names())
def test_the_schema_takes_every_shipped_profile(name: str) -> None:
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    jsonschema.validate(table, json.loads(profile_reference.schema()))


def test_every_table_of_the_language_is_described() -> None:
    described = {model.__name__ for _, model in profile_reference.TABLES}
    assert set(json.loads(profile_reference.schema())["$defs"]) <= described
