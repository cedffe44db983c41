"""Which members of an item a profile knows, and which it has to admit that it does not.

Why: a portal's new field must surface; a profile that silently drops half of an item looks complete. Known is
what some pointer of the profile leads to or through. Must not know records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.generic.pointers import read_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEPTH_LIMIT = 30
PATH_LIMIT = 200


@dataclass(slots=True)
class _Node:
    """A place in an item: what may come below, whether a text is read here, whether all below is known."""

    below: dict[str, _Node] = field(default_factory=dict)
    is_text: bool = False
    is_whole: bool = False

    def at(self, name: str) -> _Node:
        return self.below.setdefault(name, _Node())


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names a profile knows, as a tree."""

    root: _Node
    unwrap: frozenset[str]

    @classmethod
    def of(cls, profile: Mapping[str, Any], unwrap: tuple[str, ...]) -> KnownNames:
        """Collect every pointer into items from the tables of a profile."""
        root = _Node()
        for text in _texts_in(profile):
            for place in _add(root, text):
                place.is_text = True
        for text in profile["select"]["ignore"]:
            for place in _add(root, text):
                place.is_whole = True
        for channel in profile["map"]["channel"]:
            _add_channel(root, channel)
        for one in profile["select"]["lookup"]:
            # Names inside such a list have become members; unlisted ones show as unknown below it.
            root.at(one["list"])
        for stream in profile["stream"]:
            if stream["into"]:
                root.at(stream["into"])
        return cls(root, frozenset(unwrap))

    def unknown(self, item: Mapping[str, Any], found: Callable[[str, object], None]) -> None:
        """Call ``found`` with path and value of every member no pointer leads to or through."""
        self._walk(item, self.root, "", found, 0)

    def _walk(
        self, value: object, node: _Node, path: str, found: Callable[[str, object], None], depth: int
    ) -> None:
        if node.is_whole or depth > DEPTH_LIMIT:
            return
        if isinstance(value, list):
            for one in value:
                self._walk(one, node, path, found, depth + 1)
            return
        if not isinstance(value, dict):
            if not node.is_text and value not in (None, "", False):
                found(path, value)
            return
        if node.is_text and (not node.below or self.unwrap & value.keys()):
            if value and not self.unwrap & value.keys():
                found(f"{path}/*"[:PATH_LIMIT], value)
            return
        for name, inner in value.items():
            below = node.below.get(name) or node.below.get("*")
            where = f"{path}/{name}" if path else name
            if below is None:
                found(where[:PATH_LIMIT], inner)
            else:
                self._walk(inner, below, where, found, depth + 1)


def _add(node: _Node, text: str) -> list[_Node]:
    """Put a pointer into the tree and return where it ends; facts of the run end nowhere."""
    pointer = read_pointer(text)
    if pointer.fact:
        return []
    nodes = [node]
    for step in pointer.steps:
        if step.is_any:
            # Elements of a list stand at its own place, values of an object one below.
            nodes = [*nodes, *(one.at("*") for one in nodes)]
        elif step.index is None:
            nodes = [one.at(step.name) for one in nodes]
        for condition in step.conditions:
            for one in nodes:
                one.at(condition.name).is_text = True
    return nodes


def _add_channel(root: _Node, channel: Mapping[str, Any]) -> None:
    for start in _add(root, channel["each"]):
        for text in _texts_in_channel(channel):
            for place in _add(start, text):
                place.is_text = True


def _texts_in(profile: Mapping[str, Any]) -> Iterator[str]:
    select, mapping = profile["select"], profile["map"]
    within = "rows/" if select["duplicates"] == "group" else ""
    yield from (_below(within, key) for part in select["key"] for key in part)
    yield from select["version"] or ()
    yield from select["volatile"]
    for name, table in mapping.items():
        if name == "facts":
            for rule in table.values():
                yield from _texts_in_rule(rule)
        elif name != "channel" and table is not None:
            yield from _texts_in_rule(table)
    for table in [*profile["assert"], *([profile["delete"]["flag"]] if profile["delete"]["flag"] else [])]:
        yield from _texts_in_rule(table)
    for stream in profile["stream"]:
        if stream["role"] == "records":
            yield from (stream["since"] or {}).get("stamp", ())
            yield from ((stream["detail"] or {}).get("fields") or {}).values()
        yield from stream["refers"] or ()
        for part in stream["key"] or ():
            # An attached item shows its key below the name it is put under.
            yield from (_below(f"{stream['into']}/" if stream["into"] else "", key) for key in part)


def _below(prefix: str, pointer: str) -> str:
    return pointer if pointer.startswith(("$", ".")) else prefix + pointer


def _texts_in_channel(channel: Mapping[str, Any]) -> Iterator[str]:
    for name in ("kind_from", "url", "label", "native_id", "state", "when"):
        if channel[name]:
            yield from _texts_in_rule(channel[name])


def _texts_in_rule(rule: Mapping[str, Any]) -> Iterator[str]:
    yield from rule.get("path") or ()
    for paths in (rule.get("fields") or {}).values():
        yield from paths
