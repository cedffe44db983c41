"""JSON Schemas of the configuration files, generated from the types that validate them, for editors.

The first line of each file (``#:schema …``) points an editor at one of these. This module must not validate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from syncd.sdk.connector import ConnectorSpec
from syncd.settings.aliases_file import AliasesFile
from syncd.settings.cases_file import CasesFile
from syncd.settings.daemon_file import DaemonFile
from syncd.settings.decision_files import DecisionLine
from syncd.settings.obligation_file import ObligationFile
from syncd.settings.source_file import SourceFile

FOLDER = "schema"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(connectors: Mapping[str, ConnectorSpec]) -> dict[str, bytes]:
    """Return the schema files by name. ``connectors`` are those whose settings editors should know."""
    return {
        "syncd.json": _file(_one(DaemonFile)),
        "source.json": _file(_source(connectors)),
        "obligation.json": _file(_one(ObligationFile)),
        "decision.json": _file(_one(DecisionLine)),
        "cases.json": _file(_one(CasesFile)),
        "area-aliases.json": _file(_one(AliasesFile)),
    }


def stale_schemas(directory: Path, connectors: Mapping[str, ConnectorSpec]) -> list[str]:
    """Return the names of the schema files in a configuration directory that are absent or outdated."""
    folder = directory / FOLDER
    return [
        name
        for name, body in schemas(connectors).items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != body
    ]


def _source(connectors: Mapping[str, ConnectorSpec]) -> dict[str, Any]:
    """One schema for all source files: the connector's name decides which settings are known."""
    names = sorted(connectors)
    types: list[type[BaseModel]] = [SourceFile, *(connectors[name].settings_type for name in names)]
    keys, whole = models_json_schema([(model, "validation") for model in types])
    definitions = whole["$defs"]
    own = definitions.pop(keys[SourceFile, "validation"]["$ref"].rpartition("/")[2])
    own["properties"]["connector"] = {"enum": names, "title": "Connector"}
    own["oneOf"] = [
        {
            "properties": {
                "connector": {"const": name},
                "settings": keys[connectors[name].settings_type, "validation"],
            }
        }
        for name in names
    ]
    return {**own, "$defs": definitions}


def _one(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _file(schema: dict[str, Any]) -> bytes:
    # Editors read the directive "#:schema" as a comment, so the schema itself needs no key for it.
    text = json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode()
