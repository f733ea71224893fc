"""Issues: listed, counted, tried again, dismissed, and conflicts decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from salesmanago_sync.actions.rows import MOST_ROWS, Asked, Rows, Words
from salesmanago_sync.domain.mapping_files.rules import choices
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.errors import Fault, QuestionError, UnknownError
from salesmanago_sync.hooks.audit import audit
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.issues import IssueFilter, IssueRow, ReasonCount, count_found, count_reasons, read_issues
from salesmanago_sync.steps.choosing import LONGEST, Chosen, Side, decide_conflicts
from salesmanago_sync.steps.ports import Ports


class WhichIssues(Asked):
    """Which issues are meant.

    Attributes:
        state: `open`, `dismissed` or `closed`.
        reason: Only those of this reason code.
        object: Only those of this object.
        search: Only those with this in an id, a field or the text.
        ids: Only those of these numbers; then nothing else counts.
    """

    state: Literal["open", "dismissed", "closed"] = "open"
    reason: Words = ""
    object: Literal["", "Lead", "Contact", "PersonAccount"] = ""
    search: Words = ""
    ids: tuple[int, ...] = Field((), max_length=10_000)

    @property
    def filter(self) -> IssueFilter:
        """The same for the ledger."""
        if self.ids:
            return IssueFilter(state="")
        return IssueFilter(self.state, self.reason, self.object, self.search)


class Deciding(WhichIssues):
    """What is decided about conflicts that the mapping holds, and which.

    Attributes:
        take: The side whose value counts.
        value: Another value for both sides; an empty one empties the field.
        apply: Decide all that the filter finds; without it they are only counted. Numbers need no such word.
    """

    take: Literal["", "salesforce", "salesmanago"] = ""
    value: str | None = Field(None, max_length=LONGEST)
    apply: bool = False


def list_issues(ports: Ports, which: WhichIssues, offset: int = 0, limit: int = MOST_ROWS) -> Rows[IssueRow]:
    """List issues, those met last first.

    Raises:
        QuestionError: There is no such reason, or no issue of such a number.
    """
    _check_reason(ports.ledger, which.reason)
    if which.ids:
        found = _of_ids(ports.ledger, which)
        return Rows[IssueRow].of(found[offset : offset + limit], total=len(found))
    rows = read_issues(ports.ledger, which.filter, offset, limit)
    return Rows[IssueRow].of(rows, total=count_found(ports.ledger, which.filter))


def count_issues(ports: Ports, reason: str = "") -> Rows[ReasonCount]:
    """Count issues by reason, the most frequent first.

    Raises:
        QuestionError: There is no such reason.
    """
    _check_reason(ports.ledger, reason)
    counted = [one for one in count_reasons(ports.ledger, ports.now()) if reason in ("", one.reason)]
    return Rows[ReasonCount].of(counted)


def retry_issues(ports: Ports, which: WhichIssues, who: str, limit: int = MOST_ROWS) -> Rows[IssueRow]:
    """Have issues tried again by the next run; arguments as for `dismiss_issues`."""
    return _change(ports, which, who, limit, "retry", "tried by the next run")


def dismiss_issues(ports: Ports, which: WhichIssues, who: str, limit: int = MOST_ROWS) -> Rows[IssueRow]:
    """Dismiss issues.

    Args:
        ports: What the action talks to; no service is asked.
        which: Which ones.
        who: Name of the user who decides it.
        limit: How many at most.

    Raises:
        QuestionError: Which ones is not said, or there are none such.
    """
    done = "neither tried nor reported until what is tried changes"
    return _change(ports, which, who, limit, "dismiss", done)


def decide_issues(ports: Ports, decision: Deciding, who: str, limit: int = MOST_ROWS) -> Rows[IssueRow]:
    """Decide conflicts that the mapping holds: the next run carries it out, unless a side is edited until then.

    Args:
        ports: What the action talks to; Salesforce is asked what its fields take, where no run has remembered that.
        decision: What, and about which conflicts.
        who: Name of the user who decides it.
        limit: How many at most.

    Raises:
        QuestionError: What is decided is not said, or nothing of it can be.
    """
    if bool(decision.take) == (decision.value is not None):
        fix = "Give --take salesforce, --take salesmanago or --value TEXT, and one of them only."
        raise QuestionError([Fault("issues decide", "what is decided is not said.", fix)])
    _check_named(decision, "decide")
    found = list_issues(ports, decision, limit=limit).rows
    meant = found if decision.ids else [issue for issue in found if issue.is_held]
    if not decision.ids and not decision.apply:
        return Rows[IssueRow].of(meant, f"{len(meant)} conflicts would be decided. Add --apply to decide them.")
    result = decide(ports, meant, decision.take or "other", decision.value or "", who)
    why = [f"{count} not decided: {reason}." for reason, count in result.why().items()]
    if result.refused and not result.done:
        raise QuestionError([Fault("issues decide", text, "airflow salesmanago issues lists them.") for text in why])
    done = f"{len(result.done)} conflicts are decided: the next run carries it out, unless a side is edited until then."
    return Rows[IssueRow].of([issue for issue in meant if issue.id in set(result.done)], done, *why)


def decide(
    ports: Ports, issues: Sequence[IssueRow], side: Side, typed: str, who: str, shown: Mapping[int, str] | None = None
) -> Chosen:
    """Decide conflicts, and note in Airflow's audit log who did; arguments as for `steps.choosing.decide_conflicts`."""
    result = decide_conflicts(ports, issues, side, typed, who, shown)
    if result.done:
        audit(ports.pair, "decide", who, [str(number) for number in result.done])
    return result


def change(ports: Ports, action: Literal["dismiss", "retry"], numbers: Sequence[int], who: str) -> int:
    """Dismiss issues or have them tried again, and note in Airflow's audit log who did; say how many changed."""
    kept = ports.ledger.issues
    changed = {"dismiss": kept.dismiss, "retry": kept.retry}[action](numbers, ports.now(), who)
    if changed:
        audit(ports.pair, action, who, [str(number) for number in numbers])
    return changed


def _change(
    ports: Ports, which: WhichIssues, who: str, limit: int, action: Literal["dismiss", "retry"], done: str
) -> Rows[IssueRow]:
    _check_named(which, action)
    found = list_issues(ports, which, limit=limit).rows
    count = change(ports, action, [issue.id for issue in found], who)
    return Rows[IssueRow].of(found, f"{count} {'issue is' if count == 1 else 'issues are'} {done}.")


def _check_named(which: WhichIssues, action: str) -> None:
    if not which.ids and not which.reason:
        fix = "Name issues with --id, or all of one reason with --reason."
        raise QuestionError([Fault(f"issues {action}", "which ones is not said.", fix)])


def _check_reason(ledger: Ledger, reason: str) -> None:
    """Refuse a reason that does not exist: a typo would look like a clean result."""
    known = set(ISSUES) | {row[0] for row in ledger.issues.count_by_reason([])}
    if reason and reason not in known:
        raise QuestionError([Fault("reason", f"{reason!r} is no reason.", choices(reason, known))])


def _of_ids(ledger: Ledger, which: WhichIssues) -> list[IssueRow]:
    found = [issue for issue in read_issues(ledger, which.filter, limit=None) if issue.id in which.ids]
    missing = sorted(set(which.ids) - {issue.id for issue in found})
    if missing:
        what = f"the ledger has no issue {', '.join(map(str, missing))}."
        raise UnknownError([Fault("id", what, "airflow salesmanago issues lists them.")])
    return found
