"""What a key may be used for, and refusing everything else before the first request.

Why: keys of the Infodienste are issued for a use case (showing the data of one town, say) and must not serve
another one; every access is logged by the portal. A federating service that asks on regardless breaks the
agreement in somebody else's name. Source: REST ZUFI V4.1, section 2.2. Pure. Must not know requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.infodienste.keys import area_code, covers
from syncd.sdk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

EXPIRES_SOON_DAYS = 30

_ASK_FIRST = "Remove the area, or agree on it with the Land's central editors and add it to the permission."


@dataclass(frozen=True, slots=True)
class PermissionProblem:
    """Why a key may not be used as configured; ``code`` is stable."""

    code: str
    key: str
    message: str
    fix: str


def permission_problems(
    purpose: str,
    permitted: Sequence[str],
    valid_until: date | None,
    asked: Sequence[str],
    on: date,
) -> Iterator[PermissionProblem]:
    """Yield why the areas asked for may not be read with this permission on a day; nothing when they may."""
    if not purpose.strip():
        yield PermissionProblem(
            code="permission_missing",
            key="settings.permission.purpose",
            message="nothing says what the key was issued for",
            fix="Write down the use case agreed with the Land's central editors.",
        )
    if not permitted:
        yield PermissionProblem(
            code="permission_missing",
            key="settings.permission.areas",
            message="nothing says for which areas the key was issued",
            fix="Name the ARS or AGS of the areas of the agreement.",
        )
    if valid_until is not None and on > valid_until:
        yield PermissionProblem(
            code="permission_expired",
            key="settings.permission.valid_until",
            message=f"the permission ended on {valid_until.isoformat()}",
            fix="Have the agreement renewed, then correct 'valid_until'.",
        )
    codes = [area_code(text) for text in permitted]
    names = ", ".join(permitted)
    for text in asked if permitted else ():
        if not any(covers(code, area_code(text)) for code in codes):
            yield PermissionProblem(
                code="permission_exceeded",
                key=f"settings.areas.{text}",
                message=f"the area {text} is outside the areas the key was issued for ({names})",
                fix=_ASK_FIRST,
            )


class Permit:
    """The areas that may be asked for in this run; every request for data names one of them."""

    def __init__(self, permitted: Sequence[str], asked: Sequence[str], above: Sequence[str]) -> None:
        """Take the codes of the agreement, of the areas to read and of the areas above them."""
        self._permitted = tuple(area_code(text) for text in permitted)
        self._directory = {area_code(text) for text in (*asked, *above)}

    def data_of(self, code: str) -> None:
        """Allow a request for the data of an area; raises ConfigError ``permission_exceeded``."""
        if not any(covers(permitted, code) for permitted in self._permitted):
            raise _exceeded(code, self._permitted)

    def entry_of(self, code: str) -> None:
        """Allow looking an area up in the directory of areas: those to read and those above them."""
        inside = any(covers(permitted, code) for permitted in self._permitted)
        above = any(covers(code, permitted) for permitted in self._permitted)
        if code not in self._directory or not (inside or above):
            raise _exceeded(code, self._permitted)


def _exceeded(code: str, permitted: Sequence[str]) -> ConfigError:
    return ConfigError(
        f"the area {code} is outside the areas the key was issued for ({', '.join(permitted)});"
        " nothing was asked",
        code="permission_exceeded",
        fix=_ASK_FIRST,
    )
