"""A new connector as a project of its own: works at once, tested at once, to be bent to the real portal.

The templates lie beside this module and are filled by name only (``string.Template``). Must not know where
connectors are installed.
"""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from syncd.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_CODED = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "$package/README.md",
    "init.py.txt": "$package/__init__.py",
    "settings.py.txt": "$package/settings.py",
    "connector.py.txt": "$package/connector.py",
    "parse.py.txt": "$package/parse.py",
    "portal.py.txt": "$package/portal.py",
    "test_connector.py.txt": "tests/test_connector.py",
    "page.synthetic.json.txt": "tests/page.synthetic.json",
    "source.toml.txt": "$name.toml",
}


def write_connector(name: str, title: str, into: Path) -> tuple[Path, ...]:
    """Write the project ``<into>/syncd-connector-<name>`` and return its files.

    Raises ConfigError for a name that is no Python name, and when the folder exists.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError(
            f"{name!r} cannot name a connector",
            where="connector new",
            fix="Use 2 to 40 lower-case letters, digits and underscores, a letter first.",
        )
    folder = into / f"syncd-connector-{name.replace('_', '-')}"
    if folder.exists():
        raise ConfigError(f"{folder} exists", where="connector new", fix="Choose another name or folder.")
    words = {
        "name": name,
        "title": _plain(title),
        "package": f"syncd_connector_{name}",
        "class_name": "".join(part.capitalize() for part in name.split("_")),
    }
    written = []
    for template, target in _CODED.items():
        text = (files(__package__) / "coded" / template).read_text(encoding="utf-8")
        path = folder / Template(target).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), encoding="utf-8")
        written.append(path)
    return tuple(written)


def _plain(title: str) -> str:
    """Return a title that is a text in Python, TOML and Markdown alike."""
    return " ".join(re.sub(r"[\"\\\x00-\x1f]", " ", title).split())[:120] or "a portal"
