"""Certifying: both sides compared person by person, added up, and what is unexplained made ready to be repaired.

It works under the lock, as a run: what a run writes between the reading of one side and of the other would look like a
difference. What people do meanwhile is newer than the last synchronisation, and so explained.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import pandas as pd

from salesmanago_sync.domain.certificate.agreed import KEPT, UNDONE
from salesmanago_sync.domain.certificate.certificate import Certificate, Difference, add_up, counts_of
from salesmanago_sync.domain.certificate.classify import Known, classify
from salesmanago_sync.domain.staged_frames import DIFFERENCES, REASON_COUNTS
from salesmanago_sync.errors import ConfigurationError, FatalError, Fault, UnexplainedError
from salesmanago_sync.steps.commit import COMMITTED
from salesmanago_sync.steps.parts import of_everybody, stage
from salesmanago_sync.steps.planning import decide_part
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import Reading
from salesmanago_sync.steps.snapshot import mappings_of_run
from salesmanago_sync.steps.staged import read_at
from salesmanago_sync.steps.watermark import Watermark, read_watermark

log = logging.getLogger(__name__)

EXAMPLES = 10


def compare_part(ports: Ports, number: int) -> dict[str, int]:
    """Compare both sides of the people of a part; what a run would write is stored as its plan, and not written.

    Args:
        ports: What the step talks to.
        number: Of the part (`parts.share_out`).

    Returns:
        How many people there are, and how much is unexplained.
    """
    planned, reading = decide_part(ports, number)
    counts, unexplained = add_up(classify(planned, _known(ports, reading)))
    stage(ports, number, REASON_COUNTS, counts)
    stage(ports, number, DIFFERENCES, unexplained)
    return {"people": len(planned.people), "unexplained": len(unexplained)}


def _known(ports: Ports, reading: Reading) -> Known:
    """Gather what the ledger says apart from base values."""
    watermark, ledger = _watermark(ports), ports.ledger
    issues = [ledger.issues.find(state, "", "", "") for state in ("open", "dismissed")]
    enabled = checked(ports).enabled
    digests: dict[str, str] = {
        mapping.object: mapping.digest for mapping in mappings_of_run(ports) if mapping.object in enabled
    }
    return Known(
        since={"salesforce": watermark.salesforce, "salesmanago": watermark.salesmanago},
        issues=pd.concat(issues, ignore_index=True),
        differences=ledger.events.read_called([KEPT, UNDONE], reading.bindings(["id"])["id"]),
        due=frozenset(ledger.mapping_state.objects_due(digests)),
    )


def _watermark(ports: Ports) -> Watermark:
    found = read_watermark(ports.variables)
    if found is None:
        fix = "Run salesmanago_full_sync, and then salesmanago_audit."
        raise ConfigurationError([Fault("salesmanago_audit", "nothing was synchronised yet.", fix)])
    return found


def certify(ports: Ports) -> Certificate:
    """Add up what was found of everybody.

    Args:
        ports: What the step talks to.
    """
    ports.keep_lock()
    watermark = _watermark(ports)
    rows = of_everybody(ports, DIFFERENCES)
    found = Certificate(
        at=read_at(ports),
        run=ports.run.id,
        since={"salesforce": watermark.salesforce, "salesmanago": watermark.salesmanago},
        mappings={mapping.object: mapping.digest for mapping in mappings_of_run(ports)},
        ledger={"id": ports.ledger.identity.read(), "digest": ports.ledger.bindings.digest()},
        counts=counts_of(of_everybody(ports, REASON_COUNTS)),
        unexplained=[Difference(*row) for row in rows[list(DIFFERENCES.names)].itertuples(index=False)],
    )
    log.info("%s", as_text(found))
    # Its work is done; what is left is to tell. It moves no watermark.
    ports.ledger.runs.update(ports.run.id, state=COMMITTED)
    return found


def as_text(certificate: Certificate) -> str:
    """Write a certificate for a log: numbers, reasons and record ids."""
    totals = certificate.totals
    lines = [
        f"{totals['people']} people: {totals['equal']} equal, {totals['explained']} different for a stated reason, "
        f"{totals['unexplained']} unexplained."
    ]
    lines += [f"  {reason}: {count}" for reason, count in certificate.by_reason.items()]
    for one in certificate.unexplained[:EXAMPLES]:
        lines.append(f"  unexplained: {one.salesforce_id or one.salesmanago_id} {one.field or 'the person'}")
    return "\n".join(lines)


def prepare_repair(ports: Ports) -> list[str]:
    """Let the ledger forget what it believes of unexplained fields, so that a sync of these people decides anew.

    Args:
        ports: What the step talks to.

    Returns:
        The record, or where there is none the contact, of each of these people.
    """
    ports.keep_lock()
    found = of_everybody(ports, DIFFERENCES)
    fields = found[found["field"].ne("")]
    bound = ports.ledger.bindings.read(salesforce_ids=fields["salesforce_id"], columns=["id", "salesforce_id"])
    numbers = bound.set_index("salesforce_id")["id"]
    forgotten = fields[fields["salesforce_id"].isin(numbers.index)].groupby("salesforce_id")["field"]
    rows = [(numbers[name], json.dumps(dict.fromkeys(keys))) for name, keys in forgotten]
    if rows:
        ports.ledger.bindings.merge_base(pd.DataFrame(rows, columns=["id", "base"]), ports.now())
    ids = found["salesforce_id"].where(found["salesforce_id"].ne(""), found["salesmanago_id"])
    return sorted(set(ids))


def tell(ports: Ports, totals: dict[str, Any] | None) -> None:
    """Say how it ended.

    Args:
        ports: What the step talks to.
        totals: What `certify` handed on; nothing where it did not come to its end.

    Raises:
        UnexplainedError: There are differences that no reason explains.
        FatalError: The audit itself failed.
    """
    run = ports.ledger.runs.find(ports.run.dag_id, ports.run.dag_run_id)
    if run is None or run["state"] != "success" or totals is None:
        raise FatalError("The audit did not come to its end: see the failed tasks before this one.")
    if totals["unexplained"]:
        raise UnexplainedError(
            f"Unexplained differences: {totals['unexplained']}. The certificate {totals['file']} lists them by record "
            "id. Trigger salesmanago_audit with repair: true to synchronise these people anew."
        )
