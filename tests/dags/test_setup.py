from __future__ import annotations

import re
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from salesmanago_sync.steps.setup.request import SetupRequest

ROOT = Path(__file__).resolve().parents[2]
TASKS = ["preflight", "compare", "check", "deploy", "connect", "tell"]


@pytest.fixture
def dag() -> DAG:
    found: DAG = DagBag(dag_folder=str(ROOT / "dags")).dags["salesmanago_setup"]
    return found


def test_it_starts_by_hand_and_one_at_a_time(dag: DAG) -> None:
    assert (dag.schedule, dag.catchup, dag.max_active_runs) == (None, False, 1)


def test_the_tasks_come_in_the_order_of_the_runbook(dag: DAG) -> None:
    assert [task.task_id for task in dag.topological_sort()] == TASKS
    assert {
        task.task_id: task.trigger_rule.value for task in dag.tasks if task.trigger_rule.value != "all_success"
    } == {"tell": "none_failed"}


def test_nothing_is_changed_unless_somebody_says_so(dag: DAG) -> None:
    defaults = {name: dag.params[name] for name in dag.params}
    assert defaults == {name: _plain(field.default) for name, field in SetupRequest.model_fields.items()}
    assert defaults["check_only"] is True


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def test_the_form_explains_every_param(dag: DAG) -> None:
    params = {name: dag.params.get_param(name) for name in dag.params}
    assert [name for name, param in params.items() if not param.schema.get("title")] == []
    assert [name for name, param in params.items() if not re.fullmatch(r"[A-Z].{20,}\.", param.description or "")] == []


@pytest.mark.parametrize(("name", "value"), [("objects", ["Account"]), ("check_only", "no"), ("profiles", "Admin")])
def test_a_bad_param_is_refused_before_anything_runs(dag: DAG, name: str, value: object) -> None:
    with pytest.raises(ValueError, match="Failed validating"):
        dag.params.get_param(name).resolve(value)


def test_the_runbook_names_only_what_exists(dag: DAG) -> None:
    named = set(re.findall(r"`(\w+)`", dag.doc_md or ""))
    assert named <= {*TASKS, *dag.params}
    assert "**Is it safe to run again?** Yes." in (dag.doc_md or "")
