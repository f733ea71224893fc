"""Back-fill cost: how many requests a back-fill of some fields takes at most, told before it is started.

Nobody has read anything by then: what is counted is who is bound, and whom the last full sync read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dictionary

from salesmanago_sync.clients.batches import in_batches
from salesmanago_sync.clients.salesforce import RETRIEVE_AT_ONCE
from salesmanago_sync.clients.salesmanago import CARDS_AT_ONCE
from salesmanago_sync.clients.salesmanago_ids import PAGE
from salesmanago_sync.domain.mapping_files.mapping import Line, Mapping
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import OPT_OUTS
from salesmanago_sync.domain.people.witness import OBJECTS
from salesmanago_sync.steps.batches import ROWS, cards_calls, up
from salesmanago_sync.steps.cost import Cost, Size
from salesmanago_sync.steps.ports import Ports

# The preflight asks for the org, three objects and the Account, and SALESmanago for the owner.
SALESFORCE_CHECKS, SALESMANAGO_CHECKS = 5, 1
# A query of the REST API answers so many records at once, and so many addresses fit in one.
RECORDS_AT_ONCE, ADDRESSES_AT_ONCE = 2_000, 100
# A Bulk job is made, asked for again and again, and deleted.
JOB_CALLS, JOB_PAGE = 12, 10_000
# A page of the export is asked for, waited for and fetched; after the last one comes an empty one.
EXPORT_CALLS = 4


def back_fill_calls(ports: Ports, mappings: Sequence[Mapping], fields: Collection[str]) -> dict[str, int]:
    """Say how many requests a back-fill takes if everybody who is bound is written.

    What people edit meanwhile, and what a service refuses, comes on top.

    Args:
        ports: What the step talks to.
        mappings: The mappings that take part.
        fields: The field keys.

    Returns:
        How many requests to `salesmanago` and to `salesforce`; log-ins are not counted.
    """
    cost = Cost(len(mappings), len(OBJECTS), frozenset(), ports.settings.requests_per_second)
    bound, (records, contacts) = ports.ledger.bindings.count_living(), _read_last(ports)
    cost.salesforce = SALESFORCE_CHECKS + len(OBJECTS) - len(mappings)
    strangers = 0
    for mapping in mappings:
        known = bound.get(mapping.object, 0)
        listed = max(known, records.get(mapping.object, 0))
        strangers += listed - known
        cost.salesforce += _list(listed, ports.settings.bulk_above)
        if mapping.criteria.salesforce is not None:
            cost.salesforce += up(known, RETRIEVE_AT_ONCE) + 1
    listed = max(contacts, sum(bound.values()))
    unbound = strangers + listed - sum(bound.values())
    partial = sum(mapping.criteria.salesforce is not None for mapping in mappings)
    cost.salesforce += partial * up(unbound, ADDRESSES_AT_ONCE)
    # Whom SALESmanago does not know by an address is looked for among other users' contacts too.
    cost.salesmanago = SALESMANAGO_CHECKS + (up(listed, PAGE) + 1) * EXPORT_CALLS
    cost.salesmanago += up(listed, CARDS_AT_ONCE) + 2 * up(strangers, CARDS_AT_ONCE)
    _add_writes(cost, bound, ports.settings.people_per_task, mappings, fields)
    return {"salesmanago": cost.salesmanago, "salesforce": cost.salesforce}


def _read_last(ports: Ports) -> tuple[dict[str, int], int]:
    """Say how many records of each object, and contacts, there were after the last full sync."""
    records, contacts = dict[str, int](), 0
    for row in (ports.ledger.runs.last_full_totals() or {"rows": []})["rows"]:
        # Whom it created on the other side is read there the next time.
        if row["direction"] == TO_SALESMANAGO:
            records[row["object"]] = records.get(row["object"], 0) + row["read"]
            contacts += row["created"]
        else:
            records[row["object"]] = records.get(row["object"], 0) + row["created"]
            contacts += row["read"]
    return records, contacts


def _list(records: int, bulk_above: int) -> int:
    """Say how many requests the list of an object takes."""
    if records <= bulk_above:
        return max(1, up(records, RECORDS_AT_ONCE))
    return 1 + JOB_CALLS + up(records, JOB_PAGE)


def _add_writes(
    cost: Cost, bound: Dictionary[str, int], size: int, mappings: Sequence[Mapping], fields: Collection[str]
) -> None:
    """Add one write for each person and each side that the fields may be written to, with the looks before it.

    Opt-outs are written before all else, so that whoever is written again is looked at once more.
    """
    for mapping in mappings:
        lines = [line for line in mapping.lines if line.key in fields]
        opt_outs = [line for line in lines if line.key in OPT_OUTS]
        people = bound.get(mapping.object, 0)
        written = False
        for some in (opt_outs, [line for line in lines if line not in opt_outs]):
            for way in _ways(some):
                for start in range(0, people, size):
                    count = min(size, people - start)
                    requests = [len(some) for some in in_batches(range(count), ROWS[way])] if written else []
                    cost.write(Size(mapping.object, way, count, told_cards=cards_calls(requests)))
            written = TO_SALESMANAGO in _ways(some)


def _ways(lines: Sequence[Line]) -> list[str]:
    """Name the sides that some lines may write."""
    ways = {TO_SALESFORCE: any(line.to_salesforce for line in lines)}
    ways[TO_SALESMANAGO] = any(line.to_salesmanago for line in lines)
    return [way for way, may in ways.items() if may]
