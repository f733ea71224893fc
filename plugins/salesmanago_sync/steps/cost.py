"""Cost: how many requests it takes to carry a plan out, told before the first of them is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from salesmanago_sync.clients.salesforce import RETRIEVE_AT_ONCE
from salesmanago_sync.clients.salesmanago import CARDS_AT_ONCE
from salesmanago_sync.clients.salesmanago_ids import PAGE
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.domain.staged_frames import PLANNED_CHANGES, SIZES
from salesmanago_sync.ledger.frames import rows_of
from salesmanago_sync.steps.batches import ROWS, goes_first, request_size, sizes, up
from salesmanago_sync.steps.canary import first_people
from salesmanago_sync.steps.looks import FRESH_FOR, MOST_PAGES, MOST_RECORDS
from salesmanago_sync.steps.parts import each_staged, of_everybody
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import sources, witnesses

CONTACT_ID = "contactId"


def planned_calls(ports: Ports, scope: Scope | None = None) -> dict[str, int]:
    """Say how many requests the plan of a run takes.

    What people edit meanwhile, what a service refuses and what it fills in by itself comes on top.

    Args:
        ports: What the step talks to.
        scope: What of the plan a person approves; None where nobody is asked.

    Returns:
        How many requests to `salesmanago` and to `salesforce`; log-ins are not counted, as Salesforce does not.
    """
    read = sources(ports, checked(ports).enabled)
    linked = frozenset(name for name, source in read.items() if source.mapping.line(CONTACT_ID) is not None)
    namesakes = len(read) + len(witnesses(ports))
    cost = Cost(len(read), namesakes, linked, ports.settings.requests_per_second, approved=scope is not None)
    count = ports.run.request.canary
    if count is not None:
        _add_canary(ports, count, cost, scope or Scope())
    elif scope is None or scope.is_whole:
        cost.write_all(of_everybody(ports, SIZES))
    else:
        for changes in each_staged(ports, PLANNED_CHANGES):
            cost.write_all(sizes([changes[scope.holds(changes)]], ports.settings.people_per_task))
    cost.followup()
    return {"salesmanago": cost.salesmanago, "salesforce": cost.salesforce}


def _add_canary(ports: Ports, count: int, cost: Cost, scope: Scope) -> None:
    """Add what is written of each part before the canary, by it, and after it, and whom it reads back."""
    chosen, read = dict(first_people(ports, count)), Counter[str]()
    for number, planned in enumerate(each_staged(ports, PLANNED_CHANGES), start=1):
        changes = planned[scope.holds(planned)]
        before, first = goes_first(changes["lane"]), changes["person"].isin(chosen.get(number, ()))
        in_turn = changes[before], changes[~before & first], changes[~before & ~first]
        cost.write_all(sizes(in_turn, ports.settings.people_per_task))
        read.update(pd.concat(in_turn[:2]).drop_duplicates(["object", "person"])["object"])
    cost.read_back(read)


@dataclass(frozen=True, slots=True)
class Size:
    """Whom one batch writes: a row of `SIZES`, whose columns say what each number means."""

    object: str
    direction: str
    people: int
    lane: str = ""
    created: int = 0
    told_cards: int = 0
    moved_in: int = 0
    moved_cards: int = 0
    heard_in: int = 0
    heard_cards: int = 0


@dataclass(slots=True)
class Cost:
    """Adds up requests, in the order in which they are made.

    Attributes:
        objects: How many objects are asked whether somebody made a record of an address.
        namesakes: How many are asked who else has the address of somebody who is read again.
        linked: The objects whose records are told the id of a contact that was made of them.
        rate: Requests a second to SALESmanago.
        approved: Whether a person approves the plan: then whoever this run has written itself is read again, too, since
            other runs may have written them while it waited.
        salesmanago: Requests so far.
        salesforce: Likewise.
        contacts: Contacts written so far, of which SALESmanago tells whoever asks what moved.
        records: Likewise, for each object.
        newcomers: People created so far, by object and direction.
    """

    objects: int
    namesakes: int
    linked: frozenset[str]
    rate: int
    approved: bool = False
    salesmanago: int = 0
    salesforce: int = 0
    contacts: int = 0
    records: dict[str, int] = field(default_factory=dict)
    newcomers: dict[tuple[str, str], int] = field(default_factory=dict)

    def write_all(self, batches: pd.DataFrame) -> None:
        """Add the requests of some batches (`batches.sizes`)."""
        for batch in rows_of(batches):
            self.write(Size(**batch))

    def write(self, batch: Size) -> None:
        """Add the requests of one batch: looks at its people, and what is written of them."""
        requests = up(batch.people, request_size(batch.direction, batch.lane))
        self._look(batch, requests)
        if batch.direction == TO_SALESMANAGO:
            self.salesmanago += requests
            self.contacts += batch.people
        else:
            self.salesforce += requests
            self.records[batch.object] = self.records.get(batch.object, 0) + batch.people
        key = (batch.object, batch.direction)
        self.newcomers[key] = self.newcomers.get(key, 0) + batch.created

    def _look(self, batch: Size, requests: int) -> None:
        """Add a look at the beginning, and one whenever its answer is old."""
        asked = self.objects if batch.direction == TO_SALESFORCE and batch.created else 1
        seconds = requests / self.rate if batch.direction == TO_SALESMANAGO else 0.0
        looks = 1 + int(seconds // FRESH_FOR.total_seconds())
        again, cards = (batch.heard_in, batch.heard_cards) if self.approved else (batch.moved_in, batch.moved_cards)
        self.salesmanago += cards
        self.salesforce += again * (1 + self.namesakes)
        if self.contacts < MOST_PAGES * PAGE:
            self.salesmanago += looks * (self.contacts // PAGE + 1) + batch.told_cards
        else:
            # There is too much to tell: each request asks for its own people.
            self.salesmanago += MOST_PAGES + up(batch.people, CARDS_AT_ONCE)
        self.salesforce += looks * asked if self.records.get(batch.object, 0) < MOST_RECORDS else asked + requests

    def read_back(self, people: Mapping[str, int]) -> None:
        """Add the reading of those who were written first, of each object so many."""
        self.salesmanago += up(sum(people.values()), CARDS_AT_ONCE)
        self.salesforce += sum(up(number, RETRIEVE_AT_ONCE) for number in people.values())

    def followup(self) -> None:
        """Add the reading of newcomers, and the links that are written to them."""
        total = sum(self.newcomers.values())
        self.salesmanago += up(total, CARDS_AT_ONCE)
        for name in {name for name, _ in self.newcomers}:
            mine = {direction: self.newcomers.get((name, direction), 0) for direction in ROWS}
            self.salesforce += up(sum(mine.values()), RETRIEVE_AT_ONCE)
            self.salesmanago += up(mine[TO_SALESFORCE], ROWS[TO_SALESMANAGO])
            if name in self.linked:
                self.salesforce += up(mine[TO_SALESMANAGO], ROWS[TO_SALESFORCE])
