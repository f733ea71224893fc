"""The consent lane: opt-outs travel while something else holds the lock, or while nothing runs at all."""

from __future__ import annotations

import pytest

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.overview.consent import read_consent_ages
from salesmanago_sync.steps.consent_lane import carry_opt_outs
from salesmanago_sync.steps.start import NothingToDoError
from salesmanago_sync.steps.watermark import LAST_CONSENT
from tests.integration.direct import Direct
from tests.integration.sync import SETTLED_SECONDS

LONG = 3600


def carry(direct: Direct) -> dict[str, int]:
    """Let the lane work once."""
    direct.later(SETTLED_SECONDS)
    direct.control.delete("/calls")
    return carry_opt_outs(direct.ports("incremental"), direct.account)


def pair(direct: Direct, name: str) -> tuple[str, str]:
    """Make one bound Contact."""
    record = direct.record("Contact", LastName=name, Email=f"{name}@example.com")
    direct.sync("full")
    [binding] = direct.ledger.bindings.read(salesforce_ids=[record])["salesmanago_id"]
    return record, str(binding)


def test_opt_outs_travel_both_ways_and_nothing_else_does(direct: Direct) -> None:
    anna, ewa = pair(direct, "anna"), pair(direct, "ewa")
    direct.later(LONG)
    direct.control.patch(f"/salesmanago/contacts/{anna[1]}", {"optedOut": True, "phone": "+48601657778"})
    direct.control.patch(f"/salesforce/Contact/{ewa[0]}", {"HasOptedOutOfEmail": True, "MailingCity": "Łódź"})
    result = carry(direct)
    assert (result["written"], result["failed"]) == (2, 0)
    records, cards = direct.records("Contact"), direct.cards()
    assert records[anna[0]]["HasOptedOutOfEmail"] is True
    assert records[anna[0]]["Phone"] is None
    assert cards[ewa[1]]["optedOut"] is True
    assert not cards[ewa[1]]["address"]["city"]
    direct.sync()
    assert direct.records("Contact")[anna[0]]["Phone"] == "+48601657778"
    assert direct.cards()[ewa[1]]["address"]["city"] == "Łódź"
    assert direct.sync() == []


def test_it_moves_no_watermark_not_even_beside_a_run_that_moves_it(direct: Direct) -> None:
    """It holds no lock: whatever it wrote of the watermark could be older than what a run has just put there."""
    anna = pair(direct, "anna")
    direct.later(LONG)
    before = direct.variables.get(MARKS["last_sync"])
    direct.control.patch(f"/salesforce/Contact/{anna[0]}", {"HasOptedOutOfEmail": True})
    assert carry(direct)["written"] == 1
    assert direct.variables.get(MARKS["last_sync"]) == before
    noted = direct.variables.get(MARKS["last_consent"])["ledger"]
    assert (noted["id"], len(noted["wrote"])) == (before["ledger"]["id"], 1)


MARKS = {"last_sync": "salesmanago_last_sync", "last_consent": LAST_CONSENT}


