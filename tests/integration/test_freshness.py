"""People edit while the sync works, on either side and before any request: their edits are not lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.consent_lane import carry_opt_outs
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.integration.direct import Direct, plan_everybody
from tests.integration.test_evidence import EMAIL, opened, person, read
from tests.twin_in_process import TwinInProcess
from tests.twin_server import ROOT

EARLY, LATE = "Kraków", "Gdynia"


def interrupted(
    direct: Direct, edit: Callable[[], object], after_consent: Callable[[], object] = lambda: None
) -> Ports:
    """Run once, with an edit between the plan and the writing, five seconds later; one may come after the opt-outs."""
    ports, objects = opened(direct)
    read(ports, objects)
    plan_everybody(ports)
    work = bind_people(ports)
    direct.later(5)
    edit()
    write_consent(ports)
    after_consent()
    for some in work:
        write_batches(ports, some)
    follow_up(ports)
    window = direct.ledger.runs.read(ports.run.id)["window"]
    commit(ports, window)
    close(ports)
    return ports


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync on services in this process, where time passes only when it is told to."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


class People:
    """Edits as people make them, on either side."""

    def __init__(self, direct: Direct, lead: str, card: str) -> None:
        self.direct, self.lead, self.card = direct, lead, card

    def edit(self, side: str, **values: Any) -> None:
        """Change something, a second after whatever happened before."""
        self.direct.later(1)
        if side == "salesforce":
            names = {
                "city": "City",
                "street": "Street",
                "phone": "Phone",
                "out": "HasOptedOutOfEmail",
                "email": "Email",
            }
            fields = {names[key]: value for key, value in values.items()}
            self.direct.control.patch(f"/salesforce/Lead/{self.lead}", fields)
            return
        body: dict[str, Any] = {}
        for key, value in values.items():
            if key in ("city", "street"):
                body.setdefault("address", {})["city" if key == "city" else "streetAddress"] = value
            else:
                body[{"out": "optedOut"}.get(key, key)] = value
        self.direct.control.patch(f"/salesmanago/contacts/{self.card}", body)

    def held(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What both sides hold."""
        record, card = self.direct.records("Lead")[self.lead], self.direct.cards()[self.card]
        one = {
            "city": record["City"],
            "street": record["Street"],
            "phone": record["Phone"],
            "out": record["HasOptedOutOfEmail"],
        }
        address = card["address"] or {}
        two = {
            "city": address.get("city"),
            "street": address.get("streetAddress"),
            "phone": card["phone"],
            "out": card["optedOut"],
        }
        return one, two


@pytest.fixture
def people(direct: Direct) -> People:
    """One Lead and its contact, synchronised."""
    made = People(direct, *person(direct))
    made.edit("salesforce", city="Łódź", street="Prosta 1", phone="+48221234567")
    direct.sync()
    return made


OTHER = {"salesforce": "salesmanago", "salesmanago": "salesforce"}


@pytest.mark.parametrize("side", OTHER)
def test_the_later_of_two_edits_wins_though_the_first_was_planned(people: People, side: str) -> None:
    people.edit(side, city=EARLY)
    interrupted(people.direct, lambda: people.edit(OTHER[side], city=LATE))
    people.direct.sync()
    one, two = people.held()
    assert (one["city"], two["city"]) == (LATE, LATE)
    assert people.direct.sync() == []


@pytest.mark.parametrize("side", OTHER)
def test_an_edit_of_another_part_of_the_address_is_kept(people: People, side: str) -> None:
    people.edit(side, city=EARLY)
    interrupted(people.direct, lambda: people.edit(OTHER[side], street="Krzywa 2"))
    people.direct.sync()
    one, two = people.held()
    assert (one["city"], one["street"]) == (EARLY, "Krzywa 2")
    assert (two["city"], two["street"]) == (EARLY, "Krzywa 2")
    assert people.direct.sync() == []


@pytest.mark.parametrize("side", OTHER)
def test_what_the_source_says_in_the_end_is_written(people: People, side: str) -> None:
    people.edit(side, city=EARLY)
    interrupted(people.direct, lambda: people.edit(side, city=LATE, phone="+48221110000"))
    one, two = people.held()
    assert (one["city"], two["city"]) == (LATE, LATE), "in the same run"
    assert (one["phone"], two["phone"]) == ("+48221110000", "+48221110000")
    people.direct.sync()
    assert people.direct.sync() == []


