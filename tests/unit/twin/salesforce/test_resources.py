from __future__ import annotations

from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest

from twin.faults import Fault
from twin.salesforce import Org
from twin.salesforce.ids import PERSON

# What real orgs of API versions 52 to 59 put into every field of a describe.
FIELD_KEYS = """
aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive
compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate dependentPicklist
deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo
formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText label length mask maskType
name nameField namePointing nillable permissionable picklistValues polymorphicForeignKey precision queryByDistance
referenceTargetField referenceTo relationshipName relationshipOrder restrictedDelete restrictedPicklist scale
searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead
"""
OBJECT_KEYS = """
name label labelPlural keyPrefix custom createable updateable deletable queryable replicateable retrieveable searchable
mergeable undeletable recordTypeInfos childRelationships fields urls
"""


@pytest.mark.parametrize("sobject", ["Lead", "Contact", "Account", "User", "Organization", "RecordType"])
def test_describe_has_the_keys_of_a_real_org(client: Salesforce, sobject: str) -> None:
    answer: Any = client.restful(f"sobjects/{sobject}/describe", method="GET")
    assert set(OBJECT_KEYS.split()) <= answer.keys()
    assert {frozenset(field) for field in answer["fields"]} == {frozenset(FIELD_KEYS.split())}


def test_required_on_create_can_be_read_from_describe(client: Salesforce, org: Org) -> None:
    org.settings["person_accounts"] = False
    required = {}
    for sobject in ("Lead", "Contact", "Account"):
        answer: Any = client.restful(f"sobjects/{sobject}/describe", method="GET")
        required[sobject] = [
            field["name"]
            for field in answer["fields"]
            if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
        ]
    assert required == {"Lead": ["LastName", "Company"], "Contact": ["LastName"], "Account": ["Name"]}


def test_describe_names_the_record_types(client: Salesforce) -> None:
    infos: Any = client.Account.describe()["recordTypeInfos"]
    assert [info["developerName"] for info in infos] == ["Business_Account", "PersonAccount", "Master"]
    assert infos[2]["recordTypeId"] == "012000000000000AAA"
    found = client.query("SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true")
    assert [row["Id"] for row in found["records"]] == [PERSON]


def test_describe_global_and_versions(client: Salesforce, session: requests.Session) -> None:
    listed: Any = client.describe()
    assert (listed["encoding"], listed["maxBatchSize"]) == ("UTF-8", 200)
    assert {"Account", "Contact", "Lead"} <= {one["name"] for one in listed["sobjects"]}
    offered = session.get("https://x.salesforce.com/services/data").json()
    assert {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"} in offered
    assert offered[-1]["label"] == "Winter '27"
    names = session.get("https://x.salesforce.com/services/data/v66.0", headers=client.headers).json()
    assert names["query"] == "/services/data/v66.0/query"


@pytest.mark.parametrize(("version", "status"), [("v29.0", 410), ("v99.0", 404), ("vX", 404)])
def test_versions_that_are_not_there(session: requests.Session, version: str, status: int) -> None:
    assert session.get(f"https://x.salesforce.com/services/data/{version}/limits").status_code == status


def test_a_locator_ends_with_its_life(client: Salesforce, org: Org) -> None:
    org.settings["page_size"] = 1
    for name in "AB":
        org.insert("Lead", {"LastName": name})
    more = client.query("SELECT Id FROM Lead")["nextRecordsUrl"]
    assert client.query_more(more, identifier_is_url=True)["done"]
    org.state.clock.advance(3 * 86400)
    with pytest.raises(SalesforceMalformedRequest, match="invalid query locator"):
        client.query_more(more, identifier_is_url=True)


def test_pages_may_be_shorter_than_asked(client: Salesforce, org: Org) -> None:
    for number in range(5):
        org.insert("Lead", {"LastName": str(number)})
    org.state.faults.plant(Fault(system="salesforce", kind="short_pages", size=2))
    assert len(client.query("SELECT Id FROM Lead")["records"]) == 2
    assert client.query("SELECT Id FROM Lead")["done"]


def test_query_names_its_columns(client: Salesforce) -> None:
    answer: Any = client.restful("query", params={"q": "SELECT Id, Account.Name FROM Contact", "columns": "true"})
    assert [one["columnName"] for one in answer["columnMetadata"]] == ["Id", "Account.Name"]
    assert answer["columnMetadata"][0] == {
        "aggregate": False,
        "apexType": "Id",
        "booleanType": False,
        "columnName": "Id",
        "custom": False,
        "displayName": "Id",
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": False,
        "textType": True,
        "updatable": False,
    }
    assert (answer["entityName"], answer["idSelected"], answer["keyPrefix"]) == ("Contact", True, "003")


def test_updated_and_deleted_cover_a_window(client: Salesforce, org: Org) -> None:
    kept, gone = (org.insert("Contact", {"LastName": name}) for name in "AB")
    org.delete("Contact", gone)
    now = org.state.clock.now()
    start, end = now.replace(hour=0), now.replace(year=now.year + 1)
    assert client.Contact.updated(start, end)["ids"] == [kept]
    assert [one["id"] for one in client.Contact.deleted(start, end)["deletedRecords"]] == [gone]
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_REPLICATION_DATE"):
        client.Contact.deleted(end, start)


def test_counts_and_permissions(client: Salesforce, org: Org) -> None:
    org.insert("Lead", {"LastName": "A"})
    counts: Any = client.restful("limits/recordCount", params={"sObjects": "Lead,Contact"})
    assert counts == {"sObjects": [{"count": 1, "name": "Lead"}, {"count": 0, "name": "Contact"}]}
    org.settings["permissions"] = {"PermissionsViewAllData": False}
    org.settings["organization_type"] = "Professional Edition"
    [row] = client.query("SELECT PermissionsApiEnabled, PermissionsViewAllData FROM UserPermissionAccess")["records"]
    assert (row["PermissionsApiEnabled"], row["PermissionsViewAllData"]) == (True, False)
    assert client.query("SELECT OrganizationType FROM Organization")["records"][0]["OrganizationType"].startswith("Pro")


def test_an_address_has_a_longest_length(client: Salesforce) -> None:
    names = [f"'{number:0>50}'" for number in range(400)]
    with pytest.raises(SalesforceGeneralError) as refused:
        client.query(f"SELECT Id FROM Lead WHERE City IN ({','.join(names)})")  # noqa: S608 - SOQL
    assert refused.value.status == 414
    assert client.query(f"SELECT Id FROM Lead WHERE City IN ({','.join(names[:200])})")["done"]  # noqa: S608 - SOQL
