"""Forgetting people: everything that the sync keeps of them, in the ledger and in staging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from salesmanago_sync.domain.explain.person_key import PersonKey, read_person_key
from salesmanago_sync.errors import FatalError
from salesmanago_sync.ledger.forgetting import PersonIds
from salesmanago_sync.steps.ports import Ports


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was wiped.

    Attributes:
        ids: All ids of these people; none where the ledger knows nobody of them.
        rows: How many rows of each table were theirs.
        living: Of how many the ledger does not say that they are gone.
    """

    ids: PersonIds
    rows: dict[str, int]
    living: int


def find_people(ports: Ports, asked: Sequence[str]) -> Forgotten:
    """Say what the ledger holds of people, and wipe nothing.

    Args:
        ports: What the step talks to; the services are not asked.
        asked: E-mail addresses, Salesforce Ids, contactIds.

    Raises:
        ConfigurationError: One of them is neither an address nor an id.
    """
    keys = [read_person_key(text) for text in asked]
    named = PersonIds(_values(keys, "salesforce_id"), _values(keys, "salesmanago_id"))
    named |= ports.ledger.people.ids_of_addresses(sorted(_values(keys, "email")))
    ids = ports.ledger.people.all_ids(named)
    rows = ports.ledger.people.count_rows(ids)
    bound = ports.ledger.bindings.read(salesforce_ids=ids.salesforce, salesmanago_ids=ids.salesmanago)
    return Forgotten(
        ids if any(rows.values()) else PersonIds(), rows, int((~bound["status"].isin(["deleted", "merged"])).sum())
    )


def forget(ports: Ports, asked: Sequence[str], who: str, clear_staging: Callable[[], None]) -> Forgotten:
    """Forget people.

    Whoever still lives in a service is read again by the next run: delete them there first.

    Args:
        ports: What the step talks to; the services are not asked.
        asked: E-mail addresses, Salesforce Ids, contactIds.
        who: Name of the user who decides it.
        clear_staging: Deletes what runs have left in staging.

    Raises:
        ConfigurationError: One of them is neither an address nor an id.
        FatalError: A run is at work.
    """
    found = find_people(ports, asked)
    holder = ports.ledger.lock.holder(ports.now())
    if holder is not None:
        raise FatalError(f"The run {holder} is at work and has read people. Let it finish, then forget them.")
    if found.ids:
        ports.ledger.people.forget(found.ids, who, ports.now())
        clear_staging()
    return found


def _values(keys: Sequence[PersonKey], kind: str) -> frozenset[str]:
    return frozenset(key.value for key in keys if key.kind == kind)
