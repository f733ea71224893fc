from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce import Salesforce

from tests.unit.twin.salesforce.metadata.conftest import MetadataApi, document, text_field, zipped
from twin.faults import Fault
from twin.salesforce import Org

EXTERNAL = "<externalId>true</externalId><unique>true</unique>"
NAMED = {"CustomField": ["Lead.SM_Id__c"]}
FIELD = {"objects/Lead.object": document("CustomObject", text_field("SM_Id__c", EXTERNAL))}
GRANTS = "".join(
    f"<fieldPermissions><editable>true</editable><field>{name}</field><readable>true</readable></fieldPermissions>"
    for name in ("Lead.SM_Id__c", "Contact.SM_Id__c")
)
PERMISSIONS = {"permissionsets/SM_Sync.permissionset": document("PermissionSet", GRANTS + "<label>SM sync</label>")}


def see(client: Salesforce, org: Org) -> None:
    """Give the user of the API the permission set."""
    found = client.query("SELECT Id FROM PermissionSet WHERE Name = 'SM_Sync'")["records"]
    user = org.state.credentials.salesforce.user_id
    answer: Any = client.restful(
        "sobjects/PermissionSetAssignment",
        method="POST",
        json={"AssigneeId": user, "PermissionSetId": found[0]["Id"]},
    )
    assert answer["success"] is True


def deploy_both(metadata: MetadataApi) -> None:
    fields = [f"{owner}.SM_Id__c" for owner in ("Lead", "Contact")]
    files = {f"objects/{owner}.object": FIELD["objects/Lead.object"] for owner in ("Lead", "Contact")}
    result = metadata.deploy({"CustomField": fields, "PermissionSet": ["SM_Sync"]}, files | PERMISSIONS)
    assert result["status"] == "Succeeded", result


def test_a_deployed_field_is_seen_by_nobody_until_it_is_granted(
    metadata: MetadataApi, client: Salesforce, org: Org
) -> None:
    deploy_both(metadata)
    assert "SM_Id__c" not in {field["name"] for field in client.Lead.describe()["fields"]}
    see(client, org)
    (field,) = [one for one in client.Lead.describe()["fields"] if one["name"] == "SM_Id__c"]
    told = ("type", "length", "externalId", "unique", "idLookup", "updateable", "label")
    assert [field[key] for key in told] == ["string", 64, True, True, True, True, "SM"]


def test_a_granted_external_id_takes_upserts(metadata: MetadataApi, client: Salesforce, org: Org) -> None:
    deploy_both(metadata)
    see(client, org)
    client.Lead.upsert("SM_Id__c/a-1", {"LastName": "Nowak", "Company": "Acme"})
    client.Lead.upsert("SM_Id__c/a-1", {"LastName": "Kowalska"})
    body = {
        "allOrNone": False,
        "records": [{"attributes": {"type": "Contact"}, "SM_Id__c": "a-2", "LastName": "Nowak"}],
    }
    answer: Any = client.restful("composite/sobjects/Contact/SM_Id__c", method="PATCH", json=body)
    assert (answer[0]["success"], answer[0]["created"]) == (True, True)
    read = client.query("SELECT LastName, SM_Id__c FROM Lead")["records"]
    assert [(row["LastName"], row["SM_Id__c"]) for row in read] == [("Kowalska", "a-1")]


def test_read_access_alone_does_not_let_write(metadata: MetadataApi, client: Salesforce, org: Org) -> None:
    readable = {path: text.replace("<editable>true", "<editable>false") for path, text in PERMISSIONS.items()}
    members = {"CustomField": ["Lead.SM_Id__c", "Contact.SM_Id__c"], "PermissionSet": ["SM_Sync"]}
    contact = {"objects/Contact.object": FIELD["objects/Lead.object"]}
    assert metadata.deploy(members, FIELD | contact | readable)["success"] is True
    see(client, org)
    (field,) = [one for one in client.Lead.describe()["fields"] if one["name"] == "SM_Id__c"]
    assert (field["createable"], field["updateable"]) == (False, False)


