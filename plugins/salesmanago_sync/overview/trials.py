"""Trials as a person is shown them: what other mapping files would do, and what comes next when they are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from salesmanago_sync.domain.mapping_files.mapping import Mappings, mapping_paths, read_mappings, read_texts
from salesmanago_sync.overview.mappings import PlacedFault, all_faults
from salesmanago_sync.steps.ports import Ports, Staging
from salesmanago_sync.steps.preflight import Account
from salesmanago_sync.steps.trial import Draft, Trial, try_mappings

# People of the sample for each object, and contacts; and how many at most.
SAMPLE = 20
MOST = 200
EFFECTS = {
    "enters": "enter",
    "pauses": "pause",
    "leaves": "are no longer taken in",
    "created": "are created",
    "stays": "go on taking part",
    "out": "take no part",
}


@dataclass(frozen=True, slots=True)
class TrialOverview:
    """What other mapping files would do.

    Attributes:
        faults: Everything that is wrong with them; then there is no trial.
        trial: What they would do.
        effects: How many people of the sample each effect has.
        next: What comes next when the files are taken, in words.
    """

    faults: tuple[PlacedFault, ...]
    trial: Trial | None = None
    effects: Mapping[str, int] | None = None
    next: tuple[str, ...] = ()


def draft_of(folder: Path) -> Draft:
    """Read the mapping files of a folder, with their texts."""
    found = read_mappings(folder)
    # A file that cannot be read has its fault.
    return Draft(found, {} if found.faults else {str(path): path.read_bytes() for path in mapping_paths(folder)})


def draft_of_texts(texts: Mapping[str, bytes]) -> Draft:
    """Read mapping files from their texts, by path."""
    return Draft(read_texts(dict(texts)), texts)


def try_draft(
    ports: Ports, draft: Draft, size: int, read_account: Callable[[], Account], new_staging: Callable[[], Staging]
) -> TrialOverview:
    """Check mapping files, and where they are right say what they would do beside the present ones.

    Args:
        ports: What is read; nothing is written.
        draft: The files.
        size: As for `steps.trial.try_mappings`.
        read_account: Reads the SALESmanago connection's settings.
        new_staging: Makes a place for frames that nobody else sees.
    """
    faults = all_faults(ports, draft.mappings)
    if faults:
        return TrialOverview(faults)
    present = draft_of(ports.settings.mappings)
    trial = try_mappings(ports, present, draft, min(size, MOST), read_account, new_staging)
    effects = Counter(one.effect for one in trial.people)
    return TrialOverview((), trial, dict(effects), tuple(next_steps(present.mappings, draft.mappings)))


def next_steps(now: Mappings, then: Mappings) -> list[str]:
    """Say what comes next when mappings are taken in the place of the present ones."""
    before, after = ({one.object: one for one in some.whole if one.enabled is not False} for some in (now, then))
    told = [f"{name} is no longer synchronised; nothing is deleted." for name in before if name not in after]
    changed = [name for name, one in after.items() if name not in before or before[name].digest != one.digest]
    if not changed:
        return told or ["Nothing changes: the files mean the same."]
    told.append(
        f"A full sync of {', '.join(changed)} is due: an incremental sync only sees who is edited from now on. "
        "Start with a dry run."
    )
    fields = {
        line.key
        for name in changed
        for line in after[name].lines
        if name in before and before[name].line(line.key) is None
    }
    if fields:
        told.append(
            f"New fields: {', '.join(sorted(fields))}. The full sync fills them; the Param fields restricts it to them."
        )
    return told


def told_effects(overview: TrialOverview) -> list[str]:
    """Say in words what became of the sample, and what it cost."""
    trial, effects = overview.trial, overview.effects or {}
    if trial is None:
        return []
    counted = ", ".join(f"{effects.get(name, 0)} {words}" for name, words in EFFECTS.items())
    asked = f"{trial.calls['salesforce']} requests to Salesforce, {trial.calls['salesmanago']} to SALESmanago"
    told = [f"Of {len(trial.people)} people of the sample: {counted}. Nothing was written; {asked}."]
    if not trial.compared:
        told.append("The present mappings have faults, so nothing could be compared with them.")
    return told