@pytest.mark.parametrize("name", MARKS.values(), ids=MARKS)
@pytest.mark.parametrize("time", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_mark_in_the_future_is_told_and_leaves_no_opt_out_behind_in_silence(
    direct: Direct, name: str, time: str
) -> None:
    pair(direct, "anna")
    direct.later(LONG)
    direct.variables.set(name, {"salesforce": time, "salesmanago": time})
    with pytest.raises(ConfigurationError, match=f"{name}, salesforce: is later"):
        carry(direct)


@pytest.mark.parametrize("name", MARKS.values(), ids=MARKS)
def test_a_mark_from_the_beginning_of_time_reads_everything(direct: Direct, name: str) -> None:
    record, contact = pair(direct, "anna")
    direct.later(LONG)
    early = {"salesforce": "0001-01-01T00:00:00Z", "salesmanago": "0001-01-01T00:00:00Z"}
    ledger = direct.variables.get("salesmanago_last_sync")["ledger"]
    direct.variables.set(name, early)
    direct.control.patch(f"/salesmanago/contacts/{contact}", {"optedOut": True})
    carry(direct)
    direct.variables.set("salesmanago_last_sync", {**early, "ledger": ledger})
    direct.sync()
    assert direct.records("Contact")[record]["HasOptedOutOfEmail"] is True


def test_opt_outs_travel_while_a_run_holds_the_lock(direct: Direct) -> None:
    record, contact = pair(direct, "anna")
    direct.later(LONG)
    taken = direct.ledger.lock.take("salesmanago_full_sync/other", direct.now(), direct.lock_ttl)
    direct.control.patch(f"/salesmanago/contacts/{contact}", {"optedOut": True})
    assert carry(direct)["written"] == 1
    assert direct.records("Contact")[record]["HasOptedOutOfEmail"] is True
    assert direct.ledger.lock.is_current(taken), "the lane takes no lock"


def test_an_opt_out_reaches_everybody_who_has_the_address(direct: Direct) -> None:
    record, contact = pair(direct, "anna")
    lead = direct.record("Lead", LastName="Anna", Company="Nowak", Email="Anna@Example.com")
    direct.sync()
    direct.later(LONG)
    direct.control.patch(f"/salesmanago/contacts/{contact}", {"optedOut": True})
    assert carry(direct)["failed"] == 0
    assert direct.records("Contact")[record]["HasOptedOutOfEmail"] is True
    assert direct.records("Lead")[lead]["HasOptedOutOfEmail"] is True


def test_the_opt_out_of_a_record_that_takes_no_part_reaches_the_contact(direct: Direct) -> None:
    _, contact = pair(direct, "anna")
    lead = direct.record("Lead", LastName="Anna", Company="Nowak", Email="anna@example.com")
    direct.sync()
    direct.later(LONG)
    direct.control.patch(f"/salesforce/Lead/{lead}", {"HasOptedOutOfEmail": True})
    assert carry(direct)["failed"] == 0
    assert direct.cards()[contact]["optedOut"] is True


def test_what_a_policy_owes_waits_for_a_run(direct: Direct) -> None:
    record, contact = pair(direct, "anna")
    direct.later(LONG)
    direct.control.delete(f"/salesforce/Contact/{record}")
    assert carry(direct)["written"] == 0
    assert direct.cards()[contact]["optedOut"] is False
    direct.sync()
    assert direct.cards()[contact]["optedOut"] is True


def test_while_ordinary_runs_keep_up_no_request_is_made(direct: Direct) -> None:
    pair(direct, "anna")
    with pytest.raises(NothingToDoError, match="The ordinary runs keep up"):
        carry(direct)
    assert direct.control.get("/calls")["log"] == []


def test_before_anybody_is_synchronised_there_is_nothing_to_do(direct: Direct) -> None:
    with pytest.raises(NothingToDoError, match="Nobody is synchronised yet"):
        carry(direct)
    assert direct.control.get("/calls")["log"] == []


def test_nobody_is_opted_in_created_or_removed(direct: Direct) -> None:
    record, contact = pair(direct, "anna")
    direct.control.patch(f"/salesmanago/contacts/{contact}", {"optedOut": True})
    direct.sync()
    direct.later(LONG)
    direct.control.patch(f"/salesforce/Contact/{record}", {"HasOptedOutOfEmail": False})
    other = direct.record("Contact", LastName="Nowak", Email="new@example.com")
    direct.control.delete(f"/salesforce/Contact/{direct.record('Contact', LastName='X', Email='x@example.com')}")
    carry(direct)
    assert direct.cards()[contact]["optedOut"] is True
    assert direct.ledger.bindings.read(salesforce_ids=[other]).empty
    assert len(direct.cards()) == 1


def test_an_opt_out_that_was_refused_is_tried_again_and_seen_to_wait(direct: Direct) -> None:
    record, contact = pair(direct, "anna")
    direct.later(LONG)
    direct.control.patch(f"/salesmanago/contacts/{contact}", {"optedOut": True})
    direct.control.post("/faults", {"system": "salesforce", "kind": "row_lock", "row": 0, "times": 20})
    assert carry(direct)["failed"] == 1
    assert direct.variables.get(LAST_CONSENT) is None, "the same time is read again"
    direct.later(LONG)
    waiting = read_consent_ages(direct.ledger, direct.now()).oldest
    assert waiting is not None
    assert waiting.total_seconds() >= LONG
    direct.control.delete("/faults")
    assert carry(direct)["written"] == 1
    assert direct.records("Contact")[record]["HasOptedOutOfEmail"] is True
    ages = read_consent_ages(direct.ledger, direct.now())
    assert (ages.oldest, ages.count) == (None, 1)
