from __future__ import annotations

from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce

from twin.salesforce import Org
from twin.salesforce.ids import BUSINESS, PERSON, PERSON_USER


@pytest.fixture(autouse=True)
def external_id(org: Org) -> None:
    org.add_field("Contact", {"name": "Ext__c", "type": "string", "length": 40, "externalId": True, "unique": True})
    org.add_field("Contact", {"name": "Loose__c", "type": "string", "length": 40, "externalId": True})
    org.add_field(
        "Contact",
        {"name": "Race__c", "label": "Race", "type": "picklist", "picklist": ["Mars"], "restrictedPicklist": True},
    )


def call(client: Salesforce, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.session.request(method, client.base_url + path, json=body, headers={**client.headers, **sent})


def create(client: Salesforce, sobject: str, **record: Any) -> Any:
    return call(client, "POST", f"sobjects/{sobject}/", record).json()


LONG = "x" * 256


@pytest.mark.parametrize(
    ("sobject", "record", "error"),
    [
        (
            "Contact",
            {"FirstName": "A"},
            {
                "message": "Required fields are missing: [LastName]",
                "errorCode": "REQUIRED_FIELD_MISSING",
                "fields": ["LastName"],
            },
        ),
        (
            "Account",
            {"Name": LONG},
            {
                "message": f"Account Name: data value too large: {LONG} (max length=255)",
                "errorCode": "STRING_TOO_LONG",
                "fields": ["Name"],
            },
        ),
        (
            "Contact",
            {"LastName": "A", "Email": "x@y"},
            {
                "message": "Email: invalid email address: x@y",
                "errorCode": "INVALID_EMAIL_ADDRESS",
                "fields": ["Email"],
            },
        ),
        (
            "Contact",
            {"LastName": "A", "Race__c": "Venus"},
            {
                "message": "Race: bad value for restricted picklist field: Venus",
                "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                "fields": ["Race__c"],
            },
        ),
        (
            "Contact",
            {"LastName": "A", "foo": 1},
            {"message": "No such column 'foo' on sobject of type Contact", "errorCode": "INVALID_FIELD"},
        ),
        (
            "Contact",
            {"LastName": "A", "Name": "B"},
            {
                "message": "Unable to create/update fields: Name. Please check the security settings of this field "
                "and verify that it is read/write for your profile or permission set.",
                "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
                "fields": ["Name"],
            },
        ),
        (
            "Account",
            {"LastName": "A", "Name": "B"},
            {
                "message": "Account: bad field names on insert/update call: LastName",
                "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
                "fields": ["LastName"],
            },
        ),
        (
            "Account",
            {"LastName": "A", "Name": "B", "RecordTypeId": PERSON},
            {
                "message": "Account: bad field names on insert/update call: Name",
                "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
                "fields": ["Name"],
            },
        ),
        (
            "Contact",
            {"LastName": "A", "AccountId": "001gK0000000001"},
            {"message": "invalid cross reference id", "errorCode": "INVALID_CROSS_REFERENCE_KEY", "fields": []},
        ),
        (
            "Contact",
            {"LastName": "A", "AccountId": "003gK0000000001QAA"},
            {
                "message": "Account ID: id value of incorrect type: 003gK0000000001QAA",
                "errorCode": "FIELD_INTEGRITY_EXCEPTION",
                "fields": ["AccountId"],
            },
        ),
        (
            "Account",
            {"Name": "A", "RecordTypeId": "012gK0000000009QAA"},
            {
                "message": "Record Type ID: this ID value isn't valid for the user: 012gK0000000009QAA",
                "errorCode": "INVALID_CROSS_REFERENCE_KEY",
                "fields": ["RecordTypeId"],
            },
        ),
    ],
)
def test_a_bad_record_is_refused_in_the_real_words(
    client: Salesforce, org: Org, sobject: str, record: dict[str, Any], error: dict[str, Any]
) -> None:
    answer = call(client, "POST", f"sobjects/{sobject}", record)
    assert (answer.status_code, answer.json()) == (400, [error])
    assert org.rows(sobject) == []


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("LastName", 5, "string from VALUE_NUMBER_INT"),
        ("DoNotCall", "perhaps", "boolean from VALUE_STRING"),
        ("Birthdate", "01/02/2003", "date from VALUE_STRING"),
        ("Birthdate", "2026-W01-1", "date from VALUE_STRING"),
        ("Birthdate", "2026-001", "date from VALUE_STRING"),
        ("Birthdate", "20260101", "date from VALUE_STRING"),
        ("Birthdate", "２０２６-01-01", "date from VALUE_STRING"),
        ("Birthdate", "1699-12-31", "date from VALUE_STRING"),
        ("MailingLatitude", "NaN", "double from VALUE_STRING"),
        ("MailingLatitude", "1e400", "double from VALUE_STRING"),
        ("MailingLatitude", "1_0", "double from VALUE_STRING"),
        ("MailingLatitude", "５", "double from VALUE_STRING"),
        ("MailingLatitude", "north", "double from VALUE_STRING"),
    ],
)
def test_a_value_of_the_wrong_kind_fails_the_whole_call(
    client: Salesforce, org: Org, field: str, value: Any, kind: str
) -> None:
    records = [
        {"attributes": {"type": "Contact"}, "LastName": "Good"},
        {"attributes": {"type": "Contact"}, "LastName": "Bad", field: value},
    ]
    answer = call(client, "POST", "composite/sobjects", {"records": records})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert kind in answer.json()[0]["message"]
    assert org.rows("Contact") == []


