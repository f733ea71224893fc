"""Not seen is not gone: runs whose reading is older than what the ledger has heard meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from salesmanago_sync.domain.staged_frames import PEOPLE, PLANNED_CHANGES
from salesmanago_sync.steps.extract import extract_salesforce, gather_counterparts
from salesmanago_sync.steps.parts import staged
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.staged import load_everybody
from salesmanago_sync.steps.start import start
from salesmanago_sync.steps.window import fix_window
from tests.integration.direct import Direct, Mode, plan_everybody, read_contacts, replace

EMAIL = "person@example.com"


def opened(direct: Direct, mode: Mode = "incremental") -> tuple[Ports, list[str]]:
    """Start a run, up to its preflight."""
    direct.later(60)
    ports = direct.ports(mode)
    began = start(ports, timedelta(days=1))
    assert began is not None
    ports = replace(ports, run=ports.run.model_copy(update=began))
    return ports, list(preflight(ports, direct.account, lambda settings: None))


def read(ports: Ports, objects: list[str]) -> None:
    """Read both sides."""
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    read_contacts(ports, window)
    gather_counterparts(ports)


def planned(ports: Ports) -> pd.DataFrame:
    """Plan, and give the people by Salesforce Id."""
    plan_everybody(ports)
    return staged(ports, 1, PEOPLE).set_index("salesforce_id")


def person(direct: Direct, email: str = EMAIL) -> tuple[str, str]:
    """Make a Lead and synchronise it; give both ids."""
    lead = direct.record("Lead", LastName="Nowak", Company="Acme", Email=email)
    direct.sync("full")
    [row] = direct.ledger.bindings.read(salesforce_ids=[lead]).to_dict("records")
    return lead, str(row["salesmanago_id"])


def test_who_was_bound_after_a_run_had_read_is_not_taken_for_gone(direct: Direct) -> None:
    leads = [direct.record("Lead", LastName="Nowak", Company="Acme", Email=f"p{number}@x.pl") for number in range(10)]
    ports, objects = opened(direct, "full")
    read(ports, objects)
    direct.later(5)
    cards = [direct.contact(f"p{number}@x.pl", state="PROSPECT") for number in range(10)]
    rows = pd.DataFrame({"object": "Lead", "salesforce_id": leads, "salesmanago_id": cards, "matched_by": "created"})
    direct.ledger.bindings.add(rows, ports.run.id, direct.now())
    people = planned(ports)
    assert set(people.loc[leads, "status"]) == {"pair"}, "they were read again"
    changes = staged(ports, 1, PLANNED_CHANGES)
    assert not changes["lane"].eq("consent").any()
    assert not changes["action"].eq("create").any()


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_who_came_back_before_the_plan_is_not_taken_for_deleted(direct: Direct, side: str) -> None:
    lead, card = person(direct)
    if side == "salesforce":
        direct.control.delete(f"/salesforce/Lead/{lead}")
    else:
        direct.control.patch(f"/salesmanago/contacts/{card}", {"deleted": True})
    ports, objects = opened(direct)
    read(ports, objects)
    direct.later(5)
    if side == "salesforce":
        direct.control.post(f"/salesforce/Lead/{lead}/undelete")
    else:
        direct.control.patch(f"/salesmanago/contacts/{card}", {"deleted": False})
    # Another run saw it, and said so to the ledger.
    bound = direct.ledger.bindings.read(salesforce_ids=[lead])
    direct.ledger.bindings.update(bound[["id"]].assign(status="active"), direct.now())
    assert planned(ports).at[lead, "status"] == "pair"


def test_a_record_that_a_list_calls_deleted_is_asked_for_once_more(direct: Direct) -> None:
    lead, _ = person(direct)
    direct.control.delete(f"/salesforce/Lead/{lead}")
    ports, objects = opened(direct)
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    read_contacts(ports, window)
    direct.control.post(f"/salesforce/Lead/{lead}/undelete")
    gather_counterparts(ports)
    assert planned(ports).at[lead, "status"] == "pair"


def test_who_was_really_deleted_is_deleted(direct: Direct) -> None:
    lead, card = person(direct)
    direct.control.delete(f"/salesforce/Lead/{lead}")
    direct.control.patch(f"/salesmanago/contacts/{card}", {"phone": "+48221234567"})
    ports, objects = opened(direct)
    read(ports, objects)
    row = planned(ports).loc[lead]
    assert (row["status"], row["reason"], row["text"]) == ("skip", "DELETED", "salesforce")


def test_a_record_that_is_no_longer_of_its_object_was_not_deleted(direct: Direct) -> None:
    lead, card = person(direct)
    reading_ids = direct.ledger.bindings.read(salesforce_ids=[lead])
    account = direct.record("Account", Name="Acme")
    direct.ledger.bindings.update(
        reading_ids[["id"]].assign(object="PersonAccount", salesforce_id=account), direct.now()
    )
    direct.control.patch(f"/salesmanago/contacts/{card}", {"phone": "+48221234567"})
    ports, objects = opened(direct)
    read(ports, objects)
    row = planned(ports).loc[account]
    assert (row["status"], row["reason"]) == ("skip", "OUT_OF_OBJECT")
    assert staged(ports, 1, PLANNED_CHANGES).query("salesforce_id == @account").empty


def test_a_list_of_new_contacts_that_the_service_cuts_is_read_whole(direct: Direct) -> None:
    person(direct)
    direct.control.post("/salesmanago/settings", {"list_limit": 1_000})
    later = [{"email": f"n{number}@example.com", "state": "OTHER"} for number in range(1_300)]
    for part in (later[:400], later[400:]):
        direct.later(90)
        direct.control.post("/salesmanago/contacts", part)
    ports, objects = opened(direct)
    read(ports, objects)
    assert set(load_everybody(ports).contacts["email"]) >= {card["email"] for card in later}