@pytest.mark.parametrize("side", OTHER)
def test_an_opt_out_made_meanwhile_reaches_both_sides(people: People, side: str) -> None:
    people.edit(side, city=EARLY)
    interrupted(people.direct, lambda: people.edit(OTHER[side], out=True))
    people.direct.sync()
    one, two = people.held()
    assert (one["out"], two["out"], one["city"], two["city"]) == (True, True, EARLY, EARLY)
    assert people.direct.sync() == []


@pytest.mark.parametrize("side", OTHER)
def test_an_opt_out_that_was_taken_back_meanwhile_is_not_carried(people: People, side: str) -> None:
    people.edit(side, out=True)
    interrupted(people.direct, lambda: people.edit(side, out=False))
    people.direct.sync()
    one, two = people.held()
    assert (one["out"], two["out"]) == (False, False)


EDITS: tuple[dict[str, Any], ...] = ({"city": LATE}, {"phone": "+48221110000"}, {"out": False})


@pytest.mark.parametrize("values", EDITS, ids=str)
def test_an_edit_of_a_contact_that_this_run_has_just_opted_out_is_seen(people: People, values: dict[str, Any]) -> None:
    people.edit("salesforce", out=True, city=EARLY)
    interrupted(people.direct, lambda: None, lambda: people.edit("salesmanago", **values))
    people.direct.sync()
    expected = {"city": EARLY, **values, "out": True}
    for side in people.held():
        assert {key: side[key] for key in expected} == expected
    assert people.direct.sync() == []


def test_the_opt_out_that_this_run_has_just_written_is_no_news(people: People) -> None:
    people.edit("salesforce", out=True, city=EARLY)
    interrupted(people.direct, lambda: None, lambda: people.direct.control.delete("/calls"))
    calls = [call["path"] for call in people.direct.control.get("/calls")["log"] if call["system"] == "salesforce"]
    assert not [path for path in calls if "composite/sobjects/Lead" in path], "the record is not read again"
    one, two = people.held()
    assert (one["out"], two["out"], two["city"]) == (True, True, EARLY)


@pytest.mark.parametrize("side", OTHER)
def test_nobody_is_written_who_was_deleted_meanwhile(people: People, side: str) -> None:
    direct = people.direct
    people.edit("salesmanago" if side == "salesforce" else "salesforce", city=EARLY)

    def delete() -> None:
        if side == "salesforce":
            direct.control.delete(f"/salesforce/Lead/{people.lead}")
        else:
            direct.control.patch(f"/salesmanago/contacts/{people.card}", {"deleted": True})

    interrupted(direct, delete)
    direct.sync()
    record = direct.records("Lead", deleted=True)[people.lead]
    card = direct.cards()[people.card]
    assert (record["IsDeleted"], card["deleted"]) == (side == "salesforce", side == "salesmanago")
    assert len(direct.cards()) == 1
    [bound] = direct.ledger.bindings.read().to_dict("records")
    assert bound["status"] == "deleted"
    assert direct.sync() == []


@pytest.mark.parametrize("side", OTHER)
def test_a_lead_that_is_converted_meanwhile_is_followed_in_the_same_run(people: People, side: str) -> None:
    direct = people.direct
    people.edit(side, city=EARLY)
    made: dict[str, str] = {}
    convert = lambda: made.update(direct.control.post(f"/salesforce/Lead/{people.lead}/convert", {}))  # noqa: E731
    interrupted(direct, convert)
    [bound] = direct.ledger.bindings.read().to_dict("records")
    assert (bound["salesforce_id"], bound["salesmanago_id"]) == (made["contact"], people.card)
    direct.sync()
    assert direct.records("Contact")[made["contact"]]["MailingCity"] == EARLY
    assert direct.cards()[people.card]["address"]["city"] == EARLY
    assert direct.sync() == []


@pytest.mark.parametrize("side", OTHER)
def test_an_address_that_changes_meanwhile_makes_nobody_twice(people: People, side: str) -> None:
    direct = people.direct
    people.edit("salesforce", city=EARLY)
    interrupted(direct, lambda: people.edit(side, email="new@example.com"))
    direct.sync()
    [card] = direct.cards().values()
    assert (card["email"], card["address"]["city"]) == ("new@example.com", EARLY)
    assert direct.records("Lead")[people.lead]["Email"] == "new@example.com"
    assert direct.sync() == []


