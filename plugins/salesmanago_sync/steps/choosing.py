"""Choosing: what a person decides about conflicts that are held, checked and kept for the next run to carry out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pandas as pd

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.mapping import Mapping as ObjectMapping
from salesmanago_sync.domain.mapping_files.mapping import load_mappings
from salesmanago_sync.domain.merge.choices import NOT_MAPPED
from salesmanago_sync.domain.org.schema import Schema
from salesmanago_sync.domain.plan.choosable import column_of, read_typed, why_not
from salesmanago_sync.ledger.choices import Choice
from salesmanago_sync.steps.org import Org
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import SALESFORCE, SALESMANAGO, Source

NO_CONFLICT = "no conflict that is held"
CHANGED = "changed since it was shown: look again"
# As long as the longest text that either service keeps in a field.
LONGEST = 131_072
Side = Literal["salesforce", "salesmanago", "other"]


@dataclass(slots=True)
class Chosen:
    """What became of a decision about some conflicts.

    Attributes:
        done: The issues that were decided.
        refused: The others, each with the reason.
    """

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    def why(self) -> dict[str, int]:
        """Count the refused by reason, the most frequent first."""
        return dict(Counter(self.refused.values()).most_common())


class Held(Protocol):
    """An issue, as it is kept."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def object(self) -> str:
        """The object."""

    @property
    def field(self) -> str:
        """The field key."""

    @property
    def values(self) -> dict[str, Any]:
        """What both sides hold."""

    @property
    def fingerprint(self) -> str:
        """A hash of that."""

    @property
    def is_held(self) -> bool:
        """Whether it is a conflict that is not solved."""


def decide_conflicts(
    ports: Ports, issues: Iterable[Held], side: Side, typed: str, who: str, shown: Mapping[int, str] | None = None
) -> Chosen:
    """Decide conflicts that are held; the next run carries it out, unless a side is edited until then.

    Args:
        ports: What the step talks to; Salesforce is asked what its fields take, where no run has remembered that.
        issues: The issues.
        side: Whose value counts; `other` means the one that was typed.
        typed: The other value; nothing empties the field.
        who: Name of the user who decides.
        shown: Fingerprints of the issues as they were shown; one that is not given counts as it is now.

    Raises:
        ConfigurationError: A mapping file is wrong.
    """
    result, made = Chosen(), list[Choice]()
    found = _by_field(issues, shown or {}, result)
    org = Org(ports, ports.ledger.org_answers.read_last())
    mappings: dict[str, ObjectMapping] = {}
    if found:
        mappings |= {one.object: one for one in load_mappings(ports.settings.mappings)}
    for (name, key), rows in found.items():
        choices, refused = _of_field(org, mappings.get(name), key, rows, side, typed)
        made += choices
        result.refused |= refused
    result.done = ports.ledger.choices.keep(made, ports.now(), who)
    result.refused |= {one.issue_id: CHANGED for one in made if one.issue_id not in set(result.done)}
    return result


def _by_field(issues: Iterable[Held], shown: Mapping[int, str], result: Chosen) -> dict[tuple[str, str], list[Held]]:
    found: dict[tuple[str, str], list[Held]] = {}
    for issue in issues:
        if not issue.is_held:
            result.refused[issue.id] = NO_CONFLICT
        elif shown.get(issue.id, issue.fingerprint) != issue.fingerprint:
            result.refused[issue.id] = CHANGED
        else:
            found.setdefault((issue.object, issue.field), []).append(issue)
    return found


def _of_field(
    org: Org, mapping: ObjectMapping | None, key: str, issues: Sequence[Held], side: Side, typed: str
) -> tuple[list[Choice], dict[int, str]]:
    """Check a decision about one field of an object; give what may be kept, and why the others may not."""
    numbers = [issue.id for issue in issues]
    if mapping is None:
        return [], dict.fromkeys(numbers, NOT_MAPPED)
    # What describe said to the run before, or says now.
    schema = Schema.from_describe(org.describe(mapping.sobject))
    mapping = Source(mapping, schema).mapping
    column = column_of(mapping, key)
    if isinstance(column, str):
        return [], dict.fromkeys(numbers, column)
    value, refusal = read_typed(mapping, column, typed) if side == "other" else (None, "")
    if refusal:
        return [], dict.fromkeys(numbers, refusal)
    held = {issue.id: _held(issue.values) for issue in issues}
    wanted = {number: value if side == "other" else both[side == "salesmanago"] for number, both in held.items()}
    told = why_not(mapping, schema, column, _texts(wanted), _texts({number: a for number, (a, _) in held.items()}))
    fine = [issue for issue in issues if told[issue.id] == ""]
    choices = [Choice(one.id, one.fingerprint, side, held[one.id], wanted[one.id]) for one in fine]
    return choices, {one.id: str(told[one.id]) for one in issues if told[one.id] != ""}


def _held(values: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """What both sides hold; that there is no value is told as an empty text."""
    a, m = (values.get(side) for side in (SALESFORCE, SALESMANAGO))
    return None if a == "" else a, None if m == "" else m


def _texts(values: Mapping[int, str | None]) -> pd.Series:
    return pd.Series(values, dtype=TEXT)
