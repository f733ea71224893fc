from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from twin.salesforce import Org


def test_a_created_row_comes_back_as_it_was_sent(client: Salesforce) -> None:
    made = client.Contact.create({"LastName": "Nowak", "Email": "Ewa@Example.com", "FirstName": "  Ewa "})
    row = client.Contact.get(made["id"])
    assert (row["Name"], row["Email"], row["DoNotCall"]) == ("Ewa Nowak", "ewa@example.com", False)


def test_pages_follow_one_another_to_the_end(client: Salesforce, org: Org) -> None:
    org.settings["page_size"] = 3
    ids = [org.insert("Lead", {"LastName": f"L{number}", "Company": "C"}) for number in range(8)]
    first = client.query("SELECT Id FROM Lead ORDER BY Id")
    assert (len(first["records"]), first["done"], first["totalSize"]) == (3, False, 8)
    assert [row["Id"] for row in client.query_all("SELECT Id FROM Lead ORDER BY Id")["records"]] == ids


def test_collections_answer_in_order_with_one_outcome_each(client: Salesforce) -> None:
    records = [{"attributes": {"type": "Contact"}, "LastName": "A"}, {"attributes": {"type": "Contact"}}]
    answer: Any = client.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
    assert [one["success"] for one in answer] == [True, False]
    assert answer[1]["errors"] == [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [LastName]",
            "fields": ["LastName"],
        }
    ]


def test_describe_lists_the_fields(client: Salesforce) -> None:
    fields = {field["name"]: field for field in client.Contact.describe()["fields"]}
    assert fields["LastName"]["length"] == 80
    assert not fields["LastName"]["nillable"]


def test_a_deleted_row_is_gone_and_in_the_recycle_bin(client: Salesforce, org: Org) -> None:
    made = org.insert("Contact", {"LastName": "Gone"})
    client.Contact.delete(made)
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        client.Contact.get(made)
    assert client.query("SELECT Id FROM Contact")["totalSize"] == 0
    assert client.query_all("SELECT Id, IsDeleted FROM Contact", include_deleted=True)["records"][0]["IsDeleted"]


def test_an_upsert_creates_and_then_updates(client: Salesforce, org: Org) -> None:
    org.add_field("Contact", {"name": "Ext__c", "type": "string", "length": 40, "externalId": True, "unique": True})
    assert client.Contact.upsert("Ext__c/k1", {"LastName": "A"}) == 201
    assert client.Contact.upsert("Ext__c/K1", {"LastName": "B"}) == 200
    assert [row["LastName"] for row in org.rows("Contact")] == ["B"]


def test_an_unknown_field_is_refused(client: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'foo' on sobject of type Contact"):
        client.Contact.create({"LastName": "A", "foo": 1})
