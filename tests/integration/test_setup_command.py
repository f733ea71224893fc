"""`airflow salesmanago setup` does what the DAG does."""

from __future__ import annotations

from tests.integration.commands import here
from tests.integration.sync import Sync
from tests.integration.workshop import Workshop

LAYOUT = "Lead-Lead Layout"


def test_the_command_checks_applies_and_undoes(sync: Sync) -> None:
    org = Workshop(sync.twin)
    before = org.layouts(LAYOUT)
    looked = here("setup", "--object", "Lead", "--output", "json")
    assert looked.code == 0, looked.err
    assert [(row["new"] > 0, row["layouts"]) for row in looked.rows] == [(True, 1)]
    assert "+        <label>SALESmanago</label>" in looked.err
    assert org.layouts(LAYOUT) == before

    applied = here("setup", "--apply", "--object", "Lead", "--output", "json")
    assert applied.code == 0, applied.err
    assert org.layouts(LAYOUT) != before
    key = sync.twin.connections["salesmanago_default"]["extra"]["microsite_key"]
    assert org.setting()["Microsite_Key__c"] == key
    assert key not in applied.out + applied.err
    again = here("setup", "--apply", "--object", "Lead", "--output", "json")
    assert [(row["new"], row["changed"], row["layouts"]) for row in again.rows] == [(0, 0, 0)]

    assert here("setup", "--undo", "--check").code == 0
    assert org.layouts(LAYOUT) != before
    undone = here("setup", "--undo", "--output", "json")
    assert undone.code == 0, undone.err
    assert org.layouts(LAYOUT) == before


def test_contrary_options_and_faults_end_with_a_message(sync: Sync) -> None:
    contrary = here("setup", "--apply", "--undo")
    assert contrary.code == 1
    assert "does the contrary of --undo" in contrary.err
    unknown = here("setup", "--layout", "Lead Layuot")
    assert unknown.code == 1
    assert "Did you mean 'Lead-Lead Layout'" in unknown.err
