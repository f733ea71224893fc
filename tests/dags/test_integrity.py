from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, RetryAction, TriggerRule

from salesmanago_sync.dags import full_sync
from salesmanago_sync.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    IssuesFoundError,
    RetriableError,
    SyncError,
    UnknownOutcomeError,
)
from salesmanago_sync.hooks import pool
from salesmanago_sync.overview.progress import ELSEWHERE, STEPS
from tests.sync_tasks import TASKS

ROOT = Path(__file__).resolve().parents[2]
FULL, INCREMENTAL = "salesmanago_full_sync", "salesmanago_incremental_sync"
BOTH = (FULL, INCREMENTAL)
SETUP = "salesmanago_setup"
PROBE = "salesmanago_probe"
EXPORT = "salesmanago_export"
CONSENT = "salesmanago_consent"
AUDIT = "salesmanago_audit"
UNDO = "salesmanago_undo"
SCHEDULE = "SALESMANAGO_SYNC_SCHEDULE"
OBJECTS = ["Lead", "Contact", "PersonAccount"]
# What talks much to a service; the rest asks a question or two, or nothing at all.
IN_THE_POOL = {
    "extract_salesforce",
    "extract_salesmanago",
    "extract_contacts",
    "gather_counterparts",
    "write_consent",
    "canary",
    "write",
    "follow_up",
}
NAME = "salesmanago_sync"
DEFINITIONS = ("full_sync", "incremental_sync", "consent", "audit", "undo", "setup", "export")
HEAVY = {"pandas", "numpy", "pyarrow", "requests", "urllib3", "simple_salesforce"}

SHARED_PARAMS: dict[str, dict[str, Any]] = {
    "objects": {"default": [], "type": "array", "items": {"type": "string", "enum": OBJECTS}},
    "direction": {"default": "both", "type": "string", "enum": ["both", "to_salesmanago", "to_salesforce"]},
    "canary": {"default": None, "type": ["null", "integer"], "minimum": 1, "maximum": 2000},
    "dry_run": {"default": False, "type": "boolean"},
}
PARAMS = {
    FULL: {**SHARED_PARAMS, "fields": {"default": [], "type": "array", "items": {"type": "string"}}},
    INCREMENTAL: {
        **SHARED_PARAMS,
        "since": {"default": None, "type": ["null", "string"], "format": "date-time"},
        "emails": {"default": None, "type": ["null", "array"], "items": {"type": "string"}},
        "ids": {"default": None, "type": ["null", "array"], "items": {"type": "string"}},
    },
}
# What Params are validated by; the rest of their schema is for the form.
MEANING = {"type", "items", "enum", "format", "minimum", "maximum", "pattern", "const"}


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Callable[[], DagBag]:
    """Parses the folder as Airflow does."""
    monkeypatch.delenv(SCHEDULE, raising=False)
    return lambda: DagBag(dag_folder=str(ROOT / "dags"))


@pytest.fixture
def bag(parse: Callable[[], DagBag]) -> DagBag:
    return parse()


@pytest.fixture(params=BOTH)
def dag(request: pytest.FixtureRequest, bag: DagBag) -> DAG:
    found: DAG = bag.dags[request.param]
    return found


