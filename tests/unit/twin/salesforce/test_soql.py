# ruff: noqa: S608 - SOQL for an org of our own
from __future__ import annotations

import pytest

from twin.salesforce import Org
from twin.salesforce.errors import ApiError
from twin.salesforce.query import run

NAMES = ("Smith", "SMITH", "ŻÓŁW", "O'Neil", "100%", "a_b", "line\nbreak")


def found(org: Org, where: str, *, sobject: str = "Contact", deleted: bool = False) -> list[str]:
    text = f"SELECT LastName FROM {sobject} WHERE {where} ORDER BY Id"
    return [row["LastName"] for row in run(org, text, deleted=deleted, base="").records]


def refusal(org: Org, text: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        run(org, text, deleted=False, base="")
    return caught.value


@pytest.fixture
def people(org: Org) -> Org:
    for name in NAMES:
        org.insert("Contact", {"LastName": name})
    return org


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("LastName = 'smith'", ["Smith", "SMITH"]),
        ("LastName = 'żółw'", ["ŻÓŁW"]),
        (r"LastName = 'O\'Neil'", ["O'Neil"]),
        ("LastName LIKE 'SM%'", ["Smith", "SMITH"]),
        (r"LastName LIKE '%\%'", ["100%"]),
        (r"LastName LIKE 'a\_b'", ["a_b"]),
        ("LastName LIKE 'a_b'", ["a_b"]),
        ("LastName LIKE 'line%break'", ["line\nbreak"]),
        (r"LastName = 'line\nbreak'", ["line\nbreak"]),
        (r"LastName = '\u0053mith'", ["Smith", "SMITH"]),
        ("LastName IN ('100%', 'a_b')", ["100%", "a_b"]),
        ("LastName < 'b'", ["100%", "a_b"]),
        ("(NOT LastName LIKE '%i%')", ["ŻÓŁW", "100%", "a_b"]),
        ("LastName = 'Smith' AND (LastName LIKE 'S%' OR LastName = null)", ["Smith", "SMITH"]),
    ],
)
def test_text_compares_without_case(people: Org, where: str, names: list[str]) -> None:
    assert found(people, where) == names


@pytest.fixture
def with_nulls(org: Org) -> Org:
    org.add_field("Lead", {"name": "Kinds__c", "type": "multipicklist", "picklist": ["A", "B", "C"]})
    for name, industry, kinds in (("E", "Energy", "B;A"), ("B", "Banking", "C"), ("N", None, None)):
        org.insert("Lead", {"LastName": name, "Company": "X", "Industry": industry, "Kinds__c": kinds})
    return org


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Industry != 'Energy'", ["B", "N"]),
        ("Industry NOT IN ('Energy')", ["B", "N"]),
        ("(NOT Industry LIKE 'En%')", ["B", "N"]),
        ("NOT (Industry = 'Energy' OR Industry = 'Banking')", ["N"]),
        ("Industry = null", ["N"]),
        ("Industry = ''", ["N"]),
        ("Industry != null", ["E", "B"]),
        ("Industry > 'A'", ["E", "B"]),
        ("Kinds__c INCLUDES ('A;B', 'C')", ["E", "B"]),
        ("Kinds__c INCLUDES ('A')", ["E"]),
        ("Kinds__c EXCLUDES ('A')", ["B", "N"]),
        ("Kinds__c = 'A;B'", ["E"]),
        ("DoNotCall = null", ["E", "B", "N"]),
        ("DoNotCall != null", []),
        ("Owner.IsActive = true", ["E", "B", "N"]),
    ],
)
def test_null_satisfies_a_negation(with_nulls: Org, where: str, names: list[str]) -> None:
    assert found(with_nulls, where, sobject="Lead") == names


@pytest.mark.parametrize(
    ("loose", "tight"),
    [
        ("Industry != 'Energy'", "Industry != 'Energy' AND Industry != null"),
        ("Industry NOT IN ('Energy')", "(Industry NOT IN ('Energy') OR Industry = null)"),
        ("(NOT Industry LIKE 'En%')", "(NOT Industry LIKE 'En%') AND Industry != null"),
        ("Kinds__c EXCLUDES ('A')", "Kinds__c EXCLUDES ('A') AND Kinds__c != null"),
        ("NOT (Industry > 'C')", "Industry <= 'C'"),
    ],
)
def test_strict_mode_fails_where_null_decides(with_nulls: Org, loose: str, tight: str) -> None:
    with_nulls.settings["null_mode"] = "strict"
    assert "strict null mode" in refusal(with_nulls, f"SELECT Id FROM Lead WHERE {loose}").message
    found(with_nulls, tight, sobject="Lead")


