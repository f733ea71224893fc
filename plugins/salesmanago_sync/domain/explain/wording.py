"""An explanation as text, for a person who reads it on a screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from salesmanago_sync.domain.criteria.verdict import Condition, Verdict
from salesmanago_sync.domain.explain.explanation import Evidence, Explanation, FieldStory, Issue, PastChange, Story

# A table must fit a screen; the JSON has the whole value.
WIDEST = 40
SIDE_NAMES = {"salesforce": "Salesforce", "salesmanago": "SALESmanago"}
WAYS = {"to_salesmanago": "Salesforce → SALESmanago", "to_salesforce": "SALESmanago → Salesforce"}
ARROWS = {"both": "both ways", "to_salesmanago": "→ SALESmanago", "to_salesforce": "→ Salesforce"}


def as_text(explanation: Explanation) -> str:
    """Lay out an explanation as text."""
    lines = [f"{explanation.asked}, read at {_moment(explanation.at)}", explanation.answer]
    for story in explanation.stories:
        lines += ["", *_story(story)]
    return "\n".join(lines)


def _story(story: Story) -> Iterator[str]:
    record = f"{story.object or 'no object'} {story.salesforce_id or '–'}"
    yield f"{record} ↔ SALESmanago contact {story.salesmanago_id or '–'}"
    yield from _indented(story.because)
    for title, lines in (
        ("Binding", _binding(story)),
        ("Criteria", _criteria(story.criteria)),
        ("Fields", _fields(story)),
        ("Issues", [_issue(one) for one in story.issues]),
        ("Consent", [_evidence(one) for one in story.consent]),
        ("Sent by past runs", _table(SENT, [_sent(one) for one in story.sent])),
        ("Next run", story.outlook),
    ):
        body = list(lines)
        if body:
            yield f"  {title}"
            yield from _indented(body, 4)


def _indented(lines: Iterable[str], by: int = 2) -> Iterator[str]:
    return (" " * by + line for line in lines)


def _binding(story: Story) -> Iterator[str]:
    binding = story.binding
    if binding is None:
        yield "none"
        return
    run = "" if binding.created_by_run is None else f" by run {binding.created_by_run}"
    yield f"{binding.status} since {_moment(binding.created_at)}{run}, found by {binding.matched_by}"
    for key, why in binding.owed.items():
        yield f"still to be written: {key}, {why}"
    for side, keys in binding.awaited.items():
        if keys:
            yield f"not yet seen what {SIDE_NAMES[side]} made of our write: {', '.join(keys)}"
    for event in story.events:
        run = "" if event.run_id is None else f", run {event.run_id}"
        note = f": {event.note}" if event.note else ""
        yield f"{_moment(event.at)}{run} {event.event}{note} ({event.salesforce_id} ↔ {event.salesmanago_id})"


def _criteria(verdicts: dict[str, Verdict]) -> Iterator[str]:
    for side, verdict in verdicts.items():
        if not verdict.criteria:
            yield f"{SIDE_NAMES[side]}: none, everybody takes part"
            continue
        yield f"{SIDE_NAMES[side]}: {'met' if verdict.met else 'not met'} ({verdict.criteria})"
        yield from (f"  {_condition(one)}" for one in verdict.deciding)


def _condition(one: Condition) -> str:
    held = "is blank" if one.value is None else f'holds "{one.value}"'
    field, _, rest = one.asked.partition(" ")
    return f"{field} {held}; asked is that it {rest}: {'yes' if one.met else 'no'}"


FIELDS = ("field", "Salesforce", "SALESmanago", "agreed on", "rule", "winner", "why")
SENT = ("at", "run", "direction", "field", "old", "new", "rule", "came back")


def _fields(story: Story) -> Iterator[str]:
    yield from _table(FIELDS, [_field(one) for one in story.fields])
    if story.not_read:
        yield f"not visible to the integration user: {', '.join(story.not_read)}"


def _field(one: FieldStory) -> tuple[str, ...]:
    both = _shown(one.salesforce_base)
    if one.salesforce_base != one.salesmanago_base:
        both = f"{both} | {_shown(one.salesmanago_base)}"
    why = one.rule if one.held_by is None else f"{one.rule}; held back: {one.held_by}"
    return (
        f"{one.field} ({', '.join(one.salesforce_fields)})",
        _shown(one.salesforce),
        _shown(one.salesmanago),
        both if one.has_base else "never",
        f"{ARROWS[one.direction]}, {one.conflict}",
        one.winner,
        why,
    )


def _issue(one: Issue) -> str:
    where = f" {one.field}" if one.field else ""
    text = f" ({one.text})" if one.text else ""
    seen = f"first {_moment(one.first_seen)}, last {_moment(one.last_seen)}, {one.attempts} attempts"
    decided = f" {one.decision}" if one.decision else ""
    return f"{one.state}: {one.reason}{where}: {one.meaning}{text} {one.fix}{decided} [{seen}]"


def _evidence(one: Evidence) -> str:
    sent = "not sent" if one.sent_at is None else f"sent {_moment(one.sent_at)}"
    answer = "not acknowledged" if one.acknowledged_at is None else f"acknowledged {_moment(one.acknowledged_at)}"
    note = f" ({one.note})" if one.note else ""
    return f"{one.channel}: seen in {SIDE_NAMES.get(one.side, one.side)} {_moment(one.seen_at)}, {sent}, {answer}{note}"


def _sent(one: PastChange) -> tuple[str, ...]:
    state = "dry run: not sent" if one.dry_run else one.state
    answer = state if one.reason is None else f"{state} {one.reason}"
    run = f"{one.run_id} {one.mode}"
    values = (_shown(one.old), _shown(one.new))
    return (_moment(one.at), run, ARROWS[one.direction], one.field, *values, one.rule or "", answer)


def _shown(value: str | None) -> str:
    if value is None:
        return "–"
    text = value.replace("\n", "⏎")
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    for row in (head, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
