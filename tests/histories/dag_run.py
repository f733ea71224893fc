"""A run as Airflow works it off: the state of each task, what is cleared or marked, and what always comes last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from salesmanago_sync.errors import FatalError, SyncError
from salesmanago_sync.steps.approval import Answer, answer, resume
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.contacts import list_contacts, read_cards
from salesmanago_sync.steps.extract import extract_salesforce, gather_counterparts
from salesmanago_sync.steps.guard import guard
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.parts import share_out
from salesmanago_sync.steps.planning import plan_part
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.start import start
from salesmanago_sync.steps.undo_guard import guard_undo
from salesmanago_sync.steps.undoing import end, undo_run
from salesmanago_sync.steps.window import fix_window
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.histories.bench import Bench, Killed, Mode, Moments
from tests.sync_tasks import TASKS

Clearing = Literal["failed", "downstream", "single"]
# What both sides list is one stage here, nobody is written before the others, and nothing is reported.
LISTS = ("extract_salesforce", "extract_salesmanago")
LEFT_OUT = ("canary", "report")
STAGES = tuple(dict.fromkeys("extract" if task in LISTS else task for task in TASKS if task not in LEFT_OUT))
STAGES_OF_UNDO = ("start", "preflight", "guard", "ask", "resume", "undo", "close")
# How often a run that waits for the lock asks again.
POLL_SECONDS = 60.0
# With a plan that is mapped over nothing, Airflow skips what follows from it.
SKIPPED_FOR_NOBODY = ("plan", "guard", "ask", "resume", "bind", "write_consent", "write", "follow_up")
# What a rejected plan skips; whoever clears bind alone lets it run, for the guard has succeeded.
BEHIND_BIND = ("write_consent", "write", "follow_up", "commit")
BEHIND_QUESTION = ("resume", "bind", *BEHIND_BIND, "undo")
DONE, FAILED, BLOCKED, SKIPPED = "success", "failed", "upstream_failed", "skipped"


class DagRun:
    """One run of a DAG.

    Attributes:
        states: State of each task that has one.
        errors: What each failed task said.
        answer: What a person answers when the run asks; where there is none, it never asks.
    """

    def __init__(self, bench: Bench, mode: Mode | Literal["undo"], **request: Any) -> None:
        self._bench = bench
        self.run = bench.new_run(mode, **request)
        self._stages = STAGES_OF_UNDO if mode == "undo" else STAGES
        self.answer: Answer | None = None
        self._results: dict[str, Any] = {}
        self._failed_by_hand = False
        self.states: dict[str, str] = {}
        self.errors: dict[str, Exception] = {}
        self.moments = Moments()

    @property
    def number(self) -> int:
        """The run's number in the ledger; 0 where it has none."""
        return int(self._results.get("start", {}).get("id", 0))

    @property
    def over(self) -> bool:
        """Whether Airflow says that it has ended."""
        return "close" in self.states or self._failed_by_hand

    @property
    def green(self) -> bool:
        """Whether everything came to its end."""
        return set(self.states.values()) <= {DONE, SKIPPED} and "close" in self.states

    def work(self) -> Iterator[str]:
        """Do what is to be done, task by task, up to the end; yields before each task.

        Raises:
            Killed: The worker died, and everything with it: not even the closing task runs.
        """
        for stage in self._stages:
            for name in self._tasks(stage):
                if name in self.states:
                    continue
                if stage != "close" and self._blocked(stage):
                    self.states[name] = BLOCKED
                    continue
                if stage in BEHIND_BIND and self.states.get("bind") == SKIPPED:
                    self.states[name] = SKIPPED
                    continue
                yield name
                self._do(name)

    def to_the_end(self) -> DagRun:
        """Do everything that is to be done."""
        for _ in self.work():
            pass
        return self

    def clear(self, which: Clearing, number: int) -> str:
        """Clear tasks as a person does; `number` picks the task, where one is named.

        Returns:
            The first task that was cleared; empty where there was none.
        """
        ordered = [name for stage in self._stages for name in self._tasks(stage) if name in self.states]
        if which == "failed":
            chosen = [name for name in ordered if self.states[name] in (FAILED, BLOCKED)]
        else:
            place = number % len(ordered) if ordered else 0
            chosen = ordered[place:] if which == "downstream" else ordered[place : place + 1]
        if chosen and which != "failed":
            # Whoever names tasks clears what sets them up and tears them down, too.
            chosen = list(dict.fromkeys([*chosen, *(name for name in ("start", "close") if name in self.states)]))
        for name in chosen:
            del self.states[name]
        self._failed_by_hand = self._failed_by_hand and not chosen
        return chosen[0] if chosen else ""

    def mark(self, number: int) -> str:
        """Mark a task that failed as success by hand; what waited for it goes on.

        Returns:
            The task; empty where none had failed.
        """
        failed = [name for name, state in self.states.items() if state == FAILED]
        if not failed:
            return ""
        name = failed[number % len(failed)]
        self.states[name] = DONE
        for waiting in [one for one, state in self.states.items() if state == BLOCKED]:
            del self.states[waiting]
        return name

    def fail(self) -> None:
        """Set the run to failed, as a person does: nothing more of it runs."""
        self._failed_by_hand = True
        for stage in self._stages:
            for name in self._tasks(stage):
                self.states.setdefault(name, FAILED)

    def _tasks(self, stage: str) -> list[str]:
        if stage in ("ask", "resume"):
            return [stage] if self._results.get("guard") else []
        if stage == "extract":
            records = [f"extract_salesforce[{name}]" for name in self._results.get("preflight", [])]
            return [*records, "extract_salesmanago"]
        if stage in SKIPPED_FOR_NOBODY and self._results.get("match") == []:
            return []
        if stage == "extract_contacts":
            return [
                f"extract_contacts[{number}]" for number in range(len(self._results.get("extract_salesmanago", [])))
            ]
        if stage == "write":
            return [f"write[{number}]" for number in range(len(self._results.get("bind", [])))]
        if stage == "plan":
            return [f"plan[{number}]" for number in range(len(self._results.get("match", [])))]
        return [stage]

    def _blocked(self, stage: str) -> bool:
        earlier = self._stages[: self._stages.index(stage)]
        return any(self.states.get(name) not in (DONE, SKIPPED) for one in earlier for name in self._tasks(one))

    def _do(self, name: str) -> None:
        if name == "close" and "start" not in self._results:
            self.states[name] = BLOCKED
            return
        self._bench.moments = self.moments
        self.states[name] = FAILED
        # What an earlier attempt handed on is gone once the task runs anew.
        self._results.pop(name, None)
        try:
            step, ports = self._step(name), self._ports(name)
            of_name = partial(self.moments.passes, name.partition("[")[0], lambda: step(ports))
            self._results[name] = self.moments.passes("task", of_name)
        except SyncError as error:
            self.errors[name] = error
            return
        finally:
            self._bench.moments = Moments()
        self.states[name] = DONE
        if name == "ask" and not self._answer.approved:
            self.states |= dict.fromkeys([one for one in BEHIND_QUESTION if one in self._stages], SKIPPED)

    @property
    def _answer(self) -> Answer:
        assert self.answer is not None, "only a run that somebody answers asks"
        return self.answer

    def _ports(self, stage: str) -> Ports:
        began = self._results.get("start", {})
        if stage != "start" and not began:
            # As `hooks.ports.attempt_of`, which needs Airflow.
            raise FatalError("The task start did not run, so that there is no attempt to work under.")
        # As `hooks.ports.newest`: the lock may have been taken once more after a question.
        newest = max((began, self._results.get("resume", began)), key=lambda one: one.get("attempt", 0))
        ports = self._bench.ports_of(self.run.model_copy(update=newest))
        ask = "never" if self.answer is None else "always"
        return replace(ports, settings=ports.settings.model_copy(update={"ask": ask}))

    def _waited(self, take: Callable[[Ports, timedelta], dict[str, int] | None], ports: Ports) -> dict[str, int]:
        """Try until the lock is free; each time the scheduler asks again later."""
        waited = 0.0
        while True:
            began = take(ports, timedelta(seconds=waited))
            if began is not None:
                return began
            self._bench.later(POLL_SECONDS)
            waited += POLL_SECONDS

    def _step(self, name: str) -> Callable[[Ports], Any]:
        stage, _, part = name.rstrip("]").partition("[")
        steps: dict[str, Callable[[Ports], Any]] = {
            "start": partial(self._waited, start),
            "preflight": lambda ports: preflight(ports, self._bench.account, lambda settings: None),
            "fix_window": fix_window,
            "extract_salesforce": lambda ports: extract_salesforce(ports, part, self._results.get("fix_window")),
            "extract_salesmanago": lambda ports: list_contacts(ports, self._results.get("fix_window")),
            "extract_contacts": lambda ports: read_cards(ports, self._results["extract_salesmanago"][int(part)]),
            "gather_counterparts": gather_counterparts,
            "match": share_out,
            "plan": lambda ports: plan_part(ports, self._results["match"][int(part)]),
            "guard": guard if self._stages is STAGES else guard_undo,
            "ask": lambda ports: answer(ports, self._answer),
            "resume": partial(self._waited, resume),
            "bind": bind_people,
            "write_consent": write_consent,
            "write": lambda ports: write_batches(ports, self._results["bind"][int(part)]),
            "follow_up": follow_up,
            "commit": lambda ports: commit(ports, self._results.get("fix_window")),
            "close": close if self._stages is STAGES else lambda ports: end(ports, self._results.get("undo")),
            "undo": undo_run,
        }
        return steps[stage]


__all__ = ["DONE", "FAILED", "Clearing", "DagRun", "Killed"]
