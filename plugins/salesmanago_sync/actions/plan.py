"""Plan: what a run was going to write, field by field, and what other mapping files would."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from salesmanago_sync.actions.rows import MOST_ROWS, Asked, Rows, Words
from salesmanago_sync.actions.runs import find_run
from salesmanago_sync.domain.mapping_files.file import MOST_BYTES
from salesmanago_sync.domain.mapping_files.mapping import load_mappings
from salesmanago_sync.domain.mapping_files.rules import choices
from salesmanago_sync.errors import Fault, QuestionError
from salesmanago_sync.hooks.ports import account
from salesmanago_sync.hooks.staging import MemoryStaging
from salesmanago_sync.overview.plans import FILTERS, ChangeRow, PlanPart, read_plan
from salesmanago_sync.overview.trials import MOST, SAMPLE, TrialOverview, draft_of_texts, told_effects, try_draft
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.trial import Draft

# As the folder of the mappings has them: whatever else is in it is no mapping file.
FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\]+\.ya?ml$", max_length=120)]
FileText = Annotated[str, Field(max_length=MOST_BYTES)]


class WhichChanges(Asked):
    """Which changes of a run.

    Attributes:
        object: Only those of this object.
        direction: Only those that go this way.
        field: Only those of this SALESmanago field.
        rule: Only those that this rule decided.
        action: Only those of this kind.
        state: Only those with this end.
    """

    object: Literal["", "Lead", "Contact", "PersonAccount"] = ""
    direction: Literal["", "both", "to_salesmanago", "to_salesforce"] = ""
    field: Words = ""
    rule: Words = ""
    action: Words = ""
    state: Literal["", "planned", "done", "failed", "dropped", "moved"] = ""

    @property
    def filters(self) -> dict[str, str]:
        """The same for the ledger; both directions are any."""
        given = {name: str(getattr(self, name)) for name in FILTERS}
        return {**given, "direction": given["direction"].removeprefix("both")}


class TrialQuestion(Asked):
    """Mapping files to try before they are taken.

    Attributes:
        files: What each file of the folder would hold, by its name; a present file that is left out would be gone.
        sample: How many people of each object are looked at.
    """

    files: dict[FileName, FileText] = Field(min_length=1, max_length=20)
    sample: int = Field(SAMPLE, ge=1, le=MOST)

    @property
    def draft(self) -> Draft:
        """The files as they are tried."""
        return draft_of_texts({name: text.encode() for name, text in self.files.items()})


def show_trial(ports: Ports, draft: Draft, sample: int) -> Rows[TrialOverview]:
    """Say what mapping files would do to a sample of people; with faults, what is wrong in them.

    Args:
        ports: What the action talks to; nothing is written.
        draft: The files.
        sample: How many people of each object are looked at.
    """
    found = try_draft(ports, draft, sample, partial(account, ports.pair), MemoryStaging)
    return Rows[TrialOverview].of([found], *told_effects(found), *found.next)


def show_plan(
    ports: Ports, run: str, which: WhichChanges, offset: int = 0, limit: int | None = MOST_ROWS
) -> Rows[ChangeRow]:
    """Show the changes of a run.

    Args:
        ports: What the action talks to; no service is asked.
        run: Its number in the ledger, or `last`.
        which: Which changes.
        offset: How many to leave out.
        limit: How many at most.

    Raises:
        QuestionError: There is no such run, field or rule.
    """
    number = find_run(ports, run)
    found = read_plan(ports.ledger, number, which.filters, offset, limit)
    _check(ports, found, which)
    told = [f"Run {number}: {len(found.changes)} of {found.total} changes."]
    words = str(ports.ledger.runs.read(number)["service_words"])
    if words:
        told.append(f"A request was refused. {words}")
    return Rows[ChangeRow].of(list(found.changes), *told, total=found.total)


def _check(ports: Ports, found: PlanPart, which: WhichChanges) -> None:
    """Refuse a field or rule that does not exist: a typo would look like a run that changed nothing."""
    if not found.choices["field"]:
        return
    mapped = {line.key for mapping in load_mappings(ports.settings.mappings) for line in mapping.lines}
    known = {"field": {*found.choices["field"], *mapped}, "rule": set(found.choices["rule"])}
    for name, valid in known.items():
        value = getattr(which, name)
        if value and value not in valid:
            raise QuestionError([Fault(name, f"{value!r} is no {name} of this run.", choices(value, valid))])
