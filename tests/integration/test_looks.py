"""Everybody of a request that writes was looked at ten seconds before it left at most, however long a look takes, and
however often the request is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.steps.batches import ROWS
from tests.integration.direct import Direct
from tests.integration.looks import Watch, WatchedAdapter
from tests.integration.test_consent_of_addresses import remap
from tests.integration.test_freshness import interrupted
from tests.twin_in_process import TwinInProcess

PEOPLE = 4


class SlowTwin(TwinInProcess):
    """Services each of whose answers takes some time; of questions that are asked at once, the longest counts."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.watch = Watch(lambda: self.now().timestamp())

    def adapter(self) -> WatchedAdapter:
        """Make what carries requests to it."""
        return WatchedAdapter(super().adapter(), self.watch, self._take_time)

    def at_once(self, calls: Sequence[Callable[[], None]]) -> None:
        """Make calls that begin at the same time."""
        clock, ends = self.twin.state.clock, []
        begin = self.now()
        for call in calls:
            call()
            ends.append(self.now())
            clock.advance((begin - self.now()).total_seconds())
        clock.advance((max(ends) - begin).total_seconds())

    def _take_time(self) -> None:
        self.twin.state.clock.advance(self.seconds)


FEEDS = {"short": {}, "long of records": {"MOST_RECORDS": 1}, "long": {"MOST_RECORDS": 1, "MOST_PAGES": 0}}


@pytest.fixture(params=FEEDS)
def twin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SlowTwin:
    """Services whose feeds are read as a whole, or are too long for that; one person goes in a request."""
    for name, most in FEEDS[request.param].items():
        monkeypatch.setattr(f"salesmanago_sync.steps.looks.{name}", most)
    for direction in ROWS:
        monkeypatch.setitem(ROWS, direction, 1)
    return SlowTwin()


def edit(direct: Direct, side: str, lead: str, city: str, name: str) -> None:
    """Change a person on one side."""
    if side == "salesforce":
        direct.control.patch(f"/salesforce/Lead/{lead}", {"City": city, "LastName": name})
        return
    bound = direct.ledger.bindings.read().set_index("salesforce_id")["salesmanago_id"]
    direct.control.patch(f"/salesmanago/contacts/{bound[lead]}", {"address": {"city": city}, "name": name})


def between(twin: SlowTwin, folder: Path, template: Path) -> Direct:
    """The steps of the sync, which wait as they are told to, and ask at once what can be asked at once."""
    direct = Direct(twin, folder, template)
    direct.sleep, direct.at_once = direct.later, twin.at_once
    return direct


@pytest.mark.parametrize(("seconds", "moved"), [(1.9, False), (1.9, True), (8, True)])
def test_everybody_was_looked_at_ten_seconds_before_a_write_at_most(
    twin: SlowTwin, empty_ledger: Path, tmp_path: Path, seconds: float, moved: bool
) -> None:
    direct = between(twin, tmp_path, empty_ledger)
    leads = [
        direct.record("Lead", LastName="Nowak", Company="Acme", Email=f"p{number}@example.com")
        for number in range(PEOPLE)
    ]
    direct.sync("full")
    bound = direct.ledger.bindings.read().set_index("salesforce_id")["salesmanago_id"]
    twin.watch.know(direct.ledger.bindings.read(), direct.cards())

    def edit(city: str) -> None:
        for number, lead in enumerate(leads):
            if number % 4:
                direct.control.patch(f"/salesforce/Lead/{lead}", {"City": city})
            else:
                direct.control.patch(f"/salesmanago/contacts/{bound[lead]}", {"address": {"city": city}})

    direct.later(600)
    edit("Łódź")
    twin.seconds = seconds
    interrupted(direct, lambda: edit("Gdynia") if moved else None)
    assert len(twin.watch.ages) >= PEOPLE
    assert max(twin.watch.ages) <= 10
    assert {record["City"] for record in direct.records("Lead").values()} == {"Gdynia" if moved else "Łódź"}
    direct.close()


