"""The probe tells all ways of an account apart, leaves nobody behind, and the sync takes nobody of it for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.domain.probe.people import is_throw_away
from salesmanago_sync.domain.probe.questions import BY_KEY, QUESTIONS, UNCLEAR
from salesmanago_sync.errors import AuthenticationError, ConfigurationError
from salesmanago_sync.steps.probe.ports import ProbePorts
from salesmanago_sync.steps.probe.probing import TOPICS, Found, probe, remove
from tests.integration.direct import Direct
from tests.twin_in_process import TwinInProcess

# As the twin is without any switch.
USUAL = {
    "empty_field": "empty",
    "empty_address": "empty",
    "empty_detail": "empty",
    "address_parts": "kept",
    "new_consent": "in",
    "optout_clock": "moves",
    "tag_clock": "stays",
    "refused_rows": "missing",
    "tag_case": "upper",
    "address_case": "folds",
    "bounds": "both",
    "list_cut": UNCLEAR,
    "page_cut": UNCLEAR,
    "export": "there",
}
EMPTYING = ("empty_field", "empty_address", "empty_detail")


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync, between services in this process."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


def ports_of(direct: Direct, run: str = "0123abcd", told: Callable[[str], None] = lambda text: None) -> ProbePorts:
    return ProbePorts(
        run=run,
        connection="salesmanago_default",
        owner=direct.twin.salesmanago["owner"],
        open_salesmanago=direct._salesmanago,
        ledger=direct.ledger,
        settings=direct.settings,
        now=direct.now,
        sleep=lambda seconds: direct.control.post("/clock", {"advance": seconds}),
        tell=told,
    )


def answers(found: Found) -> dict[str, str]:
    return {one.question: one.conclusion.answer for one in found.answers}


def left_behind(direct: Direct) -> list[str]:
    return [card["email"] for card in direct.cards().values() if is_throw_away(card["email"])]


@pytest.mark.parametrize(
    ("switches", "other"),
    [
        ({}, {}),
        ({"clear": "null"}, dict.fromkeys(EMPTYING, "null")),
        ({"clear": "ignored"}, dict.fromkeys(EMPTYING, "neither")),
        ({"address_parts": "emptied"}, {"address_parts": "emptied"}),
        ({"new_opted_out": True}, {"new_consent": "out"}),
        ({"optout_moves_clock": False, "tags_move_clock": True}, {"optout_clock": "stays", "tag_clock": "moves"}),
        ({"bad_rows": "null"}, {"refused_rows": "null"}),
        ({"bad_rows": "refuse_all"}, {"refused_rows": "whole"}),
        ({"tag_case": "folds"}, {"tag_case": "folds"}),
        ({"tag_case": "minds", "bounds": "from"}, {"tag_case": "minds", "bounds": "from"}),
        ({"address_case": "minds", "bounds": "to"}, {"address_case": "minds", "bounds": "to"}),
        ({"bounds": "neither", "export": "refused"}, {"bounds": "neither", "export": "refused"}),
        ({"shown_after": 3, "job_polls": 4}, {}),
        ({"keeps": "upper", "list_twice": True}, {}),
    ],
    ids=str,
)
def test_every_way_of_an_account_is_told_from_the_others(
    direct: Direct, switches: dict[str, Any], other: dict[str, str]
) -> None:
    direct.control.post("/salesmanago/settings", switches)
    found = probe(ports_of(direct))
    assert answers(found) == {**USUAL, **other}
    assert (found.left, direct.cards()) == ([], {})
    assert direct.ledger.probe_contacts.list_left(direct._salesmanago().account) == []
    assert direct.control.get("/salesmanago/confirmations") == [], "nobody is sent a confirmation"


@pytest.mark.parametrize(("key", "limit"), [("page_cut", "page_limit"), ("list_cut", "list_limit")])
def test_a_list_that_is_cut_is_told_with_the_number_at_which(direct: Direct, key: str, limit: str) -> None:
    direct.control.post("/salesmanago/contacts", [{"email": f"n{number}@example.com"} for number in range(120)])
    direct.later(3600)
    direct.control.post("/salesmanago/settings", {limit: 100})
    found = {one.question: one.conclusion for one in probe(ports_of(direct)).answers}
    assert (found[key].answer, found[key].number) == ("cut", 100)


def test_long_lists_that_are_whole_are_told_with_their_length(direct: Direct) -> None:
    direct.control.post("/salesmanago/contacts", [{"email": f"n{number}@example.com"} for number in range(600)])
    direct.later(3600)
    found = {one.question: one.conclusion for one in probe(ports_of(direct)).answers}
    assert {found[key].answer for key in ("page_cut", "list_cut")} == {"whole"}
    assert all((found[key].number or 0) > 600 for key in ("page_cut", "list_cut"))


def test_every_answer_of_every_question_is_tried_here() -> None:
    asked = [key for keys, _ in TOPICS for key in keys]
    assert sorted(asked) == sorted(BY_KEY)
    assert list(USUAL) == [question.key for question in QUESTIONS]


def test_a_service_that_stops_in_the_middle_leaves_contacts_that_remove_takes_away(direct: Direct) -> None:
    class KilledError(BaseException):
        pass

    def told(text: str) -> None:
        if "Removing" in text or "bounds" in text:
            raise KilledError

    with pytest.raises(KilledError):
        probe(ports_of(direct, told=told))
    left = left_behind(direct)
    assert left
    assert {one.question for one in direct.ledger.probe_answers.read(direct._salesmanago().account)} >= {"tag_case"}
    person = direct.contact("salesmanago-sync-probe@example.com")
    count, stay = remove(ports_of(direct, run="ffffffff"))
    assert (count >= len(left), stay) == (True, [])
    assert list(direct.cards()) == [person], "whoever is called nearly so is a person"


def test_a_probe_leaves_the_contacts_of_another_one_alone(direct: Direct) -> None:
    account = direct._salesmanago().account
    direct.ledger.probe_contacts.note(account, ["salesmanago-sync-probe-ffffffff-card@example.com"], direct.now())
    direct.contact("salesmanago-sync-probe-ffffffff-card@example.com")
    probe(ports_of(direct))
    assert left_behind(direct) == ["salesmanago-sync-probe-ffffffff-card@example.com"]


def test_a_contact_that_cannot_be_removed_is_told(direct: Direct) -> None:
    told: list[str] = []
    fault = {"system": "salesmanago", "kind": "status", "status": 500, "path": "contact/delete", "times": 1000}
    direct.control.post("/faults", fault)
    found = probe(ports_of(direct, told=told.append))
    assert left_behind(direct)
    assert set(left_behind(direct)) <= set(found.left)
    assert any("probe --remove" in text and found.left[0] in text for text in told)
    direct.control.delete("/faults")
    assert remove(ports_of(direct))[1] == []


def test_a_service_that_refuses_every_contact_leaves_questions_open_in_words(direct: Direct) -> None:
    fault = {"system": "salesmanago", "kind": "status", "status": 400, "path": "contact/batchupsert", "times": 1000}
    direct.control.post("/faults", fault)
    found = {one.question: one.conclusion for one in probe(ports_of(direct)).answers}
    assert found["empty_field"].answer == UNCLEAR
    assert "contact/batchupsert" in found["empty_field"].words
    assert found["refused_rows"].answer == UNCLEAR
    assert direct.cards() == {}


def test_without_rights_nobody_is_made(direct: Direct) -> None:
    ports = ports_of(direct)
    object.__setattr__(ports, "owner", "nobody@example.com")
    with pytest.raises(ConfigurationError, match="Data Owner"):
        probe(ports)
    assert direct.cards() == {}


def test_a_lost_log_in_stops_the_probe(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = AuthenticationError("SALESmanago: not authenticated.")
    monkeypatch.setattr(
        "salesmanago_sync.clients.salesmanago.Salesmanago.users", lambda self: (_ for _ in ()).throw(refused)
    )
    with pytest.raises(AuthenticationError):
        probe(ports_of(direct))
    assert direct.cards() == {}


def test_a_sync_in_the_middle_of_a_probe_takes_nobody_of_it_for_a_person(direct: Direct) -> None:
    direct.contact("anna@example.com", name="Anna Nowak", state="PROSPECT")
    direct.sync("full")
    seen: list[int] = []

    def told(text: str) -> None:
        seen.append(len(left_behind(direct)))
        direct.sync()

    probe(ports_of(direct, told=told))
    assert max(seen) > 5
    direct.sync("full")
    assert [record["Email"] for record in direct.records("Lead").values()] == ["anna@example.com"]
    assert len(direct.ledger.bindings.read()) == 1
    assert direct.ledger.issues.read_due(direct.now()).empty