def test_null_empties_and_a_missing_key_keeps(client: Salesforce, org: Org) -> None:
    made = create(client, "Contact", LastName="A", Title="Dr", Phone="1", Department="D", DoNotCall=True)["id"]
    body = {"Title": None, "Phone": "  ", "DoNotCall": None}
    assert call(client, "PATCH", f"sobjects/Contact/{made}", body).status_code == 204
    row = org.get("Contact", made)
    assert row is not None
    assert (row["Title"], row["Phone"], row["Department"], row["DoNotCall"]) == (None, None, "D", False)


def test_a_required_field_cannot_be_emptied(client: Salesforce, org: Org) -> None:
    made = org.insert("Contact", {"LastName": "A"})
    answer = call(client, "PATCH", f"sobjects/Contact/{made}", {"LastName": ""})
    assert answer.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_a_unique_value_names_its_owner(client: Salesforce, org: Org) -> None:
    first = org.insert("Contact", {"LastName": "A", "Ext__c": "k"})
    assert create(client, "Contact", LastName="B", Ext__c="K") == [
        {
            "message": f"duplicate value found: Ext__c duplicates value on record with id: {first[:15]}",
            "errorCode": "DUPLICATE_VALUE",
            "fields": [],
        }
    ]


def test_several_matches_of_an_external_id_are_listed(client: Salesforce, org: Org) -> None:
    ids = [org.insert("Contact", {"LastName": name, "Loose__c": "k"}) for name in "AB"]
    answer = call(client, "PATCH", "sobjects/Contact/Loose__c/K", {"Title": "T"})
    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v66.0/sobjects/Contact/{one}" for one in ids]


def test_an_upsert_by_an_unknown_key_is_404(client: Salesforce) -> None:
    answer = call(client, "PATCH", "sobjects/Contact/Nope__c/1", {"LastName": "A"})
    message = "Provided external ID field does not exist or is not accessible: Nope__c"
    assert (answer.status_code, answer.json()) == (404, [{"message": message, "errorCode": "NOT_FOUND"}])


