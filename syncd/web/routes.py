"""The table of routes: what each answers, from which state, and in which words the OpenAPI document says so.

A route is a plain function that reads in a thread and returns a prepared reply. Everything about HTTP is done
around it, the same for all (:mod:`syncd.web.app`). This module must not know what the routes do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

from syncd.web.answers import JSON
from syncd.web.paging import Paging, Reply
from syncd.web.parameters import Parameters

if TYPE_CHECKING:
    from pydantic import BaseModel

Work = Callable[[Any, Any, Paging], Reply]
"""``work(view or ask, parameters, paging)``; runs in a thread."""

Write = Callable[[Any, Any, Any], Any]
"""``write(desk, parameters, body)``, of :mod:`syncd.web.writing`; runs in a thread."""

Calculate = Callable[[Any, Any, Paging], Reply]
"""``calculate(view, body, paging)``; runs in a thread and changes nothing."""


class Binding(Enum):
    """What an answer depends on."""

    RELEASE = "release"
    """On one release: the work gets a :class:`~syncd.pipeline.ask.ReleaseView`."""
    NOW = "now"
    """On the present state of sources and runs: the work gets :class:`~syncd.pipeline.ask.Ask`."""
    SPECIAL = "special"
    """Answered by a handler of its own; the table only describes it."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route. ``missing`` tells that a named thing may not exist (404); a named release always may."""

    path: str
    operation: str
    tag: str
    summary: str
    binding: Binding
    parameters: type[Parameters] = Parameters
    document: type[BaseModel] | None = None
    work: Work | None = None
    missing: bool = False
    configured: bool = False
    """True when the answer also depends on the configuration, so that even a named release may change it."""
    media_type: str = JSON
    also: tuple[str, ...] = ()
    """Further forms of the same answer."""
    unavailable: type[BaseModel] | None = None
    """Document of the 503, where it is none of a problem."""
    names_people: bool = False
    """True when who decided is told, to operators only: then the answer also depends on who asks."""
    write: Write | None = None
    """What a POST does; a route with it has no ``work``."""
    body: type[BaseModel] | None = None
    """Document a POST takes."""
    in_turn: bool = False
    """True for a whole answer that may take seconds: such are worked out one at a time."""
    calculate: Calculate | None = None
    """What a POST works out without changing anything; open to all like reading."""

    @property
    def method(self) -> str:
        """``get`` (which includes HEAD) or ``post``."""
        return "get" if self.body is None else "post"

    @property
    def path_names(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


class _WithBody(TypedDict):
    """How a route that takes a body is described."""

    tag: str
    summary: str
    body: type[BaseModel]
    document: Any
    parameters: NotRequired[type[Parameters]]


@dataclass(slots=True)
class Table:
    """Collects routes by decorator, in order."""

    routes: list[Route] = field(default_factory=list)

    def get(  # noqa: PLR0913 - a route has all of these
        self,
        path: str,
        *,
        tag: str,
        summary: str,
        binding: Binding,
        document: Any,  # noqa: ANN401 - a parametrised generic model is no type to the type checker
        parameters: type[Parameters] = Parameters,
        missing: bool = False,
        configured: bool = False,
        names_people: bool = False,
        in_turn: bool = False,
    ) -> Callable[[Work], Work]:
        """Add a route for the decorated function; its name becomes the id of the operation."""

        def add(work: Work) -> Work:
            self.describe(
                Route(
                    path=path,
                    operation=work.__name__,
                    tag=tag,
                    summary=summary,
                    binding=binding,
                    parameters=parameters,
                    document=document,
                    work=work,
                    missing=missing,
                    configured=configured,
                    names_people=names_people,
                    in_turn=in_turn,
                )
            )
            return work

        return add

    def post(self, path: str, **described: Unpack[_WithBody]) -> Callable[[Write], Write]:
        """Add a route that writes; only operators get through to the decorated function."""

        def add(write: Write) -> Write:
            self.describe(
                Route(
                    path,
                    write.__name__,
                    binding=Binding.NOW,
                    missing=True,
                    names_people=True,
                    write=write,
                    **described,
                )
            )
            return write

        return add

    def calculate(self, path: str, **described: Unpack[_WithBody]) -> Callable[[Calculate], Calculate]:
        """Add a question that needs a body; it is answered from a release and changes nothing."""

        def add(calculate: Calculate) -> Calculate:
            self.describe(
                Route(
                    path,
                    calculate.__name__,
                    binding=Binding.RELEASE,
                    missing=True,
                    calculate=calculate,
                    **described,
                )
            )
            return calculate

        return add

    def describe(self, route: Route) -> None:
        """Add a route that has a handler of its own."""
        self.routes.append(route)
