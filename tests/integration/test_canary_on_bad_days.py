"""First people who moved meanwhile, whose task dies amid them, or whose link or deletion a service passes over."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from salesmanago_sync.domain import staged_frames
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.canary import first_people, write_first
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.parts import staged
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.integration.direct import Direct, Mode, plan_everybody, read_everybody
from tests.integration.sync import SETTLED_SECONDS, Killed
from tests.twin_server import ROOT

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


def bound(direct: Direct, mode: Mode = "incremental") -> Ports:
    """Go as far as the first person of a run."""
    ports = direct.begun(mode, canary=1)  # type: ignore[arg-type]
    read_everybody(direct, ports)
    plan_everybody(ports)
    bind_people(ports)
    return ports


def test_where_the_first_people_moved_meanwhile_the_next_are_the_first(direct: Direct) -> None:
    leads = [
        direct.record("Lead", LastName="Kos", Company="Acme", City="Ełk", Email=f"l{number}@example.com")
        for number in range(2)
    ]
    direct.sync("full")
    direct.sync()
    for lead in leads:
        direct.control.patch(f"/salesforce/Lead/{lead}", {"City": "Kielce"})
    direct.later(SETTLED_SECONDS)
    ports = bound(direct)
    [(part, [first])] = first_people(ports, 1)
    moved = staged(ports, part, staged_frames.PEOPLE).loc[first, "salesforce_id"]
    direct.later(5)
    direct.control.patch(f"/salesforce/Lead/{moved}", {"City": "Ełk"})
    direct.control.post("/salesmanago/settings", {"keeps": "upper"})
    with pytest.raises(FatalError, match="not as planned"):
        write_first(ports)
    assert sorted(card["address"]["city"] for card in direct.cards().values()) == ["Ełk", "KIELCE"]
    close(ports)


def test_a_link_that_the_service_does_not_keep_is_not_as_planned(direct: Direct) -> None:
    card = direct.contact("kos@example.com", name="Kos", company="Acme", state="PROSPECT")
    direct.record("Lead", LastName="Kos", Company="Acme", Email="kos@example.com")
    direct.later(SETTLED_SECONDS)
    ports = bound(direct, "full")
    lie = {"system": "salesmanago", "id": card, "field": "externalId", "raw": '"another"'}
    direct.control.post("/lies", lie)
    with pytest.raises(FatalError, match=r"1 values .* externalId"):
        write_first(ports)
    close(ports)


def test_a_deletion_that_the_service_does_not_carry_out_is_not_as_planned(direct: Direct, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "include" / "mappings", tmp_path / "mappings"))
    with (folder / "lead.yaml").open("a", encoding="utf-8") as file:
        file.write("\non_delete: {in_salesmanago: delete}\n")
    direct.settings = direct.settings.model_copy(update={"mappings": folder})
    lead = direct.record("Lead", LastName="Kos", Company="Acme", Email="kos@example.com")
    direct.sync("full")
    direct.control.delete(f"/salesforce/Lead/{lead}")
    direct.later(SETTLED_SECONDS)
    ports = bound(direct)
    done = {"status": 200, "body": {"success": True, "message": []}, "times": None}
    direct.control.post("/faults", {"system": "salesmanago", "kind": "status", "path": "contact/delete", **done})
    with pytest.raises(FatalError, match=rf"1 values .* {DELETE}"):
        write_first(ports)
    close(ports)
