"""The option --no-skips: where everything is installed, a skipped test is a failure.

A machine that silently lacks PostgreSQL or a browser would otherwise report success for half of the tests.
The one exception are tests on recorded portal data that may not be passed on: without the recordings nobody
can run them, so they are listed but do not fail the run.
"""

from __future__ import annotations

import pytest

from tests.support.paths import shared_data_folder


class NoSkips:
    """pytest plugin, registered on the process that collects the reports of all workers."""

    def __init__(self) -> None:
        self._offending: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a skipped test."""
        # An expected failure is reported as skipped too; it ran, so it does not count.
        if report.skipped and not hasattr(report, "wasxfail"):
            if "shared_data" in report.keywords and shared_data_folder() is None:
                return
            self._offending[report.nodeid] = _reason(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skipped itself while it was imported."""
        if report.skipped:
            self._offending[report.nodeid] = _reason(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a run that would have passed into a failed one."""
        if self._offending and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which skips failed the run."""
        if not self._offending:
            return
        terminalreporter.section("skipped, which --no-skips does not allow", red=True)
        for nodeid, reason in sorted(self._offending.items()):
            terminalreporter.line(f"{nodeid}: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
