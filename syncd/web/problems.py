"""Errors as problem documents (RFC 9457): a stable code, what is wrong, what to do, and an id to ask about.

Nothing of the inside shows: no traceback, no path, no statement. What happened stands in the log under the
same id.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field

from syncd.errors import ConfigError, NotFound, StorageError, SyncdError
from syncd.rules.fault_words import fault_words
from syncd.web.answers import PRIVATE, PROBLEM, Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

RETRY_SECONDS: Final = {"busy": 2, "no_release": 10, "too_many_requests": 60}
_RETRY_SECONDS: Final = 5

_FIXES: Final = {
    "unknown_area": "Use an ARS or AGS, or search with /v1/areas?q=TEXT.",
    "unknown_service": "Search with /v1/services?q=TEXT.",
    "unknown_source": "List the sources with /v1/sources.",
    "unknown_cohort": "List the cohorts with /v1/cohorts.",
    "unknown_obligation": "The obligations of a release stand in /v1/releases/current.",
    "no_release": "Give a later day, or try again when the first run has ended; /health/ready tells when.",
    "not_found": "List the known ones first; /v1/openapi.json describes every address.",
    "bad_cursor": "Follow `next` of the previous page, or start again without a cursor.",
}


class Finding(BaseModel):
    """What is wrong with one parameter."""

    parameter: str = Field(
        description="Name of the parameter, or of the field in the body; empty when several contradict."
    )
    message: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(description="Always about:blank; `code` tells problems apart.")
    title: str = Field(description="Short name of the code, in the language of the request.")
    status: int
    code: str = Field(description="Stable code of the problem.")
    detail: str = Field(description="What is wrong with this request.")
    fix: str = Field(description="What to do about it, in the language of the request.")
    instance: str = Field(description="Id of this occurrence; the log has the same.")
    errors: list[Finding] = Field(description="One entry per wrong parameter; empty for other problems.")


class BadRequest(SyncdError):
    """The request asks for something that cannot be asked."""

    code = "bad_parameter"
    default_fix = "Correct the named parameters; /v1/openapi.json describes all of them."

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take one finding per wrong parameter."""
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{f.parameter} {f.message}".strip() for f in findings))


class RequestTooLarge(SyncdError):
    """The request carries a larger body than anything here reads."""

    code = "request_too_large"
    default_fix = "Reading needs no body; a decision fits into a few lines."


class NoSuchPage(NotFound):
    """No route leads there."""

    code = "no_such_page"
    default_fix = "The addresses are described in /v1/openapi.json."


class MethodNotAllowed(SyncdError):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    default_fix = "Use one of the possible methods; /v1/openapi.json describes every address."


class WritesOff(SyncdError):
    """Nobody may decide through this service."""

    code = "writes_off"
    default_fix = (
        "Name an operator with a token in [[web.operator]] of syncd.toml, or decide with 'syncd judge'."
    )


class NotAuthorised(SyncdError):
    """The request carries no token, or none that an operator has."""

    code = "not_authorised"
    default_fix = "Send 'Authorization: Bearer TOKEN' with the token of an operator in [[web.operator]]."


class TooManyRequests(SyncdError):
    """More decisions, or more wrong tokens, than anybody needs."""

    code = "too_many_requests"
    default_fix = "Try again in a minute."


class NotJson(SyncdError):
    """The body is of another type than JSON, or packed."""

    code = "body_not_json"
    default_fix = "Send plain JSON with 'Content-Type: application/json'."


class RequestSlow(SyncdError):
    """The body did not arrive in time."""

    code = "request_slow"
    default_fix = "Send the request again, in one piece."


def status_of(error: BaseException) -> HTTPStatus:
    """Return the status an error is answered with; what nobody expected is a 500."""
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: BaseException, request_id: str, language: str = "en") -> Problem:
    """Return the document of an error; ``detail`` is particular to the case and stays English."""
    status = status_of(error)
    if not isinstance(error, SyncdError) or status is HTTPStatus.INTERNAL_SERVER_ERROR:
        code, fix = "internal", "Try again; if it stays, report it with the id of this occurrence."
        detail = "The request failed because of a defect of this service."
    elif isinstance(error, StorageError) and error.code not in RETRY_SECONDS:
        code, fix = error.code, "Try again in a few seconds; the data is safe."
        detail = "The database does not answer."
    else:
        code, detail = error.code, error.message
        fix = _FIXES.get(code, error.fix)
    words = fault_words(code, language)
    if words and language != "en":
        fix = words.fix or fix
    return Problem(
        type="about:blank",
        title=words.title if words else status.phrase,
        status=status.value,
        code=code,
        detail=detail,
        fix=fix,
        instance=instance_of(request_id),
        errors=list(error.findings) if isinstance(error, BadRequest) else [],
    )


def problem_answer(error: BaseException, request_id: str, language: str = "en") -> Answer:
    """Return the answer to an error as a problem document."""
    problem = problem_of(error, request_id, language)
    return Answer(
        problem.model_dump_json().encode(),
        media_type=PROBLEM,
        status=problem.status,
        cache_control=PRIVATE,
        headers={
            **retry_headers(problem),
            **(_CHALLENGE if problem.status == HTTPStatus.UNAUTHORIZED else {}),
            "Content-Language": language,
            "Vary": "Accept-Encoding, Accept-Language",
        },
    )


def language_of(asked: str | None, accepted: str) -> str:
    """Return the language of a problem: what ``lang`` asks for, else the first one the client accepts.

    Weights are not compared, because clients list languages in the order of preference.
    """
    first = asked or accepted.partition(",")[0].partition(";")[0].strip()
    return "de" if first.lower().partition("-")[0] == "de" else "en"


def retry_headers(problem: Problem) -> dict[str, str]:
    """Return when to try again, where trying again helps."""
    if problem.status not in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        return {}
    return {"Retry-After": str(RETRY_SECONDS.get(problem.code, _RETRY_SECONDS))}


def instance_of(request_id: str) -> str:
    """Return the URI of an occurrence (RFC 9562: a UUID as URN)."""
    return f"urn:uuid:{request_id}"


_STATUS: Final = {
    BadRequest: HTTPStatus.BAD_REQUEST,
    ConfigError: HTTPStatus.BAD_REQUEST,
    RequestTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    WritesOff: HTTPStatus.FORBIDDEN,
    NotAuthorised: HTTPStatus.UNAUTHORIZED,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    NotJson: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RequestSlow: HTTPStatus.REQUEST_TIMEOUT,
    NotFound: HTTPStatus.NOT_FOUND,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="syncd"'}
"""RFC 9110, 11.6.1 and RFC 6750, 3: a 401 says how to authenticate."""
