"""Use cases: gaps out as rows of a table, and edited rows back in with a verdict each.

Nothing is applied while a row is refused, unless asked for; a repeated import changes nothing. Reads the gaps
in the order of their ids, so that rows of one service share what was read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.errors import ConfigError, NotFound
from syncd.pipeline.gap_find import GapFinder
from syncd.pipeline.gap_life import GapDecision, judgement_of
from syncd.rules import gap_words, words
from syncd.rules.fault_words import fault_words
from syncd.rules.gap_life import GapAnswer, GapStatus
from syncd.rules.gap_sheet import Edited, Unreadable, Values, day_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from syncd.model.judgement import Judgement
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.views import GapView
    from syncd.rules.gap_sheet import Row

UNCHANGED, CHANGE, REFUSED = "unchanged", "change", "refused"
_STATUS_ANSWERS = {
    GapStatus.OPEN: GapAnswer.REOPEN,
    GapStatus.REOPENED: GapAnswer.REOPEN,
    GapStatus.ACKNOWLEDGED: GapAnswer.ACKNOWLEDGE,
    GapStatus.WAIVED: GapAnswer.WAIVE,
    GapStatus.DISPUTED: GapAnswer.DISPUTE,
}


def rows_of(gaps: Iterable[GapView], language: str) -> Iterator[Row]:
    """Yield gaps as rows of :data:`~syncd.rules.gap_sheet.COLUMNS`, words in ``de`` or ``en``."""
    for gap in gaps:
        yield {
            "gap_id": gap.gap_id,
            "area": gap.area_name,
            "service": gap.service_name,
            "state": words.say(words.STATES, gap.state, language),
            "cause": words.say(words.CAUSES, gap.cause, language),
            "responsible": gap_words.say(gap_words.PARTIES, gap.responsible, language),
            "people": gap.people,
            "first_seen": day_of(gap.first_seen_at),
            "age_days": gap.age_days,
            "status": gap_words.say(gap_words.STATUSES, gap.status, language),
            "until": gap.waived_until,
            "assignee": gap.assignee,
            "due": gap.due_on,
            "reason": "",
            "overdue": _YES[language] if gap.overdue else "",
            "last_reason": gap.last_reason,
            "obligation": gap.obligation_id,
            "line": gap.line,
            "service_key": gap.service_key,
            "area_code": gap.area_code,
            "body": gap.body_name,
            "version": version_of(gap.stand, _values(gap)),
        }


_YES = {"de": "ja", "en": "yes"}


def _values(gap: GapView) -> Values:
    return Values(gap.status, gap.waived_until, gap.assignee, gap.due_on)


# --- back in ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What one row of an edited table would do: ``verdict`` is unchanged, change or refused.

    ``code`` and ``message`` say why a row is refused; ``message`` of a change names what it changes.
    """

    line: int
    gap_id: str
    verdict: str
    message: str
    code: str = ""
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Verdicts in the order of the file and how many judgements were appended."""

    rows: tuple[RowVerdict, ...]
    applied: int = 0

    def count(self, verdict: str) -> int:
        """Return how many rows got a verdict."""
        return sum(row.verdict == verdict for row in self.rows)


class _RefusedError(Exception):
    def __init__(self, code: str, value: str = "") -> None:
        super().__init__(code)
        self.code, self.value = code, value


@dataclass(frozen=True, slots=True)
class GapImport:
    """One import: who decides, in which language verdicts are worded, the reason where a row gives none."""

    view: ReleaseView
    decided_by: str
    language: str = "de"
    reason: str = ""

    def preview(self, rows: Iterable[Edited | Unreadable]) -> ImportResult:
        """Return what the rows would do; changes nothing."""
        return ImportResult(self._verdicts(list(rows)))

    def apply(self, rows: Iterable[Edited | Unreadable], *, partial: bool = False) -> ImportResult:
        """Append what the rows decide, in one transaction; all or nothing, unless ``partial``."""
        verdicts = self._verdicts(list(rows))
        judgements = [judgement for row in verdicts for judgement in row.judgements]
        if not judgements or (not partial and any(row.verdict == REFUSED for row in verdicts)):
            return ImportResult(verdicts)
        return ImportResult(verdicts, len(self.view.store.judge(judgements)))

    def _verdicts(self, rows: Sequence[Edited | Unreadable]) -> tuple[RowVerdict, ...]:
        finder = GapFinder(self.view)
        often = Counter(str(row.key) for row in rows if isinstance(row, Edited))
        twice = frozenset(gap_id for gap_id, times in often.items() if times > 1)
        found: dict[int, RowVerdict] = {}
        for place in sorted(range(len(rows)), key=lambda place: _id(rows[place])):
            found[place] = self._verdict(finder, rows[place], twice)
        return tuple(found[place] for place in range(len(rows)))

    def _told(self, error: ConfigError | NotFound) -> str:
        """Return what is wrong in the language of the list; English has the details of the case."""
        told = fault_words(error.code, self.language) if self.language == "de" else None
        return f"{told.cause} {told.fix}" if told else f"{error.message}; {error.fix}"

    def _verdict(self, finder: GapFinder, row: Edited | Unreadable, twice: frozenset[str]) -> RowVerdict:
        if isinstance(row, Unreadable):
            return self._refused(row.line, row.gap_id, row.code, row.value)
        gap_id = str(row.key)
        if gap_id in twice:
            return self._refused(row.line, gap_id, "twice", gap_id)
        try:
            judgements = self._judgements(finder, row)
        except _RefusedError as refused:
            value = gap_words.say(gap_words.STATUSES, refused.value, self.language)
            return self._refused(row.line, gap_id, refused.code, value)
        except (ConfigError, NotFound) as error:
            return RowVerdict(row.line, gap_id, REFUSED, self._told(error), error.code)
        if not judgements:
            return RowVerdict(row.line, gap_id, UNCHANGED, self._say(UNCHANGED))
        changes = "; ".join(
            gap_words.say(gap_words.ANSWERS, j.answer, self.language, value=j.value, until=j.until)
            for j in judgements
        )
        return RowVerdict(row.line, gap_id, CHANGE, self._say(CHANGE, changes=changes), judgements=judgements)

    def _judgements(self, finder: GapFinder, row: Edited) -> tuple[Judgement, ...]:
        gap = finder.find(str(row.key)).gap
        if row.untouched:
            return ()
        if gap.gap_id != str(row.key):
            raise _RefusedError("moved", gap.gap_id)
        decisions = tuple(_decisions(row, gap, row.reason or self.reason))
        if decisions and row.stand != gap.stand:
            raise _RefusedError("stale", gap_words.say(gap_words.STATUSES, gap.status, self.language))
        return tuple(judgement_of(finder, one, decided_by=self.decided_by) for one in decisions)

    def _refused(self, line: int, gap_id: str, code: str, value: str) -> RowVerdict:
        return RowVerdict(line, gap_id, REFUSED, self._say(code, value=value), code)

    def _say(self, code: str, **values: object) -> str:
        return gap_words.say(gap_words.VERDICTS, code, self.language, **values)


def _id(row: Edited | Unreadable) -> str:
    return str(row.key) if isinstance(row, Edited) else row.gap_id


def _decisions(row: Edited, gap: GapView, reason: str) -> Iterator[GapDecision]:
    """Yield what the cells of a row ask for beyond what holds."""
    asked = row.values
    status = _status(asked, gap)
    if status is not None:
        yield GapDecision(
            gap.gap_id, status, reason, until=asked.until if status is GapAnswer.WAIVE else None
        )
    if asked.assignee != gap.assignee:
        answer = GapAnswer.ASSIGN if asked.assignee else GapAnswer.RELEASE
        yield GapDecision(gap.gap_id, answer, reason, asked.assignee)
    if asked.due != gap.due_on:
        answer = GapAnswer.SET_DUE if asked.due else GapAnswer.CLEAR_DUE
        yield GapDecision(gap.gap_id, answer, reason, asked.due.isoformat() if asked.due else "")


def _status(asked: Values, gap: GapView) -> GapAnswer | None:
    """Return the answer that leads to the asked status; None where it holds."""
    status = GapStatus(asked.status)
    if asked.until is not None and status is not GapStatus.WAIVED:
        raise _RefusedError("until_without_waiver")
    if asked.status == gap.status and asked.until == gap.waived_until:
        return None
    if {status, GapStatus(gap.status)} == {GapStatus.OPEN, GapStatus.REOPENED}:
        return None
    if status not in _STATUS_ANSWERS:
        raise _RefusedError("not_decidable", asked.status)
    return _STATUS_ANSWERS[status]
