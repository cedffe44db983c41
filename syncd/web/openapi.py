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
from syncd.web.parameters import AsOf
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
    "decisions": "What operators decide, and what waits for them.",
    "operation": "For those who run the service.",
}
_ABOUT: Final = """\
One unified catalogue of German public services, and where coverage is missing and why.

Everything but sources and runs is read from one immutable, numbered *release*: the current one, or any other
through `release` or `at`. Listings are paged by an opaque cursor that is bound to its release, so that pages
never mix releases. Validators are strong: send `If-None-Match` and an unchanged answer costs nothing. Errors
are problem documents (RFC 9457) with a stable `code` and what to do. Instants are UTC.

Reading needs no login. Deciding needs the token of an operator (`Authorization: Bearer`), is recorded for
good with name, reason and instant, and takes effect with the next release.

The evidence ladder is ours and no official Reifegrad. Population and area register: Statistisches Bundesamt
(Destatis), GV-ISys."""
_OPERATOR: Final = "operator"
_REFUSALS: Final = {
    "BadRequest": "400",
    "Unauthorised": "401",
    "WritesOff": "403",
    "NotFound": "404",
    "Slow": "408",
    "TooLarge": "413",
    "NotJson": "415",
    "TooMany": "429",
    "Internal": "500",
    "Unavailable": "503",
}
"""What a write may be answered with; name in the document → status."""
_HEADERS: Final = {
    "ETag": ("Strong validator of the answer.", {"type": "string"}),
    "Cache-Control": ("`no-cache`, or a long life where the release is named.", {"type": "string"}),
    "Vary": ("The packed form is another representation.", {"type": "string"}),
    "Syncd-Release": ("Number of the release that was read.", {"type": "string"}),
    "Link": ("Address of the next page (`rel=next`).", {"type": "string"}),
    "Retry-After": ("Seconds after which trying again makes sense.", {"type": "string"}),
    "Location": ("Where what was written can be read.", {"type": "string"}),
    "WWW-Authenticate": ("How to authenticate.", {"type": "string"}),
    "X-Request-Id": ("Id of this request; the log has the same.", {"type": "string"}),
}


def openapi_document(routes: Sequence[Route], deps: WebDeps) -> bytes:
    """Return the document as JSON."""
    models = _models(routes)
    bodies = [route.body for route in routes if route.body is not None]
    names, definitions = models_json_schema(
        [
            *((model, "serialization") for model in models),
            *((model, "validation") for model in dict.fromkeys(bodies)),
        ],
        ref_template=_TEMPLATE,
    )
    references = {model: names[model, "serialization"] for model in models}
    references |= {model: names[model, "validation"] for model in bodies}
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=_by_path):
        paths.setdefault(route.path, {})[route.method] = _operation(route, references)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": deps.title,
            "version": deps.version,
            "description": _ABOUT,
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "headers": {
                name: {"description": text, "schema": schema} for name, (text, schema) in _HEADERS.items()
            },
            "responses": _problems(references[Problem]),
            "securitySchemes": {
                _OPERATOR: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Token of an operator named in the configuration.",
                }
            },
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
    if route.calculate is not None and route.body is not None:
        return _calculating(route, route.body, references)
    if route.body is not None:
        return _writing(route, route.body, references)
    responses: dict[str, Any] = {"200": _success(route, references)}
    if route.names_people:
        responses |= _refusals("Unauthorised", "WritesOff", "TooMany")
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
    operation = _described(route, responses)
    if route.names_people:
        # Both ways are right; with a token the answer also says who decided.
        operation["security"] = [{}, {_OPERATOR: []}]
    return operation


def _writing(
    route: Route, body: type[BaseModel], references: Mapping[type[BaseModel], Any]
) -> dict[str, Any]:
    created = {
        "description": "Written; it takes effect with the next release.",
        "headers": _headers("X-Request-Id", "Cache-Control", "Vary", "Location"),
        "content": {JSON: {"schema": references[route.document] if route.document else {}}},
    }
    operation = _described(route, {"201": created, **_refusals(*_REFUSALS)})
    operation["security"] = [{_OPERATOR: []}]
    operation["requestBody"] = {"required": True, "content": {JSON: {"schema": references[body]}}}
    return operation


def _calculating(
    route: Route, body: type[BaseModel], references: Mapping[type[BaseModel], Any]
) -> dict[str, Any]:
    worked_out = {
        "description": "Worked out; nothing has been changed.",
        "headers": _headers("X-Request-Id", "Cache-Control", "Vary", "Syncd-Release"),
        "content": {JSON: {"schema": references[route.document] if route.document else {}}},
    }
    open_to_all = [name for name in _REFUSALS if name not in {"Unauthorised", "WritesOff", "TooMany"}]
    operation = _described(route, {"200": worked_out, **_refusals(*open_to_all)})
    operation["requestBody"] = {"required": True, "content": {JSON: {"schema": references[body]}}}
    return operation


def _described(route: Route, responses: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "tags": [route.tag],
        "summary": route.summary,
        "responses": responses,
    }
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    return operation


def _refusals(*names: str) -> dict[str, Any]:
    return {_REFUSALS[name]: {"$ref": f"#/components/responses/{name}"} for name in names}


def _success(route: Route, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control", "Vary"]
    if route.path.startswith("/v1/"):
        names.append("ETag")
    if route.binding is Binding.RELEASE or issubclass(route.parameters, AsOf):
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
        "content": {
            route.media_type: {"schema": schema},
            **{media: {"schema": {"type": "string"}} for media in route.also},
        },
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


_MORE_HEADERS: Final = {
    "Unavailable": ("Retry-After",),
    "TooMany": ("Retry-After",),
    "Unauthorised": ("WWW-Authenticate",),
}


def _problems(problem: Mapping[str, Any]) -> dict[str, Any]:
    texts = {
        "BadRequest": "A parameter or field is wrong, unknown or repeated, or a cursor does not fit.",
        "Unauthorised": "There is no token, or it is that of no operator.",
        "WritesOff": "The configuration names no operator.",
        "NotFound": "A named thing does not exist.",
        "Slow": "The body did not arrive in time.",
        "TooLarge": "The body is too large.",
        "NotJson": "The body is no plain JSON.",
        "TooMany": "Too many decisions, or wrong tokens, within a minute.",
        "Internal": "A defect of this service; report it with the id.",
        "Unavailable": "The database does not answer, or nothing has been published yet.",
    }
    found: dict[str, Any] = {}
    for name, text in texts.items():
        headers = ["X-Request-Id", *_MORE_HEADERS.get(name, ())]
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