def test_a_contact_that_somebody_makes_meanwhile_is_merged_and_not_overwritten(direct: Direct) -> None:
    direct.record("Lead", LastName="Nowak", Company="Acme", Email="first@example.com")
    direct.sync("full")
    direct.record("Lead", LastName="Nowak", Company="Acme", Email=EMAIL, City=EARLY, Phone="+48221234567")
    interrupted(direct, lambda: direct.contact(EMAIL, name="Nowak", optedOut=True, fax="+48221110000"))
    direct.sync()
    [card] = [card for card in direct.cards().values() if card["email"] == EMAIL]
    assert (card["optedOut"], card["address"]["city"], card["fax"]) == (True, EARLY, "+48221110000")
    [lead] = [lead for lead in direct.records("Lead").values() if lead["Email"] == EMAIL]
    assert (lead["HasOptedOutOfEmail"], lead["Fax"]) == (True, "+48221110000")
    assert direct.sync() == []


def test_a_record_that_somebody_makes_meanwhile_is_merged_and_not_made_twice(direct: Direct) -> None:
    direct.record("Lead", LastName="Nowak", Company="Acme", Email="first@example.com")
    direct.sync("full")
    direct.contact(EMAIL, name="Ewa Nowak", state="PROSPECT", phone="+48221234567")
    interrupted(direct, lambda: direct.record("Lead", LastName="Nowak", Company="Acme", Email=EMAIL, City=EARLY))
    direct.sync()
    [lead] = [lead for lead in direct.records("Lead").values() if lead["Email"] == EMAIL]
    assert lead["Phone"] == "+48221234567"
    [card] = [card for card in direct.cards().values() if card["email"] == EMAIL]
    assert card["address"]["city"] == EARLY
    assert direct.sync() == []


def test_nobody_is_deleted_who_was_edited_meanwhile(empty_ledger: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    shutil.copytree(ROOT / "include" / "mappings", folder)
    lead = folder / "lead.yaml"
    lead.write_text(lead.read_text(encoding="utf-8") + "\non_delete: {in_salesmanago: delete}\n", encoding="utf-8")
    direct = Direct(TwinInProcess(), tmp_path, empty_ledger, folder)
    made = People(direct, *person(direct))
    direct.later(1)
    direct.control.delete(f"/salesforce/Lead/{made.lead}")
    interrupted(direct, lambda: made.edit("salesmanago", phone="+48221110000"))
    assert direct.cards()[made.card]["deleted"] is False, "somebody works on it"
    direct.sync()
    assert direct.cards()[made.card]["deleted"] is True, "what the policy owes is remembered"
    direct.close()


def test_what_moved_too_often_to_be_listed_is_asked_for_by_id(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salesmanago_sync.steps.looks.MOST_RECORDS", 1)
    monkeypatch.setattr("salesmanago_sync.steps.looks.MOST_PAGES", 0)
    people.edit("salesmanago", city=EARLY)
    interrupted(people.direct, lambda: people.edit("salesforce", city=LATE))
    people.direct.sync()
    one, two = people.held()
    assert (one["city"], two["city"]) == (LATE, LATE)


def test_the_consent_lane_writes_nothing_to_an_address_that_changed_meanwhile(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = people.direct
    people.edit("salesforce", out=True)
    direct.later(3600)
    ports = direct.ports("incremental")
    waited: list[int] = []
    begin = direct.ledger.runs.start

    def slowly(*given: Any, **more: Any) -> Any:
        direct.later(15)
        people.edit("salesmanago", email="new@example.com")
        waited.append(1)
        return begin(*given, **more)

    monkeypatch.setattr(direct.ledger.runs, "start", slowly)
    carry_opt_outs(ports, direct.account)
    assert waited
    [card] = direct.cards().values()
    assert (card["email"], card["optedOut"]) == ("new@example.com", True)


def test_both_services_are_asked_once_for_many_requests(direct: Direct) -> None:
    for number in range(230):
        direct.record("Lead", LastName=f"N{number}", Company="Acme", Email=f"p{number}@example.com")
    direct.sync("full")
    direct.later(900)
    for lead in direct.records("Lead"):
        direct.control.patch(f"/salesforce/Lead/{lead}", {"City": EARLY})
    direct.sync()
    log = direct.control.get("/calls")["log"]
    paths = [call["path"] for call in log]
    upserts = [number for number, path in enumerate(paths) if path.endswith("batchupsert")]
    assert len(upserts) == 3
    assert len([path for path in paths[upserts[0] :] if not path.endswith("batchupsert")]) <= 1, "nothing between them"
    before = paths[: upserts[0]]
    # Of the preflight, whose answer tells the clock for all that follows.
    assert len([path for path in before if path.endswith("user/listByClient")]) == 1
    # Of extract, and before the first write.
    assert len([path for path in before if path.endswith("paginatedModifiedContacts")]) == 2
