from __future__ import annotations

import os
from typing import Any

import pytest

from demo.airflow_process import PROJECT
from demo.twin_process import Twin
from salesmanago_sync.domain.reasons import ISSUES
from tests.browser.airflow_ui import AirflowUi
from tests.twin_server import Control

TASKS = (
    "start",
    "preflight",
    "fix_window",
    "extract_salesforce",
    "extract_salesmanago",
    "gather_counterparts",
    "match",
    "plan",
    "bind",
    "write_consent",
    "write",
    "follow_up",
    "commit",
    "close",
    "report",
)
ALL_GREEN = {task: {"Success"} for task in TASKS}
# More than the sync waits for late commits.
SETTLED_SECONDS = 120
PICTURE = PROJECT / "docs" / "images" / "full-sync.png"


@pytest.mark.timeout(3600)
def test_a_person_runs_both_syncs_and_reads_what_went_wrong(twin: Twin, ui: AirflowUi) -> None:
    control = Control(twin.ready["control"])
    seeded = control.get("/seeded")
    assert {"NO_EMAIL", "AMBIGUOUS_MATCH", "VALUE_TOO_LONG"} == set(seeded["issues"])

    ui.open_dag("salesmanago_full_sync")
    ui.switch_on()
    form = ui.open_trigger_form()
    ui.reads(form, "Objects", "Only these objects", "Direction", "Which side may be written", "Dry run")
    ui.trigger(form)
    assert ui.wait_for_run() == "Failed"
    number = len(seeded["records"])
    ui.shows(f"{number} open issues, {number} of them new")
    assert ui.task_states(TASKS) == {**ALL_GREEN, "report": {"Failed"}}, "the sync worked, some records did not"
    if os.environ.get("UPDATE_IMAGES"):
        ui.picture(PICTURE)
    ui.open_log("report")
    for reason, count in seeded["issues"].items():
        ui.shows(f"{reason}: {count} ({count} new)", ISSUES[reason].fix)

    for record in seeded["records"]:
        mend(control, record)
    control.post("/clock", {"advance": SETTLED_SECONDS})

    ui.open_dag("salesmanago_incremental_sync")
    ui.switch_on()
    form = ui.open_trigger_form()
    ui.reads(form, "Since", "People", "Only these people")
    ui.trigger(form)
    assert ui.wait_for_run() == "Success"
    ui.shows("0 open issues, 0 of them new")
    assert ui.task_states(TASKS) == ALL_GREEN
    control.close()


def mend(control: Control, record: dict[str, Any]) -> None:
    """Do what the report says: shorten the value, or give the record an address of its own."""
    if record["reason"] == "VALUE_TOO_LONG":
        control.patch(f"/salesmanago/contacts/{record['salesmanago_id']}", {"address": {"city": "Holyhead"}})
        return
    sobject, field = {"PersonAccount": ("Account", "PersonEmail")}.get(record["object"], (record["object"], "Email"))
    address = f"{record['salesforce_id'].lower()}@example.com"
    control.patch(f"/salesforce/{sobject}/{record['salesforce_id']}", {field: address})
