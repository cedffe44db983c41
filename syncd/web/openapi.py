"""The OpenAPI 3.1 document, made from the table of routes and the models; nothing is written twice.

Every parameter, header and possible status is in it, so that a client can be generated and a fuzzer can tell
an undocumented answer from a documented one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic.json_schema import models_json_schema

from syncd.web.answers import JSON, PROBLEM
from syncd.web.problems import Problem
from syncd.web.routes import Binding, Route

if TYPE_CHECKING:
    from pydantic import BaseModel

    from syncd.web.deps import WebDeps

_TEMPLATE: Final = "#/components/schemas/{model}"
_TAGS: Final = {
    "sources": "Where the data comes from, how old it is and how the last runs ended.",
    "areas": "The area register and named groups of areas.",
    "services": "The service register.",
    "catalogue": "The merged catalogue.",
    "coverage": "What is there, what falls short, and why.",
    "releases": "Published states and their changes.",
    "operation": "For those who run the service.",
}
_ABOUT: Final = """\
One unified catalogue of German public services, and where coverage is missing and why.

Everything but sources and runs is read from one immutable, numbered *release*: the current one, or any other
through `release` or `at`. Listings are paged by an opaque cursor that is bound to its release, so that pages
never mix releases. Validators are strong: send `If-None-Match` and an unchanged answer costs nothing. Errors
are problem documents (RFC 9457) with a stable `code` and what to do. Instants are UTC.

The evidence ladder is ours and no official Reifegrad. Population and area register: Statistisches Bundesamt
(Destatis), GV-ISys."""
_HEADERS: Final = {
    "ETag": ("Strong validator of the answer.", {"type": "string"}),
    "Cache-Control": ("`no-cache`, or a long life where the release is named.", {"type": "string"}),
    "Vary": ("The packed form is another representation.", {"type": "string"}),
    "Syncd-Release": ("Number of the release that was read.", {"type": "string"}),
    "Link": ("Address of the next page (`rel=next`).", {"type": "string"}),
    "Retry-After": ("Seconds after which trying again makes sense.", {"type": "string"}),
    "X-Request-Id": ("Id of this request; the log has the same.", {"type": "string"}),
}


def openapi_document(routes: Sequence[Route], deps: WebDeps) -> bytes:
    """Return the document as JSON."""
    models = _models(routes)
    names, definitions = models_json_schema(
        [(model, "serialization") for model in models], ref_template=_TEMPLATE
    )
    references = {model: names[model, "serialization"] for model in models}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": deps.title,
            "version": deps.version,
            "description": _ABOUT,
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {
            route.path: {"get": _operation(route, references)} for route in sorted(routes, key=_by_path)
        },
        "components": {
            "schemas": definitions.get("$defs", {}),
            "headers": {
                name: {"description": text, "schema": schema} for name, (text, schema) in _HEADERS.items()
            },
            "responses": _problems(references[Problem]),
        },
    }
    return orjson.dumps(document)


def _by_path(route: Route) -> str:
    return route.path


def _models(routes: Sequence[Route]) -> list[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {Problem: None}
    for route in routes:
        for model in (route.document, route.unavailable):
            if model is not None:
                found[model] = None
    return list(found)


def _operation(route: Route, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": _success(route, references)}
    if route.binding is not Binding.SPECIAL or route.path.startswith("/v1/"):
        responses["304"] = {
            "description": "The client has this representation already.",
            "headers": _headers("ETag", "Cache-Control", "Vary", "X-Request-Id"),
        }
    responses["400"] = {"$ref": "#/components/responses/BadRequest"}
    if route.missing or route.binding is Binding.RELEASE:
        responses["404"] = {"$ref": "#/components/responses/NotFound"}
    responses["413"] = {"$ref": "#/components/responses/TooLarge"}
    responses["500"] = {"$ref": "#/components/responses/Internal"}
    responses["503"] = _unavailable(route, references)
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "tags": [route.tag],
        "summary": route.summary,
        "responses": responses,
    }
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    return operation


def _success(route: Route, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control", "Vary"]
    if route.path.startswith("/v1/"):
        names.append("ETag")
    if route.binding is Binding.RELEASE or route.operation == "export_catalogue":
        names.append("Syncd-Release")
    if "cursor" in route.parameters.model_fields:
        names.append("Link")
    schema: dict[str, Any] = {"type": "string"}
    if route.document is not None and route.media_type == JSON:
        schema = references[route.document]
    elif route.document is not None:
        name = references[route.document]["$ref"].rpartition("/")[2]
        schema = {"type": "string", "description": f"One {name} per line."}
    return {
        "description": route.summary,
        "headers": _headers(*names),
        "content": {route.media_type: {"schema": schema}},
    }


def _unavailable(route: Route, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    if route.unavailable is None:
        return {"$ref": "#/components/responses/Unavailable"}
    return {
        "description": "Not now; the body says why.",
        "headers": _headers("Retry-After", "X-Request-Id"),
        "content": {
            JSON: {"schema": references[route.unavailable]},
            PROBLEM: {"schema": references[Problem]},
        },
    }


def _problems(problem: Mapping[str, Any]) -> dict[str, Any]:
    texts = {
        "BadRequest": "A parameter is wrong, unknown or repeated, or a cursor does not fit.",
        "NotFound": "A named thing does not exist.",
        "TooLarge": "The request carries a body.",
        "Internal": "A defect of this service; report it with the id.",
        "Unavailable": "The database does not answer, or nothing has been published yet.",
    }
    found: dict[str, Any] = {}
    for name, text in texts.items():
        headers = ["X-Request-Id"] + (["Retry-After"] if name == "Unavailable" else [])
        found[name] = {
            "description": text,
            "headers": _headers(*headers),
            "content": {PROBLEM: {"schema": problem}},
        }
    return found


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _parameters(route: Route) -> list[dict[str, Any]]:
    schema = route.parameters.model_json_schema(mode="validation", ref_template=_TEMPLATE)
    found = []
    for name, shape in schema.get("properties", {}).items():
        plain = _plain(shape)
        description = plain.pop("description", "")
        in_path = name in route.path_names
        found.append(
            {
                "name": name,
                "in": "path" if in_path else "query",
                "required": in_path or name in schema.get("required", ()),
                "description": description,
                "schema": plain,
            }
        )
    return found


def _plain(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without titles and without null: a parameter is there or it is not."""
    plain = {key: value for key, value in shape.items() if key not in {"title", "default"}}
    if shape.get("default") is not None:
        plain["default"] = shape["default"]
    choices = [choice for choice in plain.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del plain["anyOf"]
        plain.update(choices[0])
    elif choices:
        plain["anyOf"] = choices
    return plain
