"""A worker that dies while the first people are written: the task is tried again, and nobody is there twice."""

from __future__ import annotations

from collections import Counter

import pytest

from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.canary import write_first
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.integration.direct import Direct, plan_everybody, read_everybody
from tests.integration.sync import Killed

PEOPLE = 4
# Among the calls of ledger and services that the task makes: before, amid and after both writes.
CALLS = (1, 8, 14, 20, 26)


@pytest.mark.parametrize("after", [False, True])
def test_a_canary_that_is_killed_is_tried_again(direct: Direct, after: bool) -> None:
    for number in range(PEOPLE):
        direct.record("Lead", LastName=f"L{number}", Company="Acme", Email=f"l{number}@example.com")
        direct.contact(f"c{number}@example.com", name=f"C{number}", state="PROSPECT")
    ports = direct.begun("full", canary=PEOPLE)
    window = read_everybody(direct, ports)
    plan_everybody(ports)
    work_of_tasks = bind_people(ports)
    write_consent(ports)
    killed = 0
    for call in CALLS:
        direct.countdown.set(call, after=after)
        try:
            write_first(ports)
        except Killed:
            killed += 1
        direct.countdown.set(None)
    assert killed > 1
    write_first(ports)
    for work in work_of_tasks:
        write_batches(ports, work)
    follow_up(ports)
    commit(ports, window)
    close(ports)
    there = [row["Email"] for row in direct.records("Lead").values()]
    cards = [card["email"] for card in direct.cards().values()]
    for found in (there, cards):
        assert set(Counter(found).values()) == {1}
        assert len(found) == 2 * PEOPLE
    # Whose create had no answer gets the link to the record in the run after, as after any crash.
    assert all("batchupsert" in call for call in direct.sync())
    assert direct.sync() == []