def test_the_result_tells_of_every_component(metadata: MetadataApi) -> None:
    result = metadata.deploy(NAMED, FIELD)
    assert {
        "checkOnly": False,
        "done": True,
        "rollbackOnError": True,
        "runTestsEnabled": False,
    }.items() <= result.items()
    counts = ("numberComponentsDeployed", "numberComponentErrors", "numberComponentsTotal", "numberTestsTotal")
    assert [result[key] for key in counts] == [1, 0, 1, 0]
    manifest, field = result["details"]["componentSuccesses"]
    assert (manifest["fullName"], manifest["componentType"], manifest["fileName"]) == ("package.xml", "", "package.xml")
    told = ("componentType", "fullName", "fileName", "created", "changed", "deleted", "success", "problem")
    assert [field[key] for key in told] == [
        "CustomField", "Lead.SM_Id__c", "objects/Lead.object", True, True, False, True, None,
    ]  # fmt: skip
    assert (field["id"][:3], result["id"][:3], len(result["id"])) == ("00N", "0Af", 18)
    again = metadata.deploy(NAMED, FIELD)["details"]["componentSuccesses"][1]
    assert (again["created"], again["changed"]) == (False, False)


def test_a_check_changes_nothing(metadata: MetadataApi, org: Org) -> None:
    result = metadata.deploy(NAMED, FIELD, checkOnly=True)
    assert (result["status"], result["checkOnly"], result["numberComponentsDeployed"]) == ("Succeeded", True, 1)
    assert "SM_Id__c" not in org.all_fields("Lead")


@pytest.mark.parametrize(("rollback", "kept", "status"), [(True, False, "Failed"), (False, True, "SucceededPartial")])
def test_one_bad_component_takes_the_others_back_only_if_asked(
    metadata: MetadataApi, org: Org, *, rollback: bool, kept: bool, status: str
) -> None:
    fields = text_field("Good__c") + text_field("Bad__c").replace("<length>64</length>", "")
    members = {"CustomField": ["Lead.Good__c", "Lead.Bad__c"]}
    files = {"objects/Lead.object": document("CustomObject", fields)}
    result = metadata.deploy(members, files, rollbackOnError=rollback)
    assert (result["status"], "Good__c" in org.all_fields("Lead")) == (status, kept)
    (failure,) = result["details"]["componentFailures"]
    assert failure["problem"] == "Must specify 'length' for a CustomField of type Text"
    assert (failure["problemType"], failure["success"], failure["fullName"]) == ("Error", False, "Lead.Bad__c")


@pytest.mark.parametrize(
    ("name", "more", "problem"),
    [
        ("SM", "", "fullName must end with: __c or __kav or __x or __b or __e or __p or __mdt or __dll or __dlm"),
        ("a" * 41 + "__c", "", "Value too long for field: DeveloperName maximum length is:40"),
        ("SM__c", "<label/>", "Error parsing file: Element label is duplicated at this location in type CustomField"),
        ("SM__c", "<colour>red</colour>", "invalid at this location in type CustomField"),
        ("SM__c", "<unique>maybe</unique>", "'maybe' is not a valid value for the type xsd:boolean"),
        ("SM_Odd___c", "", "The Field Name can only contain underscores and alphanumeric characters."),
    ],
)
def test_a_bad_definition_is_refused(metadata: MetadataApi, name: str, more: str, problem: str) -> None:
    files = {"objects/Lead.object": document("CustomObject", text_field(name, more))}
    ((kind, full_name, text, line, column),) = metadata.failures({"CustomField": [f"Lead.{name}"]}, files)
    assert (kind, full_name, line) == ("CustomField", f"Lead.{name}", 2)
    assert problem in text
    assert column is not None


def test_a_type_is_not_changed_under_values(metadata: MetadataApi, org: Org) -> None:
    org.add_field("Lead", {"name": "SM_Id__c", "type": "double"})
    org.insert("Lead", {"LastName": "Nowak", "SM_Id__c": 7})
    ((_, _, text, _, _),) = metadata.failures(NAMED, FIELD)
    assert text == "Cannot change type due to existing data"


def test_fields_have_a_limit(metadata: MetadataApi, org: Org) -> None:
    org.settings["custom_field_limit"] = 0
    ((_, _, text, _, _),) = metadata.failures(NAMED, FIELD)
    assert "maximum number of custom fields" in text


