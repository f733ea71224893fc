"""The set-up of Salesforce as DAG runs against the twin: what it shows, brings, keeps and takes back."""

from __future__ import annotations

import hashlib

import pytest

from tests.integration.sync import Sync
from tests.integration.workshop import Workshop

pytestmark = pytest.mark.airflow

LEAD_LAYOUT = "Lead-Lead Layout"
ORIGINALS = [LEAD_LAYOUT, "Contact-Contact Layout", "PersonAccount-Person Account Layout"]
OURS = ["Lead-SALESmanago", "Contact-SALESmanago", "PersonAccount-SALESmanago"]

FIELD = """<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
    <fields>
        <fullName>vendor__Rank__c</fullName>
        <label>Rank</label>
        <length>20</length>
        <type>Text</type>
    </fields>
</CustomObject>
"""


def without_section(layout: bytes) -> bytes:
    """Take our section out, as a person with an editor would."""
    start = layout.rindex(b"    <layoutSections>", 0, layout.index(b"<label>SALESmanago</label>"))
    end = layout.index(b"</layoutSections>\n", start) + len(b"</layoutSections>\n")
    return layout[:start] + layout[end:]


@pytest.fixture
def org(sync: Sync) -> Workshop:
    """Salesforce as its administrator works in it."""
    return Workshop(sync.twin)


def test_a_check_shows_everything_and_changes_nothing(sync: Sync, org: Workshop) -> None:
    before = org.layouts(*ORIGINALS)
    done = sync.run("salesmanago_setup")
    assert done.green
    assert done.tasks["deploy"] == done.tasks["connect"] == "skipped"
    done.says(
        "new       CustomField Lead.SALESmanago_Contact_Id__c",
        "+++ Lead-Lead Layout (then)",
        "+        <label>SALESmanago</label>",
        "Salesforce would take the package",
        "check only: nothing was changed",
        "stays empty until salesforce_card: true",
        "By hand in Salesforce:",
    )
    assert org.layouts(*ORIGINALS) == before
    assert not org.has_field("Lead", "SALESmanago_Contact_Id__c")
    assert sync.rows("SELECT * FROM layout_edits") == []


def test_it_is_set_up_once_and_a_second_run_changes_nothing(sync: Sync, org: Workshop) -> None:
    before = org.layouts(*ORIGINALS)
    done = sync.run("salesmanago_setup", check_only=False)
    assert done.green
    done.says("set-up done", "Lead-Lead Layout", "PersonAccount-Person Account Layout")
    for sobject in ("Lead", "Contact", "Account"):
        assert org.has_field(sobject, "SALESmanago_Score__c")
    after = org.layouts(*ORIGINALS)
    for name in ORIGINALS:
        assert after[name] != before[name]
        assert b"<label>SALESmanago</label>" in after[name]
    kept = {row["layout"]: row for row in sync.rows("SELECT * FROM layout_edits")}
    for name in ORIGINALS:
        assert kept[name]["original"] == before[name]
        assert kept[name]["deployed_sha256"] == hashlib.sha256(after[name]).hexdigest(), "as Salesforce spells it"
    key = sync.twin.connections["salesmanago_default"]["extra"]["microsite_key"]
    assert org.setting()["Microsite_Key__c"] == key
    assert key not in done.log
    assert key not in sync.xcoms()
    assert key.encode() not in org.everything_deployed()

    org.forget_deployments()
    again = sync.run("salesmanago_setup", check_only=False)
    assert again.green
    again.says("Nothing to deploy", "nothing to do")
    assert org.deployments() == 0
    assert org.layouts(*ORIGINALS) == after


