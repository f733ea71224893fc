from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from salesmanago_sync.domain.setup.package import card_package
from tests.unit.twin.salesforce.metadata.conftest import ENDPOINT, OBJECTS, MetadataApi, assign, unzipped
from twin.salesforce import Org
from twin.salesforce.ids import PERSON, PERSON_USER

SITE = "https://twin.example.com"
CONTACT_ID = "0d2f6a1c-0000-4000-8000-000000000001"
Open = Callable[[str], requests.Response]


@pytest.fixture
def browse(session: requests.Session, org: Org) -> Open:
    """Open an address as the user of the API."""

    def get(path: str) -> requests.Response:
        token = quote(org.state.credentials.salesforce.access_token)
        return session.get(f"{SITE}/secur/frontdoor.jsp?sid={token}&retURL={quote(path)}", timeout=30)

    return get


def frame(html: str) -> str:
    return unescape(re.findall(r'<iframe[^>]*src="([^"]*)"', html)[0])


@pytest.mark.parametrize("sobject", OBJECTS)
def test_a_record_shows_its_section_and_the_signed_frame(
    installed: MetadataApi, client: Salesforce, browse: Open, sobject: str
) -> None:
    record = {"LastName": "Nowak", "SALESmanago_Contact_Id__c": CONTACT_ID, "SALESmanago_Score__c": 70}
    more = {"Lead": {"Company": "Acme"}, "Account": {"RecordTypeId": PERSON}}
    made: Any = getattr(client, sobject).create(record | more.get(sobject, {}))
    if sobject == "Account":
        assert client.Account.get(made["id"])["IsPersonAccount"] is True
    card = browse(f"/lightning/r/{sobject}/{made['id']}/view").text
    assert '<section data-section="SALESmanago"><h2>SALESmanago</h2>' in card
    assert '<dd data-field="SALESmanago_Score__c">70</dd>' in card
    assert f'<a href="/apex/SALESmanago{sobject}?id={made["id"]}">Open the SALESmanago card</a>' in card
    assert frame(card) == f"/apex/SALESmanago{sobject}?id={made['id']}"
    page = browse(frame(card))
    signed = hashlib.sha1(f"client 1{CONTACT_ID}key&1crm card".encode(), usedforsecurity=False).hexdigest()
    address = f"{ENDPOINT}/ms/client%201/default/crm%20card.htm?contactId={CONTACT_ID}&sha={signed}"
    assert frame(page.text) == address
    assert "key&" not in page.text
    assert "pageBlock" not in page.text
    assert page.headers["Content-Security-Policy"].startswith(f"frame-src 'self' {ENDPOINT};")


def test_without_a_landing_page_the_page_shows_the_fields(
    installed: MetadataApi, client: Salesforce, browse: Open
) -> None:
    (row,) = client.query("SELECT Id, Page_Name__c FROM SALESmanago_Settings__c")["records"]
    client.restful(f"sobjects/SALESmanago_Settings__c/{row['Id']}", method="PATCH", json={"Page_Name__c": None})
    made: Any = client.Lead.create({"LastName": "Nowak", "Company": "A", "SALESmanago_State__c": "<b>CUSTOMER</b>"})
    page = browse(f"/apex/SALESmanagoLead?id={made['id']}").text
    assert "<iframe" not in page
    assert "<th>SALESmanago State</th><td>&lt;b&gt;CUSTOMER&lt;/b&gt;</td>" in page


def test_who_is_granted_nothing_sees_nothing(
    installed: MetadataApi, client: Salesforce, session: requests.Session, org: Org
) -> None:
    made: Any = client.Lead.create({"LastName": "Nowak", "Company": "Acme", "SALESmanago_Score__c": 70})
    org.state.credentials.salesforce.sessions["anna"] = PERSON_USER
    cookies = {"Cookie": "sid=anna"}

    def get(path: str) -> requests.Response:
        return session.get(SITE + path, headers=cookies, timeout=30)

    card, page = f"/lightning/r/Lead/{made['id']}/view", f"/apex/SALESmanagoLead?id={made['id']}"
    assert 'data-field="Company"' in get(card).text
    assert "SALESmanago_Score__c" not in get(card).text
    assert (get(page).status_code, session.get(SITE + page, timeout=30).status_code) == (403, 401)
    assign(client, org, "SALESmanago_Card", PERSON_USER)
    assert '<dd data-field="SALESmanago_Score__c">70</dd>' in get(card).text
    assert get(page).status_code == 200


