"""From an XZuFi document to the ledger: what is written, what is deleted, who is competent where.

Competences are by far the most objects (a federal stock has above eight million) and deletes of things that
were never seen come by the million, so both take the shortest way. Must not know: records.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import orjson

from syncd.sdk.records import Severity
from syncd.sdk.text import instant_or_none, text_or_none
from syncd.sdk.xml import XmlElement, read_records
from syncd.sdk.xzufi.names import (
    AUTHORITY,
    COMPETENCE,
    DELETED,
    FORM,
    KNOWN,
    MESSAGE,
    NAMESPACE,
    ONLINE_SERVICE,
    OWNERS,
    RESPONSIBLE,
    SERVICE,
    UNKNOWN_OWNER,
    VERSIONS,
    WRITTEN,
)
from syncd.sdk.xzufi.objects import body_of
from syncd.sdk.xzufi.values import areas, code, identity, whole_text

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.sdk.ledger import Ledger
    from syncd.sdk.parsing import ParseContext

ELEMENT_LIMIT = 200_000
"""Elements of one object: a Land's authority carries the competences of all its municipalities inside it."""

COUNTERS, EMBEDDED = "(counted)", "(embedded)"
"""Classes of the ledger beside those of XZuFi: what was counted, and the competences inside an authority."""
ORPHANS, DELETES = "orphan deletes", "deletes"

_RECORDS = frozenset(
    {"schreibe", "loesche", "nachrichtenkopf", "transaktionID", "transaktionPosition", *WRITTEN}
)
_LETTERS = {AUTHORITY: "O", ONLINE_SERVICE: "D", FORM: "F", UNKNOWN_OWNER: ""}


@dataclass(slots=True)
class Header:
    """What a document says of itself: when it was made, by whom, and its place in a transaction."""

    created_at: datetime | None = None
    sender: str = ""
    transaction: str = ""
    position: str = ""
    objects: int = 0
    deletes: int = 0


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> Header:
    """Take the objects of one document into the ledger and return what the document says of itself.

    Raises SourceFormatError for anything that is not well-formed XZuFi. An object without an id, or one
    beyond the limits, is reported (``xzufi_object_unusable``) and left out.
    """
    intake = _Intake(context, ledger)
    strays: dict[str, int] = {}
    for element in read_records(
        document,
        roots=None,
        records=_RECORDS,
        namespace_prefix=NAMESPACE,
        element_limit=ELEMENT_LIMIT,
        strays=strays,
    ):
        intake.take(element)
    for name, number in sorted(strays.items()):
        if name not in MESSAGE:
            for _ in range(number):
                context.unknown_field(f"message/{name}")
    intake.close()
    return intake.header


def take_counted(ledger: Ledger) -> Counter[str]:
    """Return what was counted since the last call, and forget it."""
    body = ledger.get(COUNTERS, COUNTERS)
    ledger.remove(COUNTERS, COUNTERS)
    return Counter(orjson.loads(body)) if body else Counter()


