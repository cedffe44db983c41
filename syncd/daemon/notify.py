"""Telling systemd how we are: the ten lines of ``sd_notify`` that a Type=notify service needs.

Source: sd_notify(3). Without ``$NOTIFY_SOCKET`` nothing happens, so the daemon runs the same anywhere.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send a state such as ``READY=1``; a service supervisor that is gone changes nothing for us."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.settimeout(1.0)
        sender.connect(address.replace("@", "\0", 1))
        sender.sendall(state.encode())


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """Return how often a sign of life is due (half of what the supervisor tolerates), or None."""
    limit, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or int(limit) <= 0 or process not in {"", str(os.getpid())}:
        return None
    return int(limit) / 2_000_000