def test_undo_gives_the_layouts_back_and_keeps_the_fields(sync: Sync, org: Workshop) -> None:
    before = org.layouts(*ORIGINALS)
    assert sync.run("salesmanago_setup", check_only=False).green
    looked = sync.run("salesmanago_setup", undo=True)
    assert looked.green
    looked.says("-        <label>SALESmanago</label>", "undo, check only")
    assert org.layouts(*ORIGINALS) != before

    done = sync.run("salesmanago_setup", undo=True, check_only=False)
    assert done.green
    done.says("The fields stay")
    assert org.layouts(*ORIGINALS) == before
    assert org.has_field("Lead", "SALESmanago_Score__c")
    assert org.setting()["Microsite_Key__c"] is None
    again = sync.run("salesmanago_setup", undo=True, check_only=False)
    assert again.green
    again.says("Nothing to undo")


def test_undo_refuses_what_somebody_changed_since(sync: Sync, org: Workshop) -> None:
    assert sync.run("salesmanago_setup", check_only=False).green
    theirs = org.edit_layout(LEAD_LAYOUT, b"<label>SALESmanago</label>", b"<label>Marketing</label>")
    done = sync.run("salesmanago_setup", undo=True, check_only=False)
    assert done.red == {"compare"}
    done.says(
        "was changed after the set-up", "+        <label>Marketing</label>", "-        <label>SALESmanago</label>"
    )
    assert org.layouts(LEAD_LAYOUT)[LEAD_LAYOUT] == theirs
    others = sync.run("salesmanago_setup", undo=True, check_only=False, objects=["Contact", "PersonAccount"])
    assert others.green
    assert b"SALESmanago" not in org.layouts(ORIGINALS[1])[ORIGINALS[1]]


def test_every_hostile_layout_gets_its_section_and_gives_it_back(sync: Sync, org: Workshop) -> None:
    kinds = ("many", "unknown", "namespaced", "special", "cased", "managed")
    names = {
        kind: str(sync.control.post("/salesforce/layouts", {"kind": kind, "owner": "Lead"})["name"]) for kind in kinds
    }
    before = org.layouts(*names.values())
    done = sync.run("salesmanago_setup", check_only=False, objects=["Lead"])
    assert done.green
    done.says("belongs to a managed package, and is left alone")
    after = org.layouts(*names.values())
    changed = {kind for kind, name in names.items() if after[name] != before[name]}
    assert changed == {"many", "unknown", "namespaced", "special"}
    for kind in changed:
        assert without_section(after[names[kind]]) == before[names[kind]], "every other byte stays"
    assert sync.run("salesmanago_setup", check_only=False, undo=True).green
    assert org.layouts(*names.values()) == before


def test_a_section_that_is_there_under_another_case_is_left_alone(sync: Sync, org: Workshop) -> None:
    theirs = org.edit_layout(LEAD_LAYOUT, b"<label>Lead Information</label>", b"<label>salesMANAGO</label>")
    done = sync.run("salesmanago_setup", check_only=False, objects=["Lead"])
    assert done.green
    done.says("unchanged Layout Lead-Lead Layout")
    assert org.layouts(LEAD_LAYOUT)[LEAD_LAYOUT] == theirs


def test_a_layout_of_our_own_is_assigned_to_profiles_and_taken_back(sync: Sync, org: Workshop) -> None:
    before = org.layouts(*ORIGINALS), org.assignments("Standard", *ORIGINALS, *OURS)
    done = sync.run("salesmanago_setup", check_only=False, layouts=["SALESmanago"], profiles=["Standard User"])
    assert done.green
    done.says("assigned  Standard: Lead-Lead Layout → Lead-SALESmanago")
    assert org.layouts(*ORIGINALS) == before[0], "existing layouts are left alone"
    assert set(OURS) == org.assignments("Standard", *ORIGINALS, *OURS)
    assert "Lead-SALESmanago" not in org.assignments("Admin", *OURS)
    again = sync.run("salesmanago_setup", check_only=False, layouts=["SALESmanago"], profiles=["Standard User"])
    assert again.green
    again.says("nothing to do")

    # An administrator gives Contacts another layout meanwhile: that is his.
    org.assign("Standard", "Contact-Contact Layout")
    undone = sync.run("salesmanago_setup", check_only=False, undo=True)
    assert undone.green
    undone.says("assigned  Standard: back to Lead-Lead Layout", "somebody has assigned another layout since")
    assert (org.layouts(*ORIGINALS), org.assignments("Standard", *ORIGINALS, *OURS)) == before


