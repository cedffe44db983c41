"""What all tables of a profile share: unknown keys are refused, pointers and patterns are read.

Must not know what a profile means.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from connectors.generic.patterns import read_pattern
from connectors.generic.pointers import read_pointer
from connectors.generic.templates import names_in


class Table(BaseModel):
    """A table of a profile."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def _pointer(text: str) -> str:
    read_pointer(text)
    return text


def _pattern(text: str) -> str:
    read_pattern(text)
    return text


def _template(text: str) -> str:
    names_in(text)
    return text


def _below(text: str) -> str:
    if "://" in text or ".." in text.split("/"):
        raise ValueError(f"{text!r}: a path is relative and stays below base_url")
    return _template(text)


def _as_list(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return [value] if isinstance(value, str) else value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
PointerText = Annotated[str, AfterValidator(_pointer)]
PatternText = Annotated[str, AfterValidator(_pattern)]
TemplateText = Annotated[str, AfterValidator(_template)]
RelativePath = Annotated[
    str, StringConstraints(pattern=r"^[^/\s?#][^\s#]*$|^$", max_length=1_000), AfterValidator(_below)
]
Pointers = Annotated[
    list[PointerText], BeforeValidator(_as_list, json_schema_input_type=PointerText | list[PointerText])
]
Texts = Annotated[list[str], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
Key = Annotated[
    list[Pointers], BeforeValidator(_as_list, json_schema_input_type=PointerText | list[Pointers])
]
"""Parts of a key; a part may be a list of places, of which the first that holds something counts."""
