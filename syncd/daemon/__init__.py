"""The background service: starts, keeps time, reloads and stops. It must not know what a run does."""

from syncd.daemon.service import Daemon, run_daemon, run_once

__all__ = ["Daemon", "run_daemon", "run_once"]
