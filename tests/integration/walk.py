"""A run of a DAG without Airflow's scheduler, database and API: its own tasks, one after another, in this process.

Real are the DAG as its file wires it, the functions of its tasks with the arguments that the wiring gives them,
connections and settings from the environment, the staging folder and the ledger. Imitated are trigger rules, states,
XCom, Variables and the context of a task, as far as these DAGs use them; `test_walk.py` holds both against each other.
"""

from __future__ import annotations

import copy
import inspect
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from tests.integration.sync import SETTLED_SECONDS, Done, Sync
from tests.twin_server import ROOT

log = logging.getLogger("task")
SUCCESS, FAILED, SKIPPED, UPSTREAM_FAILED = "success", "failed", "skipped", "upstream_failed"
BAD = {FAILED, UPSTREAM_FAILED}
PERSON = "anna"
# Options, and what was typed into the form.
Answer = tuple[list[str], dict[str, Any]]


def unasked(question: Any) -> Answer:
    """Fail: nobody expects a question."""
    raise AssertionError(f"The run asks: {question.body}")


class Supervisor:
    """What a task asks Airflow for while it runs: Variables, and connections that the environment does not have."""

    def __init__(self, variables: dict[str, str], questions: list[Any]) -> None:
        self._variables, self._questions = variables, questions

    def send(self, msg: Any) -> Any:
        """Answer one request of the task SDK."""
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time import comms

        if isinstance(msg, comms.PutVariable):
            self._variables[msg.key] = msg.value or ""
        elif isinstance(msg, comms.GetVariable):
            if msg.key in self._variables:
                return comms.VariableResult(key=msg.key, value=self._variables[msg.key])
            return comms.ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
        elif isinstance(msg, comms.GetConnection):
            return comms.ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)
        elif isinstance(msg, comms.CreateHITLDetailPayload):
            self._questions.append(msg)
        elif not isinstance(msg, comms.MaskSecret):
            raise NotImplementedError(f"{type(msg).__name__}: a test that needs it runs in Airflow")
        return None