def test_what_manifest_and_zip_do_not_share_is_told(metadata: MetadataApi) -> None:
    members = {"CustomField": ["Lead.SM_Id__c", "Lead.Gone__c"], "Layout": ["Lead-Gone"], "Nonsense": ["x"]}
    files = {"objects/Lead.object": document("CustomObject", text_field("SM_Id__c") + text_field("More__c"))}
    told = {
        (name, text) for _, name, text, _, _ in metadata.failures(members, files | {"layouts/Lead-More.layout": "x"})
    }
    lost = "was named in package.xml, but was not found in zipped directory"
    assert told == {
        ("package.xml", "Unknown type name 'Nonsense' specified in package.xml"),
        ("Lead.Gone__c", f"An object 'Lead.Gone__c' of type CustomField {lost}"),
        ("Lead-Gone", f"An object 'Lead-Gone' of type Layout {lost}"),
        ("Lead-More", "Not in package.xml"),
        ("Lead.More__c", "Not in package.xml"),
    }


@pytest.mark.parametrize("content", [b"no zip", zipped({}, {}, root="folder/")])
def test_without_a_manifest_nothing_is_deployed(metadata: MetadataApi, content: bytes) -> None:
    result = metadata.result(metadata.send(content).json()["id"])
    (failure,) = result["details"]["componentFailures"]
    assert (failure["fileName"], failure["problem"]) == ("package.xml", "No package.xml found")
    assert (result["status"], result["numberComponentsTotal"]) == ("Failed", 0)


def test_a_package_may_be_in_a_folder(metadata: MetadataApi, org: Org) -> None:
    started = metadata.send(zipped(NAMED, FIELD, root="unpackaged/"), singlePackage=False)
    assert metadata.result(started.json()["id"])["success"] is True
    assert "SM_Id__c" in org.all_fields("Lead")


def test_fields_of_a_deployed_object_need_no_line_of_their_own(metadata: MetadataApi, org: Org) -> None:
    result = metadata.deploy({"CustomObject": ["Lead"]}, FIELD)
    assert result["numberComponentsDeployed"] == 2
    assert "SM_Id__c" in org.all_fields("Lead")


def test_components_are_deleted_unless_they_are_used(metadata: MetadataApi, org: Org) -> None:
    metadata.deploy(NAMED, FIELD)
    doomed = document(
        "Package",
        "<types><members>Lead.SM_Id__c</members><members>Lead.Never__c</members><name>CustomField</name></types>"
        "<types><members>Lead-Lead Layout</members><name>Layout</name></types><version>66.0</version>",
    )
    result = metadata.deploy({}, {"destructiveChangesPost.xml": doomed}, rollbackOnError=False)
    told = {one["fullName"]: (one["deleted"], one["problemType"]) for one in result["details"]["componentSuccesses"]}
    assert told == {
        "package.xml": (False, None), "Lead.SM_Id__c": (True, None), "Lead.Never__c": (False, "Warning"),
    }  # fmt: skip
    (failure,) = result["details"]["componentFailures"]
    assert "referenced elsewhere in salesforce.com" in failure["problem"]
    assert "SM_Id__c" not in org.all_fields("Lead")


def test_a_deployment_takes_its_time(metadata: MetadataApi, org: Org) -> None:
    identifier = metadata.send(zipped(NAMED, FIELD)).json()["id"]
    org.state.faults.plant(Fault(system="salesforce", kind="job_pending", path="deployRequest"))
    early = metadata.result(identifier)
    assert (early["status"], early["done"], early["details"]) == ("InProgress", False, None)
    assert metadata.result(identifier)["status"] == "Succeeded"


def test_who_may_not_change_metadata_is_refused(metadata: MetadataApi, org: Org) -> None:
    org.settings["permissions"] = {"PermissionsModifyAllData": False, "PermissionsModifyMetadata": False}
    answer = metadata.send(zipped(NAMED, FIELD))
    message = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
    assert (answer.status_code, answer.json()) == (403, [{"message": message, "errorCode": "INSUFFICIENT_ACCESS"}])


def test_an_unknown_deployment_is_not_found(metadata: MetadataApi) -> None:
    status, fault = metadata.soap(
        "<checkDeployStatus><asyncProcessId>0Af000000000000AAA</asyncProcessId></checkDeployStatus>"
    )
    assert (status, fault.findtext("faultcode")) == (500, "sf:INVALID_CROSS_REFERENCE_KEY")