def test_the_folder_holds_these_dags_and_no_fault(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert {line.warning_num for line in bag.dagbag_stats} == {0}
    assert set(bag.dags) == {*BOTH, SETUP, PROBE, CONSENT, AUDIT, UNDO, EXPORT}


def test_the_dag_files_work_in_any_folder_and_not_from_the_repository(tmp_path: Path) -> None:
    folder = Path(
        shutil.copytree(ROOT / "dags", tmp_path / "team" / "crm", ignore=shutil.ignore_patterns("__pycache__"))
    )
    bag = DagBag(dag_folder=str(tmp_path), bundle_path=tmp_path, bundle_name="other", safe_mode=True)
    assert bag.import_errors == {}
    assert {dag.fileloc for dag in bag.dags.values()} == {str(folder / f"{name}.py") for name in bag.dags}
    assert set(bag.dags) == {*BOTH, SETUP, PROBE, CONSENT, AUDIT, UNDO, EXPORT}
    assert {dag.relative_fileloc for dag in bag.dags.values()} == {f"team/crm/{name}.py" for name in bag.dags}


def test_a_definition_reads_the_environment_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_NOTIFIER", "any.Notifier")
    assert full_sync.salesmanago_full_sync().has_on_failure_callback is True
    monkeypatch.delenv("SALESMANAGO_SYNC_NOTIFIER")
    assert full_sync.salesmanago_full_sync().has_on_failure_callback is False


def test_the_values_of_one_run_are_not_those_of_the_next() -> None:
    first, second = full_sync.salesmanago_full_sync(), full_sync.salesmanago_full_sync()
    first.params["dry_run"] = True
    assert (first.params["dry_run"], second.params["dry_run"]) == (True, False)


def test_params_are_typed_and_have_the_documented_defaults(dag: DAG) -> None:
    found = {
        name: {"default": param.value, **{key: value for key, value in param.schema.items() if key in MEANING}}
        for name, param in ((name, dag.params.get_param(name)) for name in dag.params)
    }
    assert found == PARAMS[dag.dag_id]


def test_the_form_explains_every_param(dag: DAG) -> None:
    params = {name: dag.params.get_param(name) for name in dag.params}
    assert {name: param.schema["title"] for name, param in params.items() if not param.schema.get("title")} == {}
    assert [name for name, param in params.items() if not re.fullmatch(r"[A-Z].{20,}\.", param.description or "")] == []


@pytest.mark.parametrize(
    ("name", "value"), [("objects", ["Leads"]), ("objects", "Lead"), ("direction", "to_mars"), ("dry_run", "yes")]
)
def test_a_bad_param_is_refused_before_anything_runs(dag: DAG, name: str, value: Any) -> None:
    param = dag.params.get_param(name)
    with pytest.raises(ValueError, match="Failed validating"):
        param.resolve(value)


@pytest.mark.parametrize(
    ("setting", "schedule"),
    [(None, "*/15 * * * *"), ("0 * * * *", "0 * * * *"), ("none", None), (" None ", None), ("every hour", None)],
)
def test_the_schedule_is_read_from_the_environment(
    parse: Callable[[], DagBag], monkeypatch: pytest.MonkeyPatch, setting: str | None, schedule: str | None
) -> None:
    if setting is not None:
        monkeypatch.setenv(SCHEDULE, setting)
    bag = parse()
    assert bag.import_errors == {}
    dags = bag.dags
    assert dags[INCREMENTAL].schedule == schedule
    assert dags[INCREMENTAL].timetable.can_be_scheduled is (schedule is not None)
    assert dags[FULL].schedule is None, "the full sync starts by hand"


def test_runs_come_one_at_a_time_and_never_from_the_past(dag: DAG) -> None:
    assert dag.max_active_runs == 4, "the lock lets one work; others wait for it, or for the answer to a question"
    assert dag.catchup is False
    assert dag.start_date is not None
    assert dag.start_date.utcoffset().total_seconds() == 0


def test_people_find_the_dags_by_tag_and_owner(dag: DAG) -> None:
    assert dag.tags == {"crm-sync", "two-way", "tier-1"}
    assert {task.owner for task in dag.tasks} == {"crm-sync"}


def test_the_runbook_tells_what_to_do(dag: DAG) -> None:
    runbook = dag.doc_md
    assert runbook.startswith("### SALESmanago: ")
    assert "**Is it safe to run again?** Yes." in runbook
    [red] = re.findall(r"\*\*What a red run means\*\*\n\n((?:- .+\n?)+)", runbook)
    assert [line.split(":")[0] for line in red.splitlines()] == [
        "- `report` red, the rest green",
        "- `preflight` red",
        "- anything else red",
    ]


def test_the_runbook_names_only_what_exists(dag: DAG) -> None:
    named = set(re.findall(r"`(\w+)`", dag.doc_md)) - {"none", SCHEDULE}
    assert named <= set(dag.task_ids)


def test_the_tasks_come_in_the_order_of_the_run(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == list(TASKS)


def test_what_talks_to_the_services_is_bounded_by_the_pool(dag: DAG) -> None:
    pools = {task.task_id: task.pool for task in dag.tasks}
    assert pools == {task: pool.POOL if task in IN_THE_POOL else "default_pool" for task in TASKS}


def test_closing_and_reporting_follow_whatever_happened(dag: DAG) -> None:
    # A mapped task has its rule as plain text.
    rules = {task.task_id: TriggerRule(task.trigger_rule).value for task in dag.tasks}
    rules = {name: rule for name, rule in rules.items() if rule != "all_success"}
    assert rules == {
        "gather_counterparts": "none_failed_min_one_success",  # no contact that changed skips what reads cards
        "bind": "none_failed_min_one_success",  # within the limits nobody is asked
        "write": "none_failed_min_one_success",  # without a canary that task is skipped
        "follow_up": "none_failed_min_one_success",  # nothing to write skips what writes
        "commit": "none_failed_min_one_success",  # a dry run skips what writes
        "close": "all_done_setup_success",  # the teardowns of start
        "report": "all_done_setup_success",
    }
    # `start` is the one success that lets `close` run after a failure; skipped, it lets nothing run.
    assert dag.get_task("close").upstream_task_ids == {"start", "commit"}


def test_the_report_alone_ends_the_run(dag: DAG) -> None:
    assert [task.task_id for task in dag.leaves] == ["report"], "another leaf could turn a red report green"
    assert dag.get_task("report").retries == 0


def test_other_dags_hear_of_synchronised_people_once_all_is_written(dag: DAG) -> None:
    outlets = {task.task_id: {outlet.name for outlet in task.outlets} for task in dag.tasks if task.outlets}
    assert outlets == {"follow_up": {"salesforce_people", "salesmanago_people"}}


def test_lineage_is_told_of_what_a_task_reads(dag: DAG) -> None:
    inlets = {task.task_id: {inlet.name for inlet in task.inlets} for task in dag.tasks if task.inlets}
    assert inlets == {
        "extract_salesforce": {"salesforce_people"},
        "extract_salesmanago": {"salesmanago_people"},
        "extract_contacts": {"salesmanago_people"},
        "gather_counterparts": {"salesforce_people", "salesmanago_people"},
        "follow_up": {"salesforce_people", "salesmanago_people"},
    }


def test_opt_outs_wait_for_no_asset(bag: DagBag) -> None:
    assert [task for task in bag.dags[CONSENT].tasks if task.inlets or task.outlets] == []


def test_mapped_tasks_have_names_to_read(dag: DAG) -> None:
    mapped = {task.task_id: task.map_index_template for task in dag.tasks if task.is_mapped}
    assert set(mapped) == {"extract_salesforce", "extract_contacts", "plan", "write"}
    assert all(mapped.values())


def test_the_errors_of_the_retry_policy_are_ours(dag: DAG) -> None:
    for task in dag.tasks:
        for rule in task.retry_policy.rules:
            listed = rule.exception if isinstance(rule.exception, list) else [rule.exception]
            classes = [getattr(import_module(name.rpartition(".")[0]), name.rpartition(".")[2]) for name in listed]
            assert all(issubclass(found, SyncError) for found in classes)


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (ConfigurationError([]), RetryAction.FAIL),
        (FatalError("x"), RetryAction.FAIL),
        (AuthenticationError("x"), RetryAction.FAIL),
        (UnknownOutcomeError("x"), RetryAction.FAIL),
        (IssuesFoundError("x"), RetryAction.FAIL),
        (RetriableError("x"), RetryAction.RETRY),
        (ConnectionError("x"), RetryAction.DEFAULT),
    ],
)
def test_a_task_is_tried_again_only_where_that_helps(dag: DAG, error: Exception, action: RetryAction) -> None:
    for task in dag.tasks:
        assert task.retry_policy.evaluate(error, 1, 2).action is action