class TaskInstance:
    """What a task is told of itself."""

    map_index = -1

    def __init__(self, task: Any, ended: set[str], results: dict[str, Any], xcoms: list[str]) -> None:
        self.task, self.task_id, self.id = task, task.task_id, uuid4()
        self._ended, self._results, self._xcoms = ended, results, xcoms

    def get_first_reschedule_date(self, context: Any) -> None:
        """Say since when it waits: a walk never does."""

    def get_dr_count(self, dag_id: str, run_ids: list[str], states: list[str]) -> int:
        """Count runs that have ended."""
        return len(self._ended.intersection(run_ids))

    def get_task_states(self, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, dict[str, None]]:
        """Say that the tasks of runs that have not ended are still to do: only of a question is this asked."""
        return {run: dict.fromkeys(task_ids) for run in run_ids if run not in self._ended}

    def xcom_pull(self, task_ids: str, key: str = "") -> Any:
        """Give what another task handed on."""
        return self._results.get(f"{task_ids}.{key}" if key else task_ids)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep what it hands on."""
        self._xcoms.append(json.dumps(value))
        self._results[f"{self.task_id}.{key}"] = json.loads(self._xcoms[-1])


class OutletEvents:
    """Takes what a task says of its assets, and forgets it."""

    def __getitem__(self, asset: Any) -> Any:
        return SimpleNamespace(extra={})


class Walk:
    """One run.

    Attributes:
        state: Of the run, once it has ended.
        tasks: State of each task, `write[0]` for mapped ones.
    """

    def __init__(
        self,
        dag: Any,
        run_id: str,
        params: Mapping[str, Any],
        scheduled: bool,
        ended: set[str],
        xcoms: list[str],
        before: Mapping[str, Callable[[], object]],
        answer: Callable[[Any], Answer],
    ) -> None:
        self.state, self.tasks = "", dict[str, str]()
        self.skipped, self.questions, self._answer = set[str](), list[Any](), answer
        self._dag = dag
        self._results: dict[str, Any] = {}
        self._ended, self._xcoms, self._before = ended, xcoms, before
        given = copy.deepcopy(self._dag.params)
        given.update(params)
        self._context = {
            "params": given.validate(),
            "dag": dag,
            "dag_run": SimpleNamespace(
                dag_id=dag.dag_id, run_id=run_id, run_type="scheduled" if scheduled else "manual", note=None
            ),
            "outlet_events": OutletEvents(),
        }

    def run(self) -> None:
        """Run every task whose time comes."""
        for task in self._dag.topological_sort():
            verdict = self._verdict(task)
            if verdict != SUCCESS:
                self.tasks[task.task_id] = verdict
            elif task.is_mapped:
                self._run_mapped(task)
            else:
                self._run(task, task.task_id, dict(getattr(task, "op_kwargs", {})), getattr(task, "op_args", ()))
        ends = [task for task in self._dag.leaves if task.on_failure_fail_dagrun or not task.is_teardown]
        self.state = FAILED if any(BAD.intersection(self._states(end.task_id)) for end in ends) else SUCCESS

    def _states(self, task_id: str) -> list[str]:
        mapped = [state for name, state in self.tasks.items() if name.startswith(f"{task_id}[")]
        return mapped or [self.tasks[task_id]]

    def _verdict(self, task: Any) -> str:
        """Say what becomes of a task by its trigger rule: success, where it runs."""
        if task.task_id in self.skipped:
            return SKIPPED
        above = [state for one in sorted(task.upstream_task_ids) for state in self._states(one)]
        # A mapped task has it as plain text.
        rule = getattr(task.trigger_rule, "value", task.trigger_rule)
        if task.is_teardown:
            setups = {state for one in task.upstream_list if one.is_setup for state in self._states(one.task_id)}
            return next(state for state in (SUCCESS, SKIPPED, UPSTREAM_FAILED) if state in {*setups, UPSTREAM_FAILED})
        if BAD.intersection(above):
            return UPSTREAM_FAILED
        skips = {
            "all_success": SKIPPED in above,
            "none_failed_min_one_success": bool(above) and SUCCESS not in above,
            "none_failed": False,
        }
        return SKIPPED if skips[rule] else SUCCESS

    def _run_mapped(self, task: Any) -> None:
        lists = {name: self._resolved(value) for name, value in task.op_kwargs_expand_input.value.items()}
        [(name, values)] = lists.items()
        for number, value in enumerate(values):
            kwargs = {**task.partial_kwargs.get("op_kwargs", {}), name: value}
            self._run(task, f"{task.task_id}[{number}]", kwargs, ())
        if not values:
            self.tasks[task.task_id] = SKIPPED

    def _run(self, task: Any, name: str, kwargs: dict[str, Any], args: Any) -> None:
        from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped
        from airflow.sdk.execution_time.context import set_current_context

        self._before.get(task.task_id, str)()
        ti = TaskInstance(task, self._ended, self._results, self._xcoms)
        context: Any = {**self._context, "task": task, "ti": ti, "task_instance": ti}
        try:
            with set_current_context(context):
                result = self._called(task, context, kwargs, args)
        except AirflowSkipException as reason:
            log.info("Skipping task: %s", reason)
            self.tasks[name] = SKIPPED
        except DownstreamTasksSkipped as skips:
            self.tasks[name] = SUCCESS
            self.skipped.update(one if isinstance(one, str) else one[0] for one in skips.tasks)
        except Exception:
            log.exception("Task failed with exception")
            self.tasks[name] = FAILED
        else:
            self.tasks[name] = SUCCESS
            # Everything that tasks hand to each other is JSON.
            self._xcoms.append(json.dumps(result))
            self._results[name] = json.loads(self._xcoms[-1])

    def _called(self, task: Any, context: Any, kwargs: dict[str, Any], args: Any) -> Any:
        if hasattr(task, "poke"):
            looked = task.poke(context)
            if not looked.is_done:
                raise NotImplementedError("The run waits: a test of that runs in Airflow.")
            return looked.xcom_value
        if hasattr(task, "trigger_dag_id"):
            log.info("Triggering %s: %s", task.trigger_dag_id, {k: self._resolved(v) for k, v in task.conf.items()})
            return None
        if hasattr(task, "execute_complete"):
            return self._asked(task, context)
        function = task.python_callable
        wanted = inspect.signature(function).parameters.keys() & context.keys()
        given = {name: self._resolved(value) for name, value in kwargs.items()}
        result = function(*map(self._resolved, args), **{**{name: context[name] for name in wanted}, **given})
        return task.do_branch(context, result) if hasattr(task, "do_branch") else result

    def _asked(self, task: Any, context: Any) -> Any:
        """Ask, wait, and hand the answer in, as two tries of the task."""
        from airflow.sdk.exceptions import TaskAwaitingInput

        with suppress(TaskAwaitingInput):
            copy.copy(task).execute(context)
        options, chosen = self._answer(self.questions[-1])
        user = {"id": "1", "name": PERSON} if options else None
        event = {
            "chosen_options": options or task.defaults,
            "params_input": chosen,
            "responded_at": datetime.now(UTC),
            "responded_by_user": user,
            "timedout": user is None,
        }
        given: dict[str, Any] = copy.copy(task).execute_complete(context, event)
        return {**given, "responded_at": str(given["responded_at"])}

    def _resolved(self, value: Any) -> Any:
        operator = getattr(value, "operator", None)
        return value if operator is None else self._results.get(operator.task_id)


class Walked(Sync):
    """The sync, its tasks walked instead of scheduled."""

    def __enter__(self) -> Sync:
        self._variables: dict[str, str] = {}
        self._ended: set[str] = set()
        self._begun = 0
        self._xcoms: list[str] = []
        return self

    def run(
        self,
        dag_id: str,
        *,
        before: Mapping[str, Callable[[], object]] | None = None,
        scheduled: bool = False,
        answer: Callable[[Any], Answer] = unasked,
        **params: Any,
    ) -> Done:
        """Run a DAG once everything that was edited has settled; see `Sync.run`.

        Args:
            dag_id: The DAG.
            before: What happens just before a task starts, by task id.
            scheduled: Whether the schedule starts it.
            answer: What happens while the run waits for an answer, and the answer: options, none where nobody gives
                one, and what was typed into the form.
            params: Its Params.
        """
        self.later(SETTLED_SECONDS)
        self._begun += 1  # one may begin while another waits for an answer
        run_id = f"run {self._begun}"
        walk = Walk(self.dag(dag_id), run_id, params, scheduled, self._ended, self._xcoms, before or {}, answer)
        self.read_log()
        try:
            with supervised(self._variables, walk.questions):
                walk.run()
        finally:
            self._ended.add(run_id)
        return Done(walk.state, run_id, walk.tasks, self.read_log())

    def dag(self, dag_id: str) -> Any:
        """Find a DAG."""
        return dags()[dag_id]

    def variable(self, name: str) -> Any:
        """Read an Airflow Variable that holds JSON."""
        text = self._variables.get(name)
        return None if text is None else json.loads(text)

    def edit_variable(self, name: str, text: str) -> None:
        """Write the text of an Airflow Variable, as a person in the UI would."""
        self._variables[name] = text

    def xcoms(self) -> str:
        """Everything that tasks handed to each other."""
        return "\n".join(self._xcoms)


@cache
def dags() -> dict[str, Any]:
    """Read the DAG files once; a walk changes nothing in them."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert not bag.import_errors, bag.import_errors
    return dict(bag.dags)


@contextmanager
def supervised(variables: dict[str, str], questions: list[Any]) -> Iterator[None]:
    """Let this process be one that Airflow runs tasks in."""
    from airflow.sdk.execution_time.supervisor import set_supervisor_comms

    with set_supervisor_comms(Supervisor(variables, questions)):
        yield