HINT = "Please reference your WSDL or the describe call for the appropriate names."
NO_FOO = (
    "\nSELECT Id, Foo FROM Contact\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Contact'. "
    f"If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. {HINT}"
)
NO_NOPE = (
    "\nSELECT Id FROM Nope\n               ^\nERROR at Row:1:Column:16\nsObject type 'Nope' is not supported. If you "
    f"are attempting to use a custom object, be sure to append the '__c' after the entity name. {HINT}"
)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("SELECT Id, Foo FROM Contact", "INVALID_FIELD", NO_FOO),
        ("SELECT Id FROM Nope", "INVALID_TYPE", NO_NOPE),
    ],
)
def test_a_refused_query_points_at_the_place(org: Org, text: str, code: str, message: str) -> None:
    error = refusal(org, text)
    assert error.single() == {"message": message, "errorCode": code}


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("SELECT Id FROM Lead WHERE LastName = 'a' AND NOT LastName LIKE 'b'", "MALFORMED_QUERY", "token: 'NOT'"),
        ("SELECT Id FROM Lead WHERE City = 'a' AND City = 'b' OR City = 'c'", "MALFORMED_QUERY", "token: 'OR'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE City NOT LIKE 'a'", "MALFORMED_QUERY", "token: 'LIKE'"),
        (r"SELECT Id FROM Lead WHERE City = 'a\d'", "MALFORMED_QUERY", "escape"),
        ('SELECT Id FROM Lead WHERE City = "a"', "MALFORMED_QUERY", "token"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY", "200"),
        ("SELECT FIELDS(ALL) FROM Lead LIMIT 201", "MALFORMED_QUERY", "200"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD", "duplicate field"),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2024-01-01T00:00:00Z'", "INVALID_FIELD", "of type dateTime"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2024-01-01", "INVALID_FIELD", "of type dateTime"),
        ("SELECT Id FROM Contact WHERE Birthdate > 2024-01-01T00:00:00Z", "INVALID_FIELD", "of type date"),
        ("SELECT Id FROM Lead WHERE City = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Lead WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Id FROM Lead WHERE NumberOfEmployees LIKE '1'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Lead WHERE City INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Nope.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Id FROM Lead ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 1600-01-01T00:00:00Z", "INVALID_FIELD", "range"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
    ],
)
def test_what_soql_does_not_allow_is_refused(org: Org, text: str, code: str, part: str) -> None:
    error = refusal(org, text)
    assert (error.code, part in error.message) == (code, True), error.message


def test_ids_are_found_in_both_lengths(org: Org) -> None:
    made = org.insert("Contact", {"LastName": "A"})
    org.insert("Contact", {"LastName": "B"})
    assert found(org, f"Id = '{made[:15]}'") == found(org, f"Id IN ('{made}')") == ["A"]
    assert found(org, f"Id = '{made[:15].swapcase()}'") == []
    assert found(org, "Id > '000000000000000'") == ["A", "B"]


def test_parents_are_joined_outside(org: Org) -> None:
    account = org.insert("Account", {"Name": "Acme"})
    org.insert("Contact", {"LastName": "A", "AccountId": account})
    org.insert("Contact", {"LastName": "B"})
    assert found(org, "Account.Name = 'ACME'") == ["A"]
    assert found(org, "Account.Name = null") == ["B"]
    records = run(org, "SELECT Account.Name FROM Contact ORDER BY Id", deleted=False, base="/b").records
    assert records[0]["Account"]["Name"] == "Acme"
    assert records[0]["Account"]["attributes"]["type"] == "Account"
    assert records[1]["Account"] is None


def test_moments_compare_in_any_zone(org: Org) -> None:
    moment = org.now().replace("+0000", "Z")
    org.insert("Lead", {"LastName": "A", "Company": "X", "EmailBouncedDate": "2024-03-31T12:00:00+02:00"})
    assert found(org, "EmailBouncedDate = 2024-03-31T10:00:00Z", sobject="Lead") == ["A"]
    assert found(org, "EmailBouncedDate < 2024-03-31T11:00:00+01:00", sobject="Lead") == []
    assert found(org, f"SystemModstamp >= {moment}", sobject="Lead") == ["A"]
    assert found(org, "CreatedDate = TODAY", sobject="Lead") == found(org, "CreatedDate > YESTERDAY", sobject="Lead")
    assert found(org, "CreatedDate < LAST_N_DAYS:1", sobject="Lead") == []


def test_order_puts_nulls_first_and_ignores_case(org: Org) -> None:
    for name, city in (("1", "b"), ("2", "A"), ("3", None), ("4", "C")):
        org.insert("Contact", {"LastName": name, "MailingCity": city})
    order = "SELECT LastName FROM Contact ORDER BY MailingCity"
    names = [
        "".join(row["LastName"] for row in run(org, order + more, deleted=False, base="").records)
        for more in ("", " DESC", " DESC NULLS LAST", " LIMIT 2 OFFSET 1")
    ]
    assert names == ["3214", "3412", "4123", "21"]


def test_picklists_sort_in_the_order_of_their_values(org: Org) -> None:
    for rating in ("Cold", "Hot", "Warm"):
        org.insert("Lead", {"LastName": rating, "Company": "X", "Rating": rating})
    records = run(org, "SELECT Rating FROM Lead ORDER BY Rating", deleted=False, base="").records
    assert [row["Rating"] for row in records] == ["Hot", "Warm", "Cold"]


def test_counting(org: Org) -> None:
    for email in ("a@example.com", None):
        org.insert("Lead", {"LastName": "A", "Company": "X", "Email": email})
    assert run(org, "SELECT COUNT() FROM Lead", deleted=False, base="").total == 2
    assert run(org, "SELECT COUNT(Email) FROM Lead", deleted=False, base="").records == [
        {"attributes": {"type": "AggregateResult"}, "expr0": 1}
    ]


def test_hidden_fields_do_not_exist(org: Org) -> None:
    org.settings["hidden_fields"] = {"Lead": ["HasOptedOutOfEmail"]}
    assert refusal(org, "SELECT HasOptedOutOfEmail FROM Lead").code == "INVALID_FIELD"
    assert org.sobject("Lead").find("HasOptedOutOfEmail") is None


def test_person_fields_do_not_exist_without_person_accounts(org: Org) -> None:
    org.settings["person_accounts"] = False
    assert refusal(org, "SELECT Id FROM Contact WHERE IsPersonAccount = false").code == "INVALID_FIELD"
    assert refusal(org, "SELECT PersonEmail FROM Account").code == "INVALID_FIELD"
    assert not org.sobject("Account").fields["Name"].nillable