def test_of_many_who_are_deleted_each_was_looked_at_shortly_before(empty_ledger: Path, tmp_path: Path) -> None:
    twin = SlowTwin()
    direct = Direct(twin, tmp_path, empty_ledger)
    remap(direct, tmp_path / "mappings", lead={"on_delete": {"in_salesmanago": "delete"}})
    leads = [
        direct.record("Lead", LastName="Nowak", Company="Acme", Email=f"p{number}@example.com")
        for number in range(PEOPLE)
    ]
    direct.sync("full")
    twin.watch.know(direct.ledger.bindings.read(), direct.cards())
    direct.later(600)
    for lead in leads:
        direct.control.delete(f"/salesforce/Lead/{lead}")
    twin.seconds = 1.9
    interrupted(direct, lambda: None)
    assert len(twin.watch.ages) >= PEOPLE
    assert max(twin.watch.ages) <= 10
    assert {card["deleted"] for card in direct.cards().values()} == {True}
    direct.close()


def busy(wait: int) -> list[dict[str, Any]]:
    """Both services let the first two requests that write wait."""
    limit = {"kind": "status", "status": 429, "retry_after": wait, "times": 2}
    return [
        {"system": "salesmanago", "path": "batchupsert", **limit},
        {"system": "salesforce", "path": "composite/sobjects$", "method": "PATCH", **limit},
    ]


def refused(name: str) -> list[dict[str, Any]]:
    """Both services refuse a request as a whole because of one record, however few go with it."""
    words = [{"errorCode": "JSON_PARSER_ERROR", "message": "Unexpected value"}]
    said = {"success": False, "message": ["refused"], "contactIds": {}}
    return [
        {"system": "salesmanago", "kind": "status", "path": "upsert", "status": 200, "body": said, "holding": name,
         "times": None},
        {"system": "salesforce", "kind": "status", "path": "composite/sobjects$", "method": "PATCH", "status": 400,
         "body": words, "holding": name, "times": None},
    ]  # fmt: skip


AGAIN: dict[str, list[dict[str, Any]]] = {
    "after a wait": busy(8),
    "after a long wait": busy(45),
    "without what is refused": [
        {"system": "salesforce", "kind": "latency", "path": "composite/sobjects$", "method": "PATCH", "seconds": 12}
    ],
    "in halves": refused("Nowak3"),
    "after its answer was lost": [
        {"system": "salesmanago", "kind": "reset_after", "path": "batchupsert"},
        {"system": "salesforce", "kind": "reset_after", "path": "composite/sobjects$", "method": "PATCH"},
    ],
    "because a record was locked": [{"system": "salesforce", "kind": "row_lock", "row": 2, "times": 3}],
}


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync on services whose answers take their time, from when it is said so."""
    made = between(SlowTwin(), tmp_path, empty_ledger)
    yield made
    made.close()


@pytest.mark.parametrize("how", AGAIN)
@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_what_is_sent_again_was_looked_at_shortly_before(direct: Direct, how: str, side: str) -> None:
    twin = direct.twin
    assert isinstance(twin, SlowTwin)
    leads = [
        direct.record("Lead", LastName=f"Nowak{number}", Company="Acme", Email=f"p{number}@example.com")
        for number in range(PEOPLE)
    ]
    direct.sync("full")
    twin.watch.know(direct.ledger.bindings.read(), direct.cards())
    direct.later(600)
    for number, lead in enumerate(leads):
        # Of the last, Salesforce takes no name from SALESmanago: it is too long.
        edit(
            direct,
            side,
            lead,
            "Łódź",
            f"Maj{number}" if number != 3 else f"Nowak3 Maj{'a' * 75 * (side != 'salesforce')}",
        )
    for fault in AGAIN[how]:
        direct.control.post("/faults", fault)
    twin.seconds = 2.8
    interrupted(direct, lambda: None)
    assert twin.watch.ages
    assert max(twin.watch.ages) <= 10
    there = [record["City"] for record in direct.records("Lead").values()]
    here = [(card["address"] or {}).get("city") for card in direct.cards().values()]
    assert min(there.count("Łódź"), here.count("Łódź")) >= (PEOPLE - 1 if how == "in halves" else PEOPLE)