@pytest.mark.slow
def test_parsing_loads_nothing_heavy() -> None:
    loaded = modules_after("; ".join(f"import salesmanago_sync.dags.{name}" for name in DEFINITIONS))
    assert HEAVY & loaded.keys() == set()
    assert {module for module in loaded if module.startswith(NAME) and not module.startswith(f"{NAME}.dags")} <= {
        "salesmanago_sync",
        "salesmanago_sync.errors",  # the retry policy looks whether its classes exist
        "salesmanago_sync.pair",  # names
        "salesmanago_sync.provider",
        "salesmanago_sync.schedules",  # needs what Airflow has loaded already
        "salesmanago_sync.visible",  # spells the texts of errors
    }


@pytest.mark.slow
def test_the_plugin_is_registered_once_and_from_the_package() -> None:
    loaded = modules_after(
        "from airflow import plugins_manager as loader; found, errors = loader._get_plugins(); "
        f"assert [p.name for p in found].count({NAME!r}) == 1, found; assert errors == {{}}, errors"
    )
    assert f"{NAME}.plugin" in loaded
    package = str(ROOT / "plugins" / "salesmanago_sync")
    stray = [name for name, file in loaded.items() if file.startswith(package) and not name.startswith(NAME)]
    assert stray == [], "executed once more under the bare name of its file"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("component", "executor", "imported"),
    [
        ("scheduler", "LocalExecutor", True),
        ("scheduler", "CeleryExecutor", False),
        ("triggerer", "LocalExecutor", False),
    ],
)
def test_a_scheduler_that_forks_its_tasks_imports_for_them(
    component: str, executor: str, imported: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    program = f"sys.argv = ['airflow', '{component}']\nfrom airflow.jobs.job import Job\nJob()"
    of_tasks = {"pandas", "pyarrow.parquet", "salesmanago_sync.hooks.ports", "salesmanago_sync.steps.planning"}
    assert of_tasks & modules_after(program).keys() == (of_tasks if imported else set())


def modules_after(statement: str) -> dict[str, str]:
    """Return the modules, with their files, that a fresh interpreter has after a statement."""
    program = (
        f"import sys, json\n{statement}\n"
        "found = {name: getattr(module, '__file__', None) or '' for name, module in list(sys.modules.items())}\n"
        "print(json.dumps(found))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return loaded


def test_a_person_who_watches_is_told_every_task_in_words(bag: DagBag) -> None:
    assert tuple(STEPS) == TASKS
    tasks = {task.task_id for dag_id in (*BOTH, AUDIT, UNDO) for task in bag.dags[dag_id].tasks}
    # A run of its own does the rest.
    assert tasks - {"synchronised"} == {*STEPS, *ELSEWHERE}


def test_a_consent_lane_that_is_two_intervals_late_is_told(bag: DagBag) -> None:
    [alert] = bag.dags[CONSENT].deadline
    assert bag.dags[CONSENT].schedule == "*/5 * * * *"
    assert alert.interval == timedelta(minutes=10)
    module, _, name = alert.callback.path.rpartition(".")
    assert callable(getattr(import_module(module), name))
