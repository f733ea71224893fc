"""Readiness: what a run would stumble over before it asks anybody, and what is better done first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from salesmanago_sync.domain.mapping_files.mapping import Mapping, read_mappings
from salesmanago_sync.errors import Fault
from salesmanago_sync.steps.checks import Findings
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.start import audit_faults, past_faults
from salesmanago_sync.steps.watermark import first_sync, read_watermark


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a run can begin, as far as that is known without asking a service.

    Attributes:
        connections: What is missing or wrong in the settings of both connections.
        mappings: What is wrong in the mapping files.
        variables: What is wrong in Airflow Variables.
        past: Why an incremental run has nothing to go on from.
        audit: Why an audit has nothing to compare with.
        files: Of which objects the mappings can be read.
        due: Objects whose mapping changed since their last full sync.
    """

    connections: tuple[Fault, ...]
    mappings: tuple[Fault, ...]
    variables: tuple[Fault, ...]
    past: tuple[Fault, ...]
    audit: tuple[Fault, ...]
    files: tuple[str, ...]
    due: tuple[str, ...]

    def obstacles(self, mode: str) -> tuple[Fault, ...]:
        """Say why a run of a mode could only fail.

        Args:
            mode: `full`, `incremental` or `audit`.
        """
        own = {"full": (), "incremental": self.past, "audit": self.audit}[mode]
        return (*self.connections, *self.mappings, *self.variables, *own)


def read_readiness(ports: Ports, connections: Sequence[Fault]) -> Readiness:
    """Read mapping files, Variables and ledger; no service is asked.

    Args:
        ports: What is read.
        connections: What is missing or wrong in the settings of both connections.
    """
    found = read_mappings(ports.settings.mappings)
    mappings, faults = found.whole, found.faults
    if mappings and not faults and all(mapping.enabled is False for mapping in mappings):
        faults = (Fault("mappings", "none is enabled.", "Set enabled: true in one of them."),)
    findings = Findings()
    findings.gather(lambda: read_watermark(ports.variables))
    status = findings.gather(lambda: first_sync(ports.variables))

    def renamed(faults: Iterable[Fault]) -> tuple[Fault, ...]:
        return tuple(fault.renamed(ports.pair.spelled) for fault in faults)

    return Readiness(
        connections=tuple(connections),
        mappings=faults,
        variables=renamed(findings.faults),
        past=() if status is None else renamed(past_faults(ports, status)),
        audit=() if status is None else renamed(audit_faults(ports, status)),
        files=tuple(mapping.object for mapping in mappings),
        due=tuple(_due(ports, mappings)) if status == "done" else (),
    )


def _due(ports: Ports, mappings: Sequence[Mapping]) -> list[str]:
    """Name the objects that a full sync would see with another mapping than the last one.

    Whether a mapping with `enabled: auto` takes part is the org's to say; a full sync has noted those that did.
    """
    seen = ports.ledger.mapping_state.read()
    taken: dict[str, str] = {
        mapping.object: mapping.digest
        for mapping in mappings
        if mapping.enabled is True or (mapping.enabled == "auto" and mapping.object in seen)
    }
    return ports.ledger.mapping_state.objects_due(taken)
