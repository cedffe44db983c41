"""Who may decide through the API: names and tokens, read afresh, closed where anything is in doubt.

Only digests of tokens leave this module. Must not know requests.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.settings.daemon_file import OperatorTable

SHORTEST_TOKEN = 32
"""Characters. A token is no password somebody thinks up: ``openssl rand -hex 32`` makes one of 64."""


@dataclass(frozen=True, slots=True)
class Operators:
    """``digests``: name → SHA-256 of the token. ``refused``: name of each of the others → what is wrong."""

    digests: Mapping[str, bytes]
    refused: Mapping[str, str]


def read_operators(tables: Sequence[OperatorTable]) -> Operators:
    """Return the operators that can be told apart.

    One whose token is absent, too short, no plain text or the same as another's is left out: a decision must
    name one person for certain. The others are not affected.
    """
    digests: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for table in tables:
        try:
            token = table.token.reveal().strip()
        except ConfigError as error:
            refused[table.name] = error.message
            continue
        if len(token) < SHORTEST_TOKEN:
            refused[table.name] = f"the token has fewer than {SHORTEST_TOKEN} characters"
        elif not (token.isascii() and token.isprintable()) or " " in token:
            refused[table.name] = "the token holds blanks or other characters that no header can carry"
        else:
            digests[table.name] = hashlib.sha256(token.encode()).digest()
    uses = Counter(digests.values())
    for name in [name for name, digest in digests.items() if uses[digest] > 1]:
        refused[name] = "another operator has the same token"
        del digests[name]
    return Operators(digests, refused)