def test_a_setting_is_read_and_written_by_the_api(installed: MetadataApi, client: Salesforce, org: Org) -> None:
    described: Any = client.restful("sobjects/SALESmanago_Settings__c/describe", method="GET")
    assert (described["customSetting"], described["createable"]) == (True, True)
    organization = org.state.credentials.salesforce.organization_id
    where = f"SetupOwnerId = '{organization}'"
    found = client.query(f"SELECT Endpoint__c FROM SALESmanago_Settings__c WHERE {where}")  # noqa: S608
    assert [row["Endpoint__c"] for row in found["records"]] == [ENDPOINT]
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        client.restful("sobjects/SALESmanago_Settings__c", method="POST", json={"SetupOwnerId": organization})
    org.settings["permissions"] = {"PermissionsCustomizeApplication": False}
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_TYPE"):
        client.query("SELECT Id FROM SALESmanago_Settings__c")


def test_a_permission_set_is_assigned_once(installed: MetadataApi, client: Salesforce, org: Org) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        assign(client, org, "SALESmanago_Sync", org.state.credentials.salesforce.user_id)


def class_file(installed: MetadataApi, name: str, old: str, new: str) -> dict[str, str]:
    files = unzipped(card_package(OBJECTS, ENDPOINT).to_zip("66.0"))
    source = files[f"classes/{name}.cls"].decode()
    assert old in source
    meta = files[f"classes/{name}.cls-meta.xml"].decode()
    return {f"classes/{name}.cls": source.replace(old, new, 1), f"classes/{name}.cls-meta.xml": meta}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("this.settings.Client_Id__c", "this.settings.Gone__c", "Variable does not exist: Gone__c"),
        ("String.isNotBlank", "String.isFull", "incorrect signature: void isFull(String) from the type String"),
        ("return null;", "return 7;", "Return value must be of type: String"),
        ("if (!this.getFramed())", "if (this.getContactId())", "Condition expression must be of type Boolean"),
        ("private String signature()", "private Sting signature()", "Invalid type: Sting"),
        ("signature() {", "signature() { for (;;) {}", "Unexpected token"),
        ("(String) this.person", "this.person", "Return value must be of type: String"),
        ("'SHA1', ", "", "incorrect signature: void generateDigest(Blob) from the type Crypto"),
        ("private static String encoded", "private String encoded", ""),
    ],
)  # fmt: skip
def test_a_class_that_does_not_compile_is_refused(installed: MetadataApi, old: str, new: str, problem: str) -> None:
    files = class_file(installed, "SALESmanagoCard", old, new)
    members = {"ApexClass": ["SALESmanagoCard"]}
    if not problem:
        assert installed.deploy(members, files)["success"] is True
        return
    ((kind, name, text, line, column),) = installed.failures(members, files)
    assert (kind, name) == ("ApexClass", "SALESmanagoCard")
    assert problem in text
    assert line is not None
    assert new.split("\n")[0] in files["classes/SALESmanagoCard.cls"].splitlines()[line - 1]
    assert column is not None


def test_a_wrong_order_of_the_signed_parts_fails_its_test(installed: MetadataApi, client: Salesforce) -> None:
    old = "this.settings.Client_Id__c\n            + this.getContactId()"
    files = class_file(installed, "SALESmanagoCard", old, "this.getContactId() + this.settings.Client_Id__c")
    options = {"testLevel": "RunSpecifiedTests", "runTests": ["SALESmanagoCardTest"]}
    result = installed.deploy({"ApexClass": ["SALESmanagoCard"]}, files, **options)
    assert (result["status"], result["numberTestErrors"], result["numberComponentErrors"]) == ("Failed", 1, 0)
    (failure,) = result["details"]["runTestResult"]["failures"]
    assert (failure["name"], failure["methodName"]) == ("SALESmanagoCardTest", "theAddressIsSigned")
    assert "Assertion Failed: Expected: https://app.example.com/ms/" in failure["message"]
    assert client.query("SELECT count() FROM SALESmanago_Settings__c")["totalSize"] == 1


