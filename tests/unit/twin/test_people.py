from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from twin.app import Twin
from twin.people import Population
from twin.salesmanago.cards import full_card
from twin.state import State

ORDER = Population(seed=7, leads=300, contacts=300, person_accounts=100, salesmanago=500)
EMAILS = {"Lead": "Email", "Contact": "Email", "Account": "PersonEmail"}


@pytest.fixture(scope="module")
def planted() -> Twin:
    twin = Twin(State())
    twin.seed(ORDER)
    return twin


def records(twin: Twin, sobject: str) -> list[dict[str, Any]]:
    """Return people only, each once: no business accounts, no contact halves of person accounts."""
    person = sobject == "Account"
    return [row for row in twin.org.rows(sobject) if bool(row.get("IsPersonAccount")) is person]


def emails(twin: Twin, sobject: str) -> list[str]:
    return [row[EMAILS[sobject]] for row in records(twin, sobject) if row[EMAILS[sobject]]]


def test_as_many_as_were_ordered(planted: Twin) -> None:
    assert [len(records(planted, sobject)) for sobject in EMAILS] == [300, 300, 100]
    assert len(planted.contacts.everyone()) == 500


def test_the_same_seed_makes_the_same_people(planted: Twin) -> None:
    again = Twin(State())
    again.seed(ORDER)
    for sobject in EMAILS:
        keys = ("Id", "LastName", EMAILS[sobject], "Phone")
        assert [[row[key] for key in keys] for row in records(again, sobject)] == [
            [row[key] for key in keys] for row in records(planted, sobject)
        ]
    assert [(one.id, one.email) for one in again.contacts.everyone()] == [
        (one.id, one.email) for one in planted.contacts.everyone()
    ]
    assert again.seeded == planted.seeded


def test_another_seed_makes_others() -> None:
    names = []
    for seed in (1, 2):
        twin = Twin(State())
        twin.seed(Population(seed=seed, leads=5))
        names.append([row["LastName"] for row in records(twin, "Lead")])
    assert names[0] != names[1]


def test_nobody_has_a_real_address(planted: Twin) -> None:
    everyone = [email for sobject in EMAILS for email in emails(planted, sobject)]
    everyone += [one.email.lower() for one in planted.contacts.everyone()]
    assert {email.partition("@")[2] for email in everyone} == {"example.com", "example.pl"}


def test_records_without_an_address_are_the_no_email_issues(planted: Twin) -> None:
    missing = {row["Id"] for name, field in EMAILS.items() for row in records(planted, name) if not row[field]}
    assert missing == {one.salesforce_id for one in planted.seeded.records if one.reason == "NO_EMAIL"}
    assert missing


def test_two_leads_of_one_address_are_the_ambiguous_issues(planted: Twin) -> None:
    preferred = {*emails(planted, "Contact"), *emails(planted, "Account")}
    by_email: dict[str, list[str]] = {}
    for row in records(planted, "Lead"):
        if row["Email"] and row["Email"] not in preferred:
            by_email.setdefault(row["Email"], []).append(row["Id"])
    first = {min(numbers) for numbers in by_email.values() if len(numbers) > 1}
    assert first == {one.salesforce_id for one in planted.seeded.records if one.reason == "AMBIGUOUS_MATCH"}
    assert first


def test_contacts_and_person_accounts_are_never_ambiguous(planted: Twin) -> None:
    counts = Counter([*emails(planted, "Contact"), *emails(planted, "Account")])
    assert max(counts.values()) == 1


def test_cities_too_long_for_salesforce_are_the_too_long_issues(planted: Twin) -> None:
    long = {one.id for one in planted.contacts.everyone() if one.city and len(one.city) > 40}
    issues = [one for one in planted.seeded.records if one.reason == "VALUE_TOO_LONG"]
    assert long == {one.salesmanago_id for one in issues}
    assert {one.field for one in issues} == {"address.city"}
    matched = [one for one in issues if one.salesforce_id is not None]
    assert 0 < len(matched) < len(issues)
    for issue in matched:
        row = planted.org.get({"PersonAccount": "Account"}.get(issue.object, issue.object), str(issue.salesforce_id))
        prefix = {"Lead": "", "Contact": "Mailing", "PersonAccount": "PersonMailing"}[issue.object]
        assert row is not None
        assert row[f"{prefix}City"] is None


def test_nothing_else_breaks_a_limit_of_either_side(planted: Twin) -> None:
    for sobject in EMAILS:
        fields = planted.org.all_fields(sobject)
        for row in records(planted, sobject):
            for name, value in row.items():
                if isinstance(value, str) and fields[name].length:
                    assert len(value) <= min(fields[name].length, 255), (sobject, name, value)
    for one in planted.contacts.everyone():
        limits = {one.name: 121, one.phone: 40, one.street: 255, one.zip_code: 20, one.country: 80, one.company: 255}
        assert all(len(value) <= limit for value, limit in limits.items() if value)


def test_every_kind_of_person_is_there(planted: Twin) -> None:
    cards = [full_card(one) for one in planted.contacts.everyone()]
    known = {email for sobject in EMAILS for email in emails(planted, sobject)}
    both = [card for card in cards if card["email"].lower() in known]
    assert 200 < len(both) < 300
    assert any(card["email"] != card["email"].lower() for card in both)
    assert any(card["company"] is None for card in cards)
    assert any(card["name"] is None for card in cards)
    assert any(card["optedOut"] for card in both)
    assert any(row["HasOptedOutOfEmail"] for row in records(planted, "Lead"))
    assert {"CUSTOMER", "PROSPECT", "PARTNER", "OTHER"} == {card["state"] for card in cards}
    companies = [row["Company"] for row in records(planted, "Lead")]
    assert None in companies
    shadowed = set(emails(planted, "Lead")) & ({*emails(planted, "Contact"), *emails(planted, "Account")})
    assert shadowed


def test_everything_happened_in_the_past(planted: Twin) -> None:
    now = planted.state.clock.seconds()
    assert all(one.created_on <= one.modified_on < now for one in planted.contacts.everyone())
    for sobject in EMAILS:
        for row in records(planted, sobject):
            assert row["CreatedDate"] <= row["LastModifiedDate"] == row["SystemModstamp"] < planted.org.now()


def test_a_second_planting_adds_to_the_first() -> None:
    twin = Twin(State())
    for seed in (1, 1):
        twin.seed(Population(seed=seed, leads=40, contacts=20, salesmanago=40))
    assert len(records(twin, "Lead")) == 80
    ambiguous = [count for count in Counter(emails(twin, "Lead")).values() if count > 1]
    assert len(ambiguous) == twin.seeded.report()["issues"]["AMBIGUOUS_MATCH"]  # type: ignore[index]


def test_an_org_without_person_accounts_takes_none() -> None:
    twin = Twin(State())
    twin.state.settings["salesforce"]["person_accounts"] = False
    with pytest.raises(ValueError, match="person_accounts"):
        twin.seed(Population(person_accounts=1))


@pytest.mark.parametrize("text", ["leads=1,contacts=2", " leads = 1 , contacts = 2 ,"])
def test_an_order_is_read_from_the_command_line(text: str) -> None:
    assert Population.parse(text, 5) == Population(seed=5, leads=1, contacts=2)