class _Intake:
    """One document on its way into the ledger."""

    def __init__(self, context: ParseContext, ledger: Ledger) -> None:
        self._context = context
        self._ledger = ledger
        self._counted: Counter[str] = Counter()
        self._namespaces: set[str] = set()
        self.header = Header()

    def take(self, element: XmlElement) -> None:
        """Take one element of the message."""
        match element.name:
            case "schreibe":
                self._written(element)
            case "loesche":
                self._deleted(element)
            case "nachrichtenkopf":
                self._head(element)
            case "transaktionID":
                self.header.transaction = element.text.strip()
            case "transaktionPosition":
                self.header.position = element.text.strip()
            case _:
                self._object(element)

    def close(self) -> None:
        """Hand over what was counted."""
        if self._counted:
            counted = take_counted(self._ledger) + self._counted
            self._ledger.put(COUNTERS, COUNTERS, orjson.dumps(counted))
        for namespace in sorted(self._namespaces):
            if not namespace.removeprefix(NAMESPACE).startswith(VERSIONS):
                self._context.issue(
                    "xzufi_unknown_version",
                    "The document is in a version of XZuFi this reader was not written for.",
                    value=namespace,
                    fix="Compare the counted unknown fields with the connector's README.",
                )

    # --- writing ----------------------------------------------------------------------------------------
    def _written(self, element: XmlElement) -> None:
        if element.fault:
            self._unusable(element.fault, "schreibe")
        for child in element.children:
            if child.name in WRITTEN:
                self._object(child)
            else:
                self._context.unknown_field(f"schreibe/{child.name}")

    def _object(self, element: XmlElement) -> None:
        self.header.objects += 1
        self._namespaces.add(element.namespace)
        kind = WRITTEN[element.name]
        if element.fault:
            self._unusable(element.fault, element.name)
        elif kind == COMPETENCE:
            self._transfer(element)
        elif object_id := identity(element.find("id")):
            self._ledger.put(kind, object_id, body_of(kind, element, self._context))
            if kind == AUTHORITY:
                self._embed(object_id, element)
        else:
            self._unusable("it has no usable id", element.name)

    def _transfer(self, element: XmlElement) -> None:
        owner = None
        inside: list[XmlElement] = []
        for child in element.children:
            if child.name == "zustaendigkeit":
                inside.append(child)
            elif child.name == "uebergeordnetesObjektID":
                owner = child
            else:
                self._context.unknown_field(f"{COMPETENCE}/{child.name}")
        owner_id = identity(owner)
        if owner is None or not owner_id or not inside:
            self._unusable("it names no owner or nothing it is competent for", element.name)
            return
        for one in inside:
            owner_kind = _class_of(owner, one)
            if not self._competence(one, (owner_kind, owner_id), ""):
                self._unusable("it has no usable id or names no service", element.name)

    def _competence(self, element: XmlElement, owner: tuple[str, str], stand_in: str) -> str:
        """Put one competence; returns its id in the ledger, empty when it cannot be used."""
        own_id = service = role = None
        places: list[XmlElement] = []
        for child in element.children:
            match child.name:
                case "id":
                    own_id = child
                case "leistungID":
                    service = child
                case "gebietID":
                    places.append(child)
                case "rolle":
                    role = child
                case name:
                    if name not in KNOWN["zustaendigkeit"]:
                        self._context.unknown_field(f"zustaendigkeit/{name}")
        service_id = identity(service)
        competence_id = _competence_id(owner[0], identity(own_id) or stand_in)
        if not service_id or not competence_id:
            return ""
        self._ledger.put_competence(
            competence_id,
            service=(SERVICE, service_id),
            owner=owner,
            # Without a role the owner is the competent authority; for other owners roles mean nothing.
            role=(code(role) or RESPONSIBLE) if owner[0] in _WITH_ROLES else "",
            area=areas(places),
        )
        return competence_id

    def _embed(self, authority_id: str, element: XmlElement) -> None:
        """Put the competences inside an authority in place of those that were inside it before."""
        owner = (AUTHORITY, authority_id)
        now = [
            self._competence(one, owner, f"{authority_id}#{number}")
            for number, one in enumerate(element.find_all("zustaendigkeit"))
        ]
        if "" in now:
            self._unusable("a competence inside it names no service", element.name)
        self._forget_embedded(authority_id, keep=set(now))
        if now:
            self._ledger.put(EMBEDDED, authority_id, orjson.dumps(now))

    def _forget_embedded(self, authority_id: str, keep: set[str]) -> None:
        before = self._ledger.get(EMBEDDED, authority_id)
        for competence_id in orjson.loads(before) if before else ():
            if competence_id not in keep:
                self._ledger.remove_competence(competence_id)
        if before:
            self._ledger.remove(EMBEDDED, authority_id)

    # --- deleting ---------------------------------------------------------------------------------------
    def _deleted(self, element: XmlElement) -> None:
        self.header.deletes += 1
        self._counted[DELETES] += 1
        kind = DELETED.get(element.attributes.get("klasse", "").lower())
        target = element.find("id")
        object_id = identity(target)
        if kind is None or target is None or not object_id:
            self._context.unknown_field(f"loesche/@klasse={element.attributes.get('klasse', '')[:60]}")
            return
        if kind == COMPETENCE:
            found = self._delete_competence(target, object_id)
        else:
            found = self._ledger.remove(kind, object_id)
            if kind == AUTHORITY:
                self._forget_embedded(object_id, keep=set())
        if not found:
            self._counted[ORPHANS] += 1

    def _delete_competence(self, target: XmlElement, object_id: str) -> bool:
        """Delete a competence, under whichever class of owner it was put if the delete does not say."""
        told = _class_of(target, target)
        letters = {_LETTERS[told], ""} if told != UNKNOWN_OWNER else set(_LETTERS.values())
        found = [self._ledger.remove_competence(f"{letter}:{object_id}") for letter in sorted(letters)]
        return any(found)

    # --- around objects ---------------------------------------------------------------------------------
    def _head(self, element: XmlElement) -> None:
        for child in element.children:
            if child.name == "erstelltDatumZeit":
                self.header.created_at = instant_or_none(text_or_none(child.text))
            elif child.name == "sender":
                self.header.sender = " ".join(whole_text(child).split())[:200]

    def _unusable(self, reason: str, where: str) -> None:
        self._context.issue(
            "xzufi_object_unusable",
            f"An object is left out: {reason}.",
            where=where,
            severity=Severity.ERROR,
            fix="Have the editorial system correct the object.",
        )


_WITH_ROLES = frozenset({AUTHORITY, UNKNOWN_OWNER})


def _class_of(owner: XmlElement, competence: XmlElement) -> str:
    """Return the class of an owner, from the scheme of the competence's id or of the owner's."""
    own_id = competence.find("id")
    for element in (own_id, owner):
        if element is not None:
            scheme = element.attributes.get("schemeID", "").lower()
            for kind in OWNERS:
                if kind.lower() in scheme:
                    return kind
    return UNKNOWN_OWNER


def _competence_id(owner_kind: str, object_id: str) -> str:
    # Each class of competence may count for itself.
    return f"{_LETTERS[owner_kind]}:{object_id}" if object_id else ""
