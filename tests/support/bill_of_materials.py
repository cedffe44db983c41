"""The bill of materials of what is shipped, as CycloneDX 1.6 JSON.

It lists the packages of `requirements/run.txt` that this platform installs, with version, licence, the hashes
the lock file accepts and who depends on whom; all of it is compared with what is installed. The order is
fixed and the number made from the content, so the same lock file gives the same document, except for its
time (`SOURCE_DATE_EPOCH`, else now).

    python -m tests.support.bill_of_materials [FILE]   write it, by default to standard output; `./dev sbom`
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalContact
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import REPOSITORY

LOCK = REPOSITORY / "requirements" / "run.txt"
PRODUCT = "syncd"
EXTRAS = ("postgres",)
"""The extras that run.txt is locked with."""
_NAMESPACE = uuid.UUID("6f2f3d0c-5f3c-4f0e-9a52-0d7d1c8e6a11")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_LONGEST_LICENCE = 100


class MaterialError(ValueError):
    """Lock file and environment contradict each other; the message says where."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One pinned package of the lock file that this platform installs."""

    name: str
    version: str
    hashes: tuple[str, ...]


def locked(path: Path = LOCK) -> dict[str, Locked]:
    """Return the packages of a lock file that this platform installs, by canonical name."""
    found = {}
    for entry in path.read_text("utf-8").replace("\\\n", " ").splitlines():
        text = entry.partition(" --hash")[0].strip()
        if not text or text.startswith("#"):
            continue
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        name = str(canonicalize_name(requirement.name))
        version = next(iter(requirement.specifier)).version
        found[name] = Locked(name, version, tuple(sorted(_HASH.findall(entry))))
    return found


def needs(name: str, extras: tuple[str, ...] = ()) -> frozenset[tuple[str, tuple[str, ...]]]:
    """Return (canonical name, extras) of what an installed package asks for on this platform."""
    found = set()
    for text in importlib.metadata.distribution(name).requires or ():
        requirement = Requirement(text)
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        )
        if wanted:
            found.add((str(canonicalize_name(requirement.name)), tuple(sorted(requirement.extras))))
    return frozenset(found)


def closure(name: str = PRODUCT, extras: tuple[str, ...] = EXTRAS) -> dict[str, frozenset[str]]:
    """Return who depends on whom among all that the product needs, by canonical name."""
    edges: dict[str, set[str]] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [(name, extras)]
    while waiting:
        if (one := waiting.pop()) in seen:
            continue
        seen.add(one)
        asked = needs(*one)
        # An extra of a package may ask for the package itself.
        edges.setdefault(one[0], set()).update({other for other, _ in asked} - {one[0]})
        waiting += asked
    return {key: frozenset(value) for key, value in edges.items()}


def bill() -> Bom:
    """Return the bill; raises MaterialError when the environment is not the locked one."""
    pinned, edges = locked(), closure()
    if differing := sorted(set(pinned) ^ (set(edges) - {PRODUCT})):
        raise MaterialError(f"lock file and environment differ in: {', '.join(differing)}")
    root = _component(PRODUCT, importlib.metadata.version(PRODUCT), kind=ComponentType.APPLICATION)
    components = {PRODUCT: root}
    for name, one in sorted(pinned.items()):
        if (version := importlib.metadata.version(name)) != one.version:
            raise MaterialError(f"{name} {version} is installed, {one.version} is locked")
        components[name] = _component(name, version, hashes=one.hashes)
    bom = Bom(components=[components[name] for name in sorted(pinned)])
    bom.metadata.component = root
    bom.metadata.timestamp = _time()
    for name in sorted(edges):
        bom.register_dependency(components[name], [components[other] for other in sorted(edges[name])])
    content = "\n".join(f"{name}=={components[name].version}" for name in sorted(components))
    bom.serial_number = uuid.uuid5(_NAMESPACE, content)
    return bom


def render() -> str:
    """Return the bill as text."""
    return make_outputter(bill(), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1) + "\n"


def _component(
    name: str,
    version: str,
    *,
    kind: ComponentType = ComponentType.LIBRARY,
    hashes: tuple[str, ...] = (),
) -> Component:
    metadata = importlib.metadata.metadata(name)
    stated = {key: metadata[key] for key in ("Summary", "Author", "Author-email") if key in metadata}
    author = stated.get("Author") or stated.get("Author-email")
    return Component(
        name=name,
        version=version,
        type=kind,
        bom_ref=f"{name}=={version}",
        purl=PackageURL(type="pypi", name=name, version=version),
        description=stated.get("Summary"),
        authors=[OrganizationalContact(name=author)] if author else (),
        licenses=list(_licences(metadata)),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content) for content in hashes],
    )


def _licences(metadata: importlib.metadata.PackageMetadata) -> Iterator[License]:
    make = LicenseFactory()
    stated = [metadata[key] for key in ("License-Expression", "License") if key in metadata]
    short = [text for text in stated if len(text) <= _LONGEST_LICENCE]
    if short:
        yield make.make_from_string(short[0])
        return
    for line in metadata.get_all("Classifier") or ():
        if line.startswith("License ::"):
            yield make.make_with_name(line.rpartition(" :: ")[2])


def _time() -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC).replace(microsecond=0)


def main(arguments: list[str]) -> None:
    """Write the bill."""
    text = render()
    if arguments:
        Path(arguments[0]).write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
