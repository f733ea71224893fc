"""A run that finds nothing to do asks little, and leaves out what has nothing to do."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.integration.direct import Direct
from tests.integration.sync import Done, Sync

# The account's users, three objects of Salesforce, and two lists of SALESmanago.
MOST_CALLS = 6
SCHEDULE_SECONDS = 900
IDLE = {"extract_contacts", "plan", "guard", "ask", "resume", "bind", "write_consent", "canary", "write", "follow_up"}


def asked(sync: Sync) -> list[str]:
    """The requests since the log of calls was emptied, log-ins excepted."""
    log = sync.control.get("/calls")["log"]
    return [f"{call['system']} {call['method']} {call['path']}" for call in log if "/oauth2/token" not in call["path"]]


def run(sync: Sync) -> Done:
    """Run by schedule, a quarter of an hour later."""
    sync.later(SCHEDULE_SECONDS)
    sync.forget_calls()
    done = sync.incremental(scheduled=True)
    assert done.green, done.tasks
    return done


def test_an_idle_run_asks_little_skips_what_has_nothing_to_do_and_moves_the_watermark(sync: Sync) -> None:
    for name in ("anna", "ewa", "jan"):
        sync.lead(Email=f"{name}@example.com")
    assert sync.full().green
    run(sync)
    run(sync)
    before = sync.watermark
    done = run(sync)
    assert len(asked(sync)) <= MOST_CALLS, asked(sync)
    assert {name for name, state in done.tasks.items() if state == "skipped"} == IDLE
    assert {state for name, state in done.tasks.items() if name not in IDLE} == {"success"}
    assert before
    assert sync.watermark
    assert before["salesforce"] < sync.watermark["salesforce"]
    assert before["salesmanago"] < sync.watermark["salesmanago"]
    done.says("0 open issues, 0 of them new")


def describes(direct: Direct) -> int:
    """How often Salesforce was asked for its fields, since the log of calls was emptied."""
    return len([call for call in direct.control.get("/calls")["log"] if call["path"].endswith("/describe")])


def test_what_salesforce_said_of_itself_serves_scheduled_runs_for_an_hour(direct: Direct) -> None:
    direct.record("Lead", LastName="Nowak", Company="Acme", Email="anna@example.com")
    direct.sync("full")
    direct.scheduled = True
    direct.sync()
    assert describes(direct) == 0
    direct.scheduled = False
    direct.sync()
    assert describes(direct) > 0, "whoever starts a run wants to know"
    direct.scheduled = True
    direct.sync()
    assert describes(direct) == 0
    direct.later(3600)
    direct.sync()
    assert describes(direct) > 0
    direct.sync()
    assert describes(direct) == 0
    direct.settings = direct.settings.model_copy(update={"org_check_seconds": 0})
    direct.later(1)
    direct.sync()
    assert describes(direct) > 0


def test_another_mapping_and_a_run_that_failed_have_salesforce_asked_anew(direct: Direct, tmp_path: Path) -> None:
    direct.sync("full")
    direct.scheduled = True
    direct.sync()
    assert describes(direct) == 0
    mappings = tmp_path / "mappings"
    shutil.copytree(direct.settings.mappings, mappings)
    direct.settings = direct.settings.model_copy(update={"mappings": mappings})
    (mappings / "lead.yaml").write_text((mappings / "lead.yaml").read_text() + "# edited\n")
    direct.sync()
    assert describes(direct) > 0
    assert direct.crash("incremental", 20, after=False, killed=False)
    direct.sync()
    assert describes(direct) > 0
    direct.sync()
    assert describes(direct) == 0