def test_undo_deletes_the_fields_when_asked(sync: Sync, org: Workshop) -> None:
    assert sync.run("salesmanago_setup", check_only=False).green
    done = sync.run("salesmanago_setup", check_only=False, undo=True, delete_fields=True)
    assert done.green
    assert not org.has_field("Lead", "SALESmanago_Score__c")
    assert not org.has_field("Account", "SALESmanago_Contact_Id__c")


def test_everything_that_is_in_the_way_is_told_at_once(sync: Sync, org: Workshop) -> None:
    # Nobody was granted the field: describe does not show it.
    taken = FIELD.replace("vendor__Rank__c", "SALESmanago_Score__c")
    org.deploy({"CustomField": ["Contact.SALESmanago_Score__c"]}, {"objects/Contact.object": taken.encode()})
    org.forget_deployments()
    sync.connect("salesmanago_default", microsite_key=None)
    done = sync.run("salesmanago_setup", check_only=False, layouts=["Lead Layuot"])
    assert done.red == {"preflight"}
    done.says(
        "3 faults to correct",
        "MicroSite Key: is missing",
        "Contact.SALESmanago_Score__c: is a field of type Text, not Number",
        "there is no layout 'Lead Layuot'",
    )
    assert org.deployments() == 0


def test_a_user_who_may_not_change_metadata_is_told(sync: Sync) -> None:
    denied = ("PermissionsModifyMetadata", "PermissionsModifyAllData", "PermissionsAuthorApex")
    sync.control.post("/salesforce/settings", {"permissions": dict.fromkeys(denied, False)})
    done = sync.run("salesmanago_setup")
    assert done.red == {"preflight"}
    done.says("1 fault to correct", "its user lacks Modify Metadata Through Metadata API Functions, Author Apex.")


def test_an_edition_without_the_api_is_told_in_plain_words(sync: Sync) -> None:
    sync.control.post("/salesforce/settings", {"api_enabled": False})
    done = sync.run("salesmanago_setup")
    assert done.red == {"preflight"}
    done.says("This edition has no REST API")


def test_the_limit_of_custom_fields_is_told_before_salesforce_does(sync: Sync) -> None:
    sync.control.post("/salesforce/settings", {"organization_type": "Professional Edition"})
    for number in range(96):
        sync.control.post(
            "/salesforce/fields",
            {"sobject": "Lead", "field": {"name": f"F{number}__c", "type": "string", "length": 20}},
        )
    done = sync.run("salesmanago_setup")
    assert done.red == {"preflight"}
    done.says("Lead: has 96 custom fields; 7 more would pass the limit of 100 (Professional Edition)")


def test_what_salesforce_refuses_is_told_before_anything_is_changed(sync: Sync, org: Workshop) -> None:
    before = org.layouts(*ORIGINALS)
    sync.control.post("/salesforce/settings", {"custom_field_limit": 1})
    done = sync.run("salesmanago_setup", check_only=False)
    assert done.red == {"check"}
    done.says("The maximum number of custom fields", "Nothing was changed")
    assert org.layouts(*ORIGINALS) == before
    assert sync.rows("SELECT * FROM layout_edits") == []


def test_without_a_landing_page_the_set_up_warns_and_goes_on(sync: Sync, org: Workshop) -> None:
    sync.connect("salesmanago_default", iframe_name=None)
    done = sync.run("salesmanago_setup", check_only=False, objects=["Lead"])
    assert done.green
    done.says("iFrame Name: is not set")
    assert org.setting()["Page_Name__c"] is None