def test_an_upsert_keeps_its_key_out_of_the_body(client: Salesforce) -> None:
    answer = call(client, "PATCH", "sobjects/Contact/Ext__c/k", {"LastName": "A", "Ext__c": "k"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


@pytest.mark.parametrize(
    ("identifier", "status", "code"),
    [
        ("nonsense", 400, "MALFORMED_ID"),
        ("00QgK0000000001UAA", 400, "MALFORMED_ID"),
        ("003gK0000000001QAA", 404, "NOT_FOUND"),
    ],
)
def test_ids_that_lead_nowhere(client: Salesforce, identifier: str, status: int, code: str) -> None:
    for method, body in (("GET", None), ("PATCH", {"Title": "T"}), ("DELETE", None)):
        answer = call(client, method, f"sobjects/Contact/{identifier}", body)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_a_row_that_moved_is_not_overwritten(client: Salesforce, org: Org) -> None:
    made = org.insert("Contact", {"LastName": "A"})
    answer = call(
        client,
        "PATCH",
        f"sobjects/Contact/{made}",
        {"Title": "T"},
        If_Unmodified_Since="Tue, 01 Jan 2019 00:00:00 GMT",
    )
    assert (answer.status_code, org.rows("Contact")[0]["Title"]) == (412, None)


def test_who_changed_a_record_last(client: Salesforce, org: Org) -> None:
    made = org.insert("Contact", {"LastName": "A"})
    before = org.rows("Contact")[0]["LastModifiedById"]
    org.state.clock.advance(60)
    call(client, "PATCH", f"sobjects/Contact/{made}", {"Title": "T"})
    row = org.rows("Contact")[0]
    assert (before, row["LastModifiedById"]) == ("005gK0000000002QAA", org.state.credentials.salesforce.user_id)
    assert row["SystemModstamp"] == row["LastModifiedDate"] > row["CreatedDate"]
    assert row["SystemModstamp"].endswith(".000+0000")


# -- person accounts


def test_a_person_account_is_one_account_and_one_contact(client: Salesforce, org: Org) -> None:
    org.add_field("Contact", {"name": "Note__c", "type": "string", "length": 20})
    made = create(
        client,
        "Account",
        LastName="Nowak",
        FirstName="Ewa",
        PersonEmail="E@example.com",
        RecordTypeId=PERSON,
        Note__pc="n",
    )["id"]
    account, contact = org.rows("Account")[0], org.rows("Contact")[0]
    assert (account["Id"], account["Name"], account["IsPersonAccount"]) == (made, "Ewa Nowak", True)
    assert (contact["Id"], contact["AccountId"]) == (account["PersonContactId"], made)
    assert (contact["Email"], contact["Note__c"], contact["IsPersonAccount"]) == ("e@example.com", "n", True)


def test_both_rows_of_a_person_account_stay_in_step(client: Salesforce, org: Org) -> None:
    org.insert("Account", {"LastName": "Nowak", "IsPersonAccount": True})
    account, contact = org.rows("Account")[0], org.rows("Contact")[0]
    org.state.clock.advance(60)
    answer = call(client, "PATCH", f"sobjects/Contact/{contact['Id']}", {"LastName": "Kowal", "MailingCity": "Łódź"})
    assert answer.status_code == 204
    after, there = org.rows("Account")[0], org.rows("Contact")[0]
    assert (after["LastName"], after["Name"], after["PersonMailingCity"]) == ("Kowal", "Kowal", "Łódź")
    assert after["LastModifiedDate"] == there["LastModifiedDate"] > account["LastModifiedDate"]


def test_the_contact_of_a_person_account_goes_with_its_account(client: Salesforce, org: Org) -> None:
    made = org.insert("Account", {"LastName": "Nowak", "IsPersonAccount": True})
    contact = org.rows("Contact")[0]["Id"]
    refused = call(client, "DELETE", f"sobjects/Contact/{contact}")
    assert refused.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert call(client, "DELETE", f"sobjects/Account/{made}").status_code == 204
    assert org.rows("Contact") == []


def test_a_person_account_needs_a_last_name_and_a_company_a_name(client: Salesforce) -> None:
    assert create(client, "Account", RecordTypeId=PERSON)[0]["fields"] == ["LastName"]
    assert create(client, "Account", RecordTypeId=BUSINESS)[0]["fields"] == ["Name"]


def test_a_lead_needs_a_company_only_without_person_accounts(client: Salesforce, org: Org) -> None:
    assert create(client, "Lead", LastName="A")["success"]
    org.settings["person_accounts"] = False
    assert create(client, "Lead", LastName="A")[0]["fields"] == ["Company"]


# -- duplicate rules


def test_duplicate_rules_are_off_until_switched_on(client: Salesforce, org: Org) -> None:
    first = org.insert("Contact", {"LastName": "A", "Email": "a@example.com"})
    twin = {"LastName": "B", "Email": "A@example.com"}
    assert call(client, "POST", "sobjects/Contact", twin).status_code == 201
    org.settings["duplicate_rules"] = {"Contact": "alert"}
    answer = call(client, "POST", "sobjects/Contact", twin)
    [body] = answer.json()
    assert (answer.status_code, body["errorCode"], body["message"]) == (
        400,
        "DUPLICATES_DETECTED",
        "Use one of these records?",
    )
    assert body["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == first
    allowed = call(client, "POST", "sobjects/Contact", twin, Sforce_Duplicate_Rule_Header="allowSave=true")
    assert allowed.status_code == 201
    org.settings["duplicate_rules"] = {"Contact": "block"}
    blocked = call(client, "POST", "sobjects/Contact", twin, Sforce_Duplicate_Rule_Header="allowSave=true")
    assert blocked.status_code == 400


# -- assignment rules


def test_an_assignment_rule_moves_a_record_unless_told_not_to(client: Salesforce, org: Org) -> None:
    org.settings["assignment_owners"] = {"Lead": PERSON_USER}
    own = org.state.credentials.salesforce.user_id
    made = org.insert("Lead", {"LastName": "A", "OwnerId": own})
    call(client, "PATCH", f"sobjects/Lead/{made}", {"Phone": "1"}, Sforce_Auto_Assign="FALSE")
    assert org.rows("Lead")[0]["OwnerId"] == own
    call(client, "PATCH", f"sobjects/Lead/{made}", {"Phone": "2"})
    assert org.rows("Lead")[0]["OwnerId"] == PERSON_USER


# -- state and country picklists


@pytest.fixture
def listed(org: Org) -> None:
    org.settings["state_country_picklists"] = True


@pytest.mark.usefixtures("listed")
def test_country_and_code_set_each_other(client: Salesforce, org: Org) -> None:
    create(client, "Contact", LastName="A", MailingCountry="poland")
    create(client, "Contact", LastName="B", MailingCountryCode="US", MailingStateCode="CA")
    first, second = org.rows("Contact")
    assert (first["MailingCountry"], first["MailingCountryCode"]) == ("Poland", "PL")
    assert (second["MailingCountry"], second["MailingState"]) == ("United States", "California")
    [refused] = call(client, "PATCH", f"sobjects/Contact/{second['Id']}", {"MailingCountry": "Poland"}).json()
    assert (refused["errorCode"], refused["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["MailingState"])
    both = {"MailingCountry": "Poland", "MailingState": None}
    assert call(client, "PATCH", f"sobjects/Contact/{second['Id']}", both).status_code == 204
    call(client, "PATCH", f"sobjects/Contact/{first['Id']}", {"MailingCountry": None})
    assert org.rows("Contact")[0]["MailingCountryCode"] is None


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            {"MailingCountry": "Polska"},
            "There's a problem with this country, even though it may appear correct. Please select a "
            "country/territory from the list of valid countries.: Mailing Country",
        ),
        (
            {"MailingCountry": "Poland", "MailingState": "Mazowieckie"},
            "There's a problem with this state, even though it may appear correct. Please select a "
            "state from the list of valid states.: Mailing State/Province",
        ),
        (
            {"MailingState": "California"},
            "A country/territory must be specified before specifying a state value for field: Mailing State/Province",
        ),
    ],
)
def test_places_that_are_on_no_list_are_refused(
    client: Salesforce, org: Org, address: dict[str, str], message: str
) -> None:
    [error] = create(client, "Contact", LastName="A", **address)
    assert (error["errorCode"], error["message"], error["fields"]) == (
        "FIELD_INTEGRITY_EXCEPTION",
        message,
        [list(address)[-1]],
    )
    assert org.rows("Contact") == []


def test_codes_do_not_exist_without_the_picklists(client: Salesforce) -> None:
    assert "MailingCountryCode" not in {field["name"] for field in client.Contact.describe()["fields"]}


def test_a_trigger_changes_texts_and_a_query_names_everybody_twice(client: Salesforce, org: Org) -> None:
    org.settings.update(keeps="upper", list_twice=True)
    made = client.Lead.create({"LastName": "Nowak", "Company": "Acme", "Email": "jan@example.com", "Status": "Open"})
    client.Lead.update(made["id"], {"City": "Łódź"})
    answer = client.query("SELECT LastName, City, Email, Status FROM Lead")
    rows = [(row["LastName"], row["City"], row["Email"], row["Status"]) for row in answer["records"]]
    assert rows == [("NOWAK", "ŁÓDŹ", "jan@example.com", "Open")] * 2
