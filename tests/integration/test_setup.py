"""The set-up of Salesforce as DAG runs against the twin: what it shows, brings, keeps and takes back."""

from __future__ import annotations

import pytest

from tests.integration.sync import Sync
from tests.integration.workshop import Workshop

LEAD_LAYOUT = "Lead-Lead Layout"
ORIGINALS = [LEAD_LAYOUT, "Contact-Contact Layout", "PersonAccount-Person Account Layout"]


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
