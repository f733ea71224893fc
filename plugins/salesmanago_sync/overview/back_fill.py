"""Back-fill: lines that mappings got since the last full sync, and what filling these fields alone would cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from salesmanago_sync.domain.mapping_files.mapping import Mapping as ObjectMapping
from salesmanago_sync.domain.mapping_files.mapping import Mappings, read_mappings
from salesmanago_sync.errors import Fault
from salesmanago_sync.ledger.mapping_state import SyncedMapping
from salesmanago_sync.steps.back_fill_cost import back_fill_calls
from salesmanago_sync.steps.ports import Ports


@dataclass(frozen=True, slots=True)
class NewLines:
    """Lines that one mapping got.

    Attributes:
        object: The object.
        fields: Their keys, in the order of the file.
        alone: Whether nothing else of the mapping changed: once they are filled, no full sync is due.
    """

    object: str
    fields: tuple[str, ...]
    alone: bool


@dataclass(frozen=True, slots=True)
class BackFill:
    """A full sync of new fields alone.

    Attributes:
        lines: What is new in each mapping.
        calls: How many requests to `salesforce` and to `salesmanago` it takes at most.
    """

    lines: tuple[NewLines, ...]
    calls: Mapping[str, int]

    @property
    def fields(self) -> tuple[str, ...]:
        """The keys of all of them, each once."""
        return tuple(dict.fromkeys(key for one in self.lines for key in one.fields))


def read_back_fill(ports: Ports) -> BackFill | None:
    """Say which fields could be filled alone; None where no mapping got a line, or nobody knows."""
    state, lines = ports.ledger.mapping_state.read(), []
    taken = _taken(read_mappings(ports.settings.mappings), state)
    for mapping in taken:
        known = state[mapping.object].fields if mapping.object in state else None
        keys = () if known is None else tuple(line.key for line in mapping.lines if line.key not in known)
        if known is not None and keys:
            alone = mapping.digest_of(known) == state[mapping.object].digest
            lines.append(NewLines(mapping.object, keys, alone))
    if not lines:
        return None
    return BackFill(tuple(lines), back_fill_calls(ports, taken, [key for one in lines for key in one.fields]))


def foretell(ports: Ports, fields: Collection[str]) -> dict[str, int]:
    """Say how many requests to each service a full sync of some fields takes at most; no service is asked."""
    taken = _taken(read_mappings(ports.settings.mappings), ports.ledger.mapping_state.read())
    return back_fill_calls(ports, taken, fields)


def check_fields(ports: Ports, mode: str, fields: Collection[str]) -> tuple[Fault, ...]:
    """Say why some fields cannot be filled: a mapping may have been edited since somebody was offered them.

    Args:
        ports: What is read.
        mode: `full` or `incremental`.
        fields: The field keys.
    """
    if mode != "full":
        return (Fault("fields", "belong to a full sync.", "Start Initial, or leave them out."),)
    found = read_mappings(ports.settings.mappings)
    if found.faults:
        return found.faults
    known = {line.key for mapping in _taken(found, ports.ledger.mapping_state.read()) for line in mapping.lines}
    fix = f"Write it as in the mapping file; there are: {', '.join(sorted(known))}."
    return tuple(Fault("fields", f"no enabled mapping has the field {key}.", fix) for key in fields if key not in known)


def told(calls: Mapping[str, int]) -> str:
    """Say in words what a back-fill costs."""
    return (
        f"This takes at most about {calls['salesforce']} requests to Salesforce and {calls['salesmanago']} to "
        "SALESmanago: an upper estimate, as if everybody who is bound were written."
    )


def _taken(found: Mappings, state: Mapping[str, SyncedMapping]) -> list[ObjectMapping]:
    """Give the mappings that a full sync would take; whether one with `enabled: auto` does, the last one has noted."""
    if found.faults:
        return []
    return [
        mapping
        for mapping in found.whole
        if mapping.enabled is True or (mapping.enabled == "auto" and mapping.object in state)
    ]