def test_production_wants_tests_for_classes(installed: MetadataApi, org: Org) -> None:
    org.settings["organization_type"] = "Enterprise Edition"
    files = class_file(installed, "SALESmanagoCard", "/**", "/** Changed.")
    members = {"ApexClass": ["SALESmanagoCard"]}
    page = {"testLevel": None, "checkOnly": True}
    assert installed.deploy({}, {}, **page)["numberTestsTotal"] == 0
    with pytest.raises(AssertionError, match="testLevel of NoTestRun cannot be used in production organizations"):
        installed.deploy(members, files)
    assert installed.deploy(members, files, testLevel=None)["numberTestsTotal"] == 3
    alone = class_file(installed, "SALESmanagoCard", "SALESmanagoCard ", "Lonely ")
    alone = {path.replace("SALESmanagoCard", "Lonely"): text for path, text in alone.items()}
    alone["classes/Lonely.cls"] = alone["classes/Lonely.cls"].replace("public SALESmanagoCard(", "public Lonely(")
    result = installed.deploy({"ApexClass": ["Lonely"]}, alone, testLevel="RunLocalTests")
    (warning,) = result["details"]["runTestResult"]["codeCoverageWarnings"]
    assert warning["message"] == "Test coverage of selected Apex Class is 0%, at least 75% test coverage is required"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("SALESmanago_Score__c", "Score__c", "Invalid field Score__c for SObject Lead"),
        ("{!frameUrl}", "{!frameAddress}", "Unknown property 'LeadStandardController.frameAddress'"),
        ('extensions="SALESmanagoCard"', 'extensions="Gone"', "Apex class 'Gone' does not exist"),
        ("<apex:iframe", "<apex:frame", "Unknown component apex:frame"),
        ("scrolling=", "scroll=", "Unsupported attribute scroll in <apex:iframe>"),
        ("{!NOT(framed)}", "{!NEVER(framed)}", "Unknown function NEVER. Check spelling."),
        ("</apex:page>", "", "Error in SALESmanagoLead at line"),
    ],
)
def test_a_page_that_does_not_compile_is_refused(installed: MetadataApi, old: str, new: str, problem: str) -> None:
    files = unzipped(card_package(OBJECTS, ENDPOINT).to_zip("66.0"))
    markup = files["pages/SALESmanagoLead.page"].decode()
    assert old in markup
    changed = {
        "pages/SALESmanagoLead.page": markup.replace(old, new),
        "pages/SALESmanagoLead.page-meta.xml": files["pages/SALESmanagoLead.page-meta.xml"],
    }
    ((kind, _, text, _, _),) = installed.failures({"ApexPage": ["SALESmanagoLead"]}, changed)
    assert kind == "ApexPage"
    assert problem in text


def test_a_page_reads_the_fields_that_it_names_and_no_more(
    installed: MetadataApi, client: Salesforce, browse: Open
) -> None:
    files = unzipped(card_package(OBJECTS, ENDPOINT).to_zip("66.0"))
    markup = files["pages/SALESmanagoLead.page"].decode()
    line = next(one for one in markup.splitlines() if "SALESmanago_Contact_Id__c" in one)
    changed = {
        "pages/SALESmanagoLead.page": markup.replace(line, ""),
        "pages/SALESmanagoLead.page-meta.xml": files["pages/SALESmanagoLead.page-meta.xml"],
    }
    assert installed.deploy({"ApexPage": ["SALESmanagoLead"]}, changed)["success"] is True
    made: Any = client.Lead.create({"LastName": "Nowak", "Company": "Acme", "SALESmanago_Contact_Id__c": CONTACT_ID})
    page = browse(f"/apex/SALESmanagoLead?id={made['id']}")
    lost = "SObject row was retrieved via SOQL without querying the requested field: Lead.SALESmanago_Contact_Id__c"
    assert (page.status_code, lost in page.text) == (500, True)
