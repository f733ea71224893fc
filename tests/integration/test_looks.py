"""Everybody of a request that writes was looked at ten seconds before it left at most, however long a look takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesmanago_sync.steps.writing import ROWS
from tests.integration.direct import Direct
from tests.integration.looks import Watch, WatchedAdapter
from tests.integration.test_consent_of_addresses import remap
from tests.integration.test_freshness import interrupted
from tests.twin_in_process import TwinInProcess

PEOPLE = 8


class SlowTwin(TwinInProcess):
    """Services each of whose answers takes some time."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.watch = Watch(lambda: self.now().timestamp())

    def adapter(self) -> WatchedAdapter:
        """Make what carries requests to it."""
        return WatchedAdapter(super().adapter(), self.watch, self._take_time)

    def _take_time(self) -> None:
        self.twin.state.clock.advance(self.seconds)


FEEDS = {"short": {}, "long of records": {"MOST_RECORDS": 1}, "long": {"MOST_RECORDS": 1, "MOST_PAGES": 0}}


@pytest.fixture(params=FEEDS)
def twin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SlowTwin:
    """Services whose feeds are read as a whole, or are too long for that; one person goes in a request."""
    for name, most in FEEDS[request.param].items():
        monkeypatch.setattr(f"salesmanago_sync.steps.freshness.{name}", most)
    for direction in ROWS:
        monkeypatch.setitem(ROWS, direction, 1)
    return SlowTwin()


@pytest.mark.parametrize("seconds", [1.9])
@pytest.mark.parametrize("moved", [False, True])
def test_everybody_was_looked_at_ten_seconds_before_a_write_at_most(
    twin: SlowTwin, empty_ledger: Path, tmp_path: Path, seconds: float, moved: bool
) -> None:
    direct = Direct(twin, tmp_path, empty_ledger)
    leads = [
        direct.record("Lead", LastName="Nowak", Company="Acme", Email=f"p{number}@example.com")
        for number in range(PEOPLE)
    ]
    direct.sync("full")
    bound = direct.ledger.bindings().set_index("salesforce_id")["salesmanago_id"]
    twin.watch.know(direct.ledger.bindings(), direct.cards())

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
    twin.watch.know(direct.ledger.bindings(), direct.cards())
    direct.later(600)
    for lead in leads:
        direct.control.delete(f"/salesforce/Lead/{lead}")
    twin.seconds = 1.9
    interrupted(direct, lambda: None)
    assert len(twin.watch.ages) >= PEOPLE
    assert max(twin.watch.ages) <= 10
    assert {card["deleted"] for card in direct.cards().values()} == {True}
    direct.close()
