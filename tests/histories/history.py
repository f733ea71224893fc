"""A history: its surroundings and its steps as plain data, and what plays it and asks the laws."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from salesmanago_sync.domain.merge.pairs import AT_ONCE
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.errors import ConfigurationError, SyncError
from salesmanago_sync.overview.issues import IssueFilter, IssueRow, read_issues
from salesmanago_sync.steps.approval import Answer
from salesmanago_sync.steps.choosing import decide_conflicts
from salesmanago_sync.steps.consent_lane import carry_opt_outs
from salesmanago_sync.steps.ledger_age import noted_writes
from salesmanago_sync.steps.start import NothingToDoError
from salesmanago_sync.steps.watermark import LAST_SYNC, read_watermark
from tests.histories import laws
from tests.histories.bench import WAIT, Bench, Death, Killed, Mode, Moments, Store
from tests.histories.dag_run import DagRun
from tests.histories.diary import Diary
from tests.histories.look import KEYS, Moment, Pair, read_cards
from tests.histories.people import People, picked
from tests.histories.setups import Setup
from tests.integration.direct import SETTLED_SECONDS
from tests.twin_in_process import TwinInProcess

Step = Sequence[Any]
# Longer than any lock is held by a run that shows no sign of life.
LONG = 1200.0
# What a person types who takes neither side of a conflict.
OTHER_CITY = "Gdynia"
# So many runs bring everything to rest; each may leave to the next what became free by it.
REST_RUNS = 6
_TWO_WAIT = {"kind": "status", "status": 429, "retry_after": WAIT, "times": 2}
_NO_JOB = [{"errorCode": "INVALIDJOB", "message": "No such job"}]
# What a service does besides what it is asked.
DISTURBANCES: dict[str, list[dict[str, Any]]] = {
    "writes wait": [
        {"system": "salesforce", "path": "composite/sobjects$", **_TWO_WAIT},
        {"system": "salesmanago", "path": "contact/batchupsert", **_TWO_WAIT},
    ],
    "jobs take time": [{"system": "salesforce", "kind": "job_pending", "path": "jobs/query", "polls": 5, "times": 2}],
    "a job fails": [{"system": "salesforce", "kind": "job_failed", "path": "jobs/query"}],
    "a table breaks off": [
        {"system": "salesforce", "kind": "status", "path": "jobs/query/.*/results", "status": 400, "body": _NO_JOB}
    ],
}


@dataclass(frozen=True, slots=True)
class History:
    """What happened, in an order: verbs of `people.People` and `Player` with their values.

    Attributes:
        setup: Where it happens.
        steps: What happens.
    """

    setup: Setup
    steps: tuple[Step, ...]

    def as_text(self) -> str:
        """Write it down as one line of JSON; what is as usual is left out."""
        usual = asdict(Setup())
        special = {name: value for name, value in asdict(self.setup).items() if value != usual[name]}
        return json.dumps({"setup": special, "steps": self.steps}, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> History:
        """Read what `as_text` wrote."""
        read = json.loads(text)
        known = {one.name for one in fields(Setup)}
        special = {name: value for name, value in read["setup"].items() if name in known}
        if "objects" in special:
            special["objects"] = tuple(special["objects"])
        return cls(Setup(**special), tuple(read["steps"]))


def play(history: History, twin: TwinInProcess, folder: Path, store: Store) -> Player:
    """Play a history from its beginning to the rest at its end.

    Raises:
        AssertionError: A law was broken.
    """
    player = Player(history.setup, twin, folder, store)
    try:
        for step in history.steps:
            player.do(step)
        player.settle("full")
    finally:
        player.bench.close()
    return player


class Player:
    """Plays steps, and asks the laws after each run.

    Args:
        setup: Where it happens.
        twin: Both services; emptied first.
        folder: Where the mappings are kept.
        store: Where the ledger is kept.
    """

    def __init__(self, setup: Setup, twin: TwinInProcess, folder: Path, store: Store) -> None:
        twin.control.post("/reset")
        twin.control.post("/salesmanago/settings", setup.switches)
        twin.control.post("/salesforce/settings", setup.salesforce_switches)
        self.setup = setup
        self.bench = Bench(twin, folder, store, setup)
        self.diary = Diary()
        self.people = People(self.bench, self.diary, self.bench.look)
        self.agreed: dict[Pair, dict[str, tuple[Any, Any]]] = {}
        self._runs: list[DagRun] = []
        self._created: dict[int, set[str]] = {}
        self._lost = False
        # What undoes left both sides holding: also of somebody who was deleted at a rest, and is restored later.
        self._undone_to: dict[Pair, dict[str, tuple[Any, Any]]] = {}
        self.bench.is_over = self._is_over

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return len(self._runs)

    def do(self, step: Step) -> None:
        """Do one thing."""
        verb = str(step[0])
        if verb in VERBS:
            getattr(self, verb)(*step[1:])
        else:
            self.people.do(step)

    # -- runs

    def run(self, mode: Mode, during: Sequence[Step] = (), death: Sequence[Any] | None = None) -> None:
        """A run in which people go on working, and which may die.

        Args:
            mode: Of the run.
            during: What people do, each with kind and number of the call before which they do it.
            death: Kind and number of the call at which the worker dies, whether after it, and whether everything dies
                with it.
        """
        self._judged(self._started(mode, during, death), death)

    def clear(self, which: int, how: Any, number: int, during: Sequence[Step] = (), death: Any = None) -> None:
        """A person clears tasks of a run, also after newer runs."""
        for run in self._ended(which):
            if run.clear(how, number):
                run.moments = self._moments(during, death)
                self._judged(run, death)

    def mark(self, which: int, number: int) -> None:
        """A person marks a failed task as success."""
        for run in self._ended(which):
            if run.mark(number):
                self._judged(run, None)

    def ask(
        self,
        mode: Mode,
        scope: dict[str, Any] | None,
        waiting: Sequence[Step],
        during: Sequence[Step],
        death: Sequence[Any] | None,
    ) -> None:
        """A run asks, people and other runs go on, and somebody answers: a scope of the plan, or nothing of it."""
        run = self._started(mode, (), None)
        planned = self._asked(run, scope, waiting, during, death)
        if planned is not None:
            laws.only_what_was_approved_is_written(planned, self._rows(run), run.answer)

    def ask_undo(
        self,
        which: int,
        scope: dict[str, Any] | None,
        waiting: Sequence[Step],
        during: Sequence[Step],
        death: Sequence[Any] | None,
    ) -> None:
        """An undo asks, as `ask`."""
        for undone in self._ended(which):
            if undone.number:
                self.bench.later(SETTLED_SECONDS)
                run = self._new("undo", run=undone.number)
                planned = self._asked(run, scope, waiting, during, death)
                if planned is not None:
                    laws.an_undo_writes_what_was_approved(planned, self._rows(run), run.answer)

    def _asked(
        self,
        run: DagRun,
        scope: dict[str, Any] | None,
        waiting: Sequence[Step],
        during: Sequence[Step],
        death: Sequence[Any] | None,
    ) -> pd.DataFrame | None:
        """Let a run ask, others go on and somebody answer; return what it had planned when it asked, if it did."""
        run.answer = Answer(approved=scope is not None, who="anna", scope=Scope.model_validate(scope or {}))
        self.bench.control.delete("/calls")
        asked = "ask" in run.work()
        assert not asked or not self.bench.writes(), "a run that asks wrote before it was answered"
        if not asked:
            # There was nothing to ask about, or it failed before.
            self._judged(run, None)
            return None
        laws.the_lock_is_free(self.bench)
        if run.answer.approved and not self._offers(run, run.answer.scope):
            # Neither the form nor the run takes such an answer: the person approves all of it.
            run.answer = replace(run.answer, scope=Scope())
        planned = self._rows(run)
        for step in waiting:
            self.do(step)
        marks = self.bench.variables.get(LAST_SYNC)
        self.bench.control.delete("/calls")
        run.moments = self._moments(during, death)
        self._judged(run, death)
        if scope is None:
            assert not self.bench.writes(), "a rejected run wrote"
            assert self.bench.variables.get(LAST_SYNC) == marks, "a rejected run moved the watermark"
        return planned

    def undo(
        self,
        which: int,
        during: Sequence[Step] = (),
        death: Sequence[Any] | None = None,
        delete_created: bool = False,
    ) -> None:
        """A person puts back what a run wrote, and may delete what it created, while others go on working."""
        for run in self._ended(which):
            if run.number:
                self._undone(run, during, death, delete_created)

    def undo_at_once(self, mode: Mode, delete_created: bool = False) -> None:
        """A run works, and right after it a person puts back what it wrote, and may delete what it created."""
        before = self.bench.look()
        run = self._started(mode, (), None)
        self._judged(run, None)
        between = self.bench.look()
        undone = self._undone(run, (), None, delete_created) if run.number else None
        if undone is not None and undone.green:
            told, after = self._rows(undone), self.bench.look()
            laws.an_undo_restores(before, between, after, told, self.setup.kept, self.setup.transforms)
            if delete_created:
                laws.an_undo_deletes_what_was_created(before, between, after, told, self.setup.transforms)

    def set_failed(self, mode: Mode, tasks: int) -> None:
        """A person sets a run to failed while it works: nothing more of it runs."""
        self.bench.later(SETTLED_SECONDS)
        run = self._new(mode)
        before, since = self.bench.look(), self.bench.clock()
        for number, _ in enumerate(run.work()):
            if number >= tasks:
                run.fail()
                break
        self.bench.later(LONG)
        self._judge(before, since, run)

    def overtake(self, mode: Mode, tasks: int, stalled: float, other: Mode, death: Sequence[Any] | None = None) -> None:
        """A run stands still between two tasks, another one works, and the first goes on."""
        self.bench.later(SETTLED_SECONDS)
        before, since = self.bench.look(), self.bench.clock()
        runs = [self._new(mode)]
        for number, _ in enumerate(runs[0].work()):
            if number == tasks:
                self.bench.later(stalled)
                runs.append(self._new(other))
                runs[1].moments = self._moments((), death)
                self._work(runs[1], death)
        self.bench.later(LONG)
        self._judge(before, since, *runs)

    def interleave(self, mode: Mode, other: Mode, turns: Sequence[int]) -> None:
        """Two runs take turns, task by task; a second one comes though the lock should keep it out."""
        self.bench.later(SETTLED_SECONDS)
        before, since = self.bench.look(), self.bench.clock()
        runs = [self._new(mode), self._new(other)]
        works = [run.work() for run in runs]
        for turn in turns:
            next(works[turn % 2], None)
        for work in works:
            for _ in work:
                pass
        self.bench.later(LONG)
        self._judge(before, since, *runs)

    def lose_answer(self, mode: Mode, system: str) -> None:
        """A service does what it was asked and its answer is lost."""
        path = "composite/sobjects$" if system == "salesforce" else "contact/batchupsert"
        fault = {"system": system, "kind": "reset_after", "method": "POST", "path": path}
        self.bench.control.post("/faults", fault)
        self._judged(self._started(mode, (), None), None)
        self.bench.control.delete("/faults")

    def disturb(self, mode: Mode, how: str, during: Sequence[Step] = ()) -> None:
        """A service lets requests wait, or fails at long lists, while people go on working."""
        for fault in DISTURBANCES[how]:
            self.bench.control.post("/faults", fault)
        self._judged(self._started(mode, during, None), None)
        self.bench.control.delete("/faults")

    def carry_opt_outs(self, during: Sequence[Step] = (), death: Sequence[Any] | None = None) -> None:
        """The consent lane works, alone or before a call of a run: it takes no lock."""
        beside, alone = self.bench.moments, self.bench.moments.idle
        if alone:
            self.bench.later(SETTLED_SECONDS)
        before, since = self.bench.look(), self.bench.clock()
        self.bench.moments = self._moments(during, death)
        try:
            carried = self._carry()
        except Killed:
            carried = False
        finally:
            self.bench.moments = beside
        if carried and self.setup.consent_moves_clock:
            settled = since - self.bench.settings.settle.total_seconds()
            laws.no_opt_out_is_left_behind(before, self.bench.look(), self._evidence(), settled)
        if alone:
            self._judge(before, since)

    def decide(self, which: int, side: Literal["salesforce", "salesmanago", "other"]) -> None:
        """A person decides a conflict that is held: one side's value, or another one."""
        beside = self.bench.moments
        self.bench.moments = Moments()
        try:
            found = read_issues(self.bench.ledger, IssueFilter("open", "CONFLICT"), 0, 100)
            for issue in picked(found, which):
                self._decided(issue, side)
        finally:
            self.bench.moments = beside

    def _decided(self, issue: IssueRow, side: Literal["salesforce", "salesmanago", "other"]) -> None:
        now, pair = self.bench.look(), (issue.salesforce_id, issue.salesmanago_id)
        ports = self.bench.ports_of(self.bench.new_lane())
        chosen = decide_conflicts(ports, [issue], side, OTHER_CITY, "anna")
        held = [one.values[laws.HELD] for one in (now.records.get(pair[0]), now.cards.get(pair[1])) if one is not None]
        # A decision about what is no longer so falls.
        if chosen.done and held == [issue.values["salesforce"], issue.values["salesmanago"]]:
            self.diary.decides(pair, laws.HELD, OTHER_CITY if side == "other" else issue.values[side])

    def keep_ledger(self) -> None:
        """Somebody backs the ledger up."""
        self.bench.keep_ledger()

    def put_ledger_back(self) -> None:
        """Somebody restores the ledger, or it is lost."""
        noted, others = self._written_after_the_watermark()
        self.diary.unheard = noted
        # A run that came to its end has noted what it wrote.
        if not (self._runs and self._runs[-1].green):
            self.diary.rewritten |= others
        self.diary.outlived = set(self.bench.look().records)
        self.bench.put_ledger_back()
        self._lost = True
        self.agreed.clear()
        self.diary.ledger_lost = True
        self.diary.decided.clear()

    def _written_after_the_watermark(self) -> tuple[set[str], set[str]]:
        """Name the contacts that were written after the last watermark: those of whom it is noted, and the others.

        Of contacts who had just been made it need not be noted.
        """
        mark = read_watermark(self.bench.variables)
        known = None if mark is None else mark.ledger
        spans = () if known is None else noted_writes(self.bench.variables, known)
        noted, others = set(), set()
        for card in read_cards(self.bench):
            made, written = (datetime.fromtimestamp(card.raw[name] / 1000, UTC) for name in ("createdOn", "modifiedOn"))
            if mark is None or written > mark.salesmanago:
                told = written <= made + AT_ONCE or any(begin <= written < end for begin, end in spans)
                (noted if told else others).add(card.id)
        return noted, others

    def settle(self, mode: Mode) -> None:
        """Synchronise until nothing is left to do, ask every law, and see that a further run writes nothing."""
        self._succeed(mode)
        if mode == "incremental" and not self.setup.consent_moves_clock:
            # Opt-outs of which no clock tells are found by a full sync, or by the sweep within half a day.
            self._succeed("full")
        now = self.bench.look()
        laws.whoever_is_opted_out_is_so_on_both_sides(now, self._evidence())
        laws.no_edit_is_lost(now, self._evidence())
        laws.decisions_are_carried_out(self._conflicts(), self._evidence())
        laws.both_sides_agree(now, self.setup.kept, self.agreed, self._undone_to)
        laws.nobody_of_an_opted_out_address_is_mailable(now, self._evidence())
        self._check_rest(now)
        now = self.bench.look()
        laws.nobody_of_an_opted_out_address_is_mailable(now, self._evidence())
        self._remember(now)

    def _conflicts(self) -> set[Pair]:
        issues = self.bench.ledger.issues.read_open()
        held = issues[issues["reason"].eq("CONFLICT")]
        return set(zip(held["salesforce_id"], held["salesmanago_id"], strict=True))

    # -- how runs are worked off

    def _carry(self) -> bool:
        """Let the lane work, and say whether it carried all that it found."""
        ports = self.bench.ports_of(self.bench.new_lane())
        try:
            return carry_opt_outs(ports, self.bench.account)["failed"] == 0
        except NothingToDoError:
            return False
        except SyncError as error:
            # Raised as it is, it would be taken for a failure of the run in the middle of which the lane works.
            raise AssertionError("the consent lane failed", error) from error

    def _undone(self, run: DagRun, during: Sequence[Step], death: Sequence[Any] | None, delete_created: bool) -> DagRun:
        self.bench.later(SETTLED_SECONDS)
        undoing = self._new("undo", run=run.number, delete_created=delete_created)
        undoing.moments = self._moments(during, death)
        self._judged(undoing, death)
        return undoing

    def _note_undone(self, run: DagRun) -> None:
        """Both sides may differ from now on in what was put back, or may have been, until a person changes one."""
        now = self.bench.look()
        for row in self._rows(run).query("state in ('done', 'planned')").to_dict("records"):
            pair, key = (row["salesforce_id"], row["salesmanago_id"]), KEYS.get(row["field"])
            if key is not None and pair in now.bindings and pair[0] in now.records and pair[1] in now.cards:
                held = (now.records[pair[0]].values[key], now.cards[pair[1]].values[key])
                self.agreed.setdefault(pair, {})[key] = held
                self._undone_to.setdefault(pair, {})[key] = held
                self.diary.forgets(pair, key)

    def _offers(self, run: DagRun, scope: Scope) -> bool:
        """Tell whether the question of a run offers every part that a scope names."""
        question = self.bench.ledger.runs.read(run.number)["question"]
        objects = {row["object"] for row in question["rows"]}
        return objects.issuperset(scope.objects) and set(question["fields"]).issuperset(scope.fields)

    def _rows(self, run: DagRun) -> pd.DataFrame:
        """What the ledger says that a run would write, has written, and left."""
        return self.bench.ledger.changes.read(run.number).set_index("id")

    def _started(self, mode: Mode, during: Sequence[Step], death: Sequence[Any] | None) -> DagRun:
        self.bench.later(SETTLED_SECONDS)
        run = self._new(mode)
        run.moments = self._moments(during, death)
        return run

    def _new(self, mode: Mode | Literal["undo"], **request: Any) -> DagRun:
        run = DagRun(self.bench, mode, **request)
        self._runs.append(run)
        return run

    def _moments(self, during: Sequence[Step], death: Sequence[Any] | None) -> Moments:
        moments = Moments(death=None if death is None else Death(death[0], death[1], death[2]))
        for kind, number, step in during:
            moments.before.setdefault((kind, number), []).append(lambda step=step: self.do(step))
        return moments

    def _judged(self, run: DagRun, death: Sequence[Any] | None) -> None:
        before, since = self.bench.look(), self.bench.clock()
        marks = self.bench.variables.get(LAST_SYNC)
        self._work(run, death)
        if run.run.mode == "undo" and run.number:
            self._note_undone(run)
        self._judge(before, since, run)
        laws.the_watermark_moves_forward_over_settled_changes(marks, self.bench, run)

    def _work(self, run: DagRun, death: Sequence[Any] | None) -> None:
        """Work a run off; who dies alone leaves the closing task to others."""
        try:
            run.to_the_end()
        except Killed:
            if death is None or not death[3]:
                run.to_the_end()
            # Whoever holds the lock and is dead gives no sign of life.
            self.bench.later(LONG)
        else:
            laws.the_lock_is_free(self.bench)

    def _is_over(self, dag_id: str, dag_run_id: str) -> bool:
        return any(run.over for run in self._runs if (run.run.dag_id, run.run.dag_run_id) == (dag_id, dag_run_id))

    def _ended(self, which: int) -> Iterator[DagRun]:
        yield from [self._runs[-1 - which % len(self._runs)]] if self._runs else []

    def _judge(self, before: Moment, since: float, *runs: DagRun) -> None:
        """Ask the laws that hold after every run."""
        after = self.bench.look()
        for run in runs:
            self._note_created(run, before, after)
        laws.relate(after, self.diary)
        laws.nobody_is_opted_in(after, self.diary)
        laws.nobody_is_opted_out_without_evidence(after, self._evidence())
        laws.nobody_is_there_twice(before, after, self.diary, since)
        laws.no_tombstone_is_revived(before, after, self.diary, since)
        laws.strangers_are_left_alone(before, after, self.diary, since)
        laws.nobody_is_deleted_without_a_reason(before, after, self._evidence(), since, self._deletable(runs))
        laws.nothing_held_is_overwritten(after, self._evidence())

    def _note_created(self, run: DagRun, before: Moment, after: Moment) -> None:
        """Note whom the sync made while a run worked."""
        if run.number:
            new = after.everybody.keys() - before.everybody.keys() - self.diary.made.keys()
            self._created.setdefault(run.number, set()).update(new)

    def _deletable(self, runs: Iterable[DagRun]) -> set[str]:
        """Whom an undo may delete: who was created by the run that it puts back."""
        asked = [run.run.request for run in runs if run.run.request.delete_created]
        return {key for request in asked for key in self._created.get(request.run or 0, ())}

    def _succeed(self, mode: Mode) -> DagRun:
        run = self._started(mode, (), None)
        self._judged(run, None)
        if mode == "incremental" and isinstance(run.errors.get("start"), ConfigurationError):
            # Before a first synchronisation, and after a ledger was restored or lost: the full one is what it asks for.
            return self._succeed("full")
        assert run.green, ("a run after a bad day does not come to its end", run.errors or run.states)
        laws.everybody_is_accounted_for(self.bench.ledger.runs.read(run.number)["totals"])
        return run

    def _check_rest(self, now: Moment) -> None:
        """A further run writes nothing, but for people with an issue: what stood in their way may be gone now."""
        for _ in range(REST_RUNS):
            self.bench.control.delete("/calls")
            run = self._succeed("incremental")
            if not self.bench.writes():
                return
            changes = self.bench.ledger.changes.read(run.number)
            free = ~changes["salesforce_id"].isin(now.disputed) & ~changes["salesmanago_id"].isin(now.disputed)
            assert not free.any(), f"a run right after a run wrote:\n{changes[free].to_string()}"
            later = self.bench.look()
            assert len(later.disputed) < len(now.disputed), f"issues do not come to rest: {later.disputed}"
            now = later
        raise AssertionError("runs do not come to rest")

    def _remember(self, now: Moment) -> None:
        """Remember what both sides agree on."""
        self.agreed = laws.agreement(now)
        self.diary.rests()
        for writes in self.bench.writes_at.values():
            writes.clear()

    def _evidence(self) -> laws.Evidence:
        policy = self.setup.on_delete
        return laws.Evidence(
            self.diary, self.agreed, self.setup.kept, self.bench.writes_at, policy == "opt_out",
            self.setup.new_opted_out, self.setup.hold, policy == "delete",
            self._lost and self.setup.new_opted_out and not self.setup.consent_moves_clock,
        )  # fmt: skip


VERBS = frozenset({
    "run", "clear", "mark", "set_failed", "overtake", "interleave", "lose_answer", "keep_ledger", "put_ledger_back",
    "settle", "carry_opt_outs", "disturb", "ask", "undo", "undo_at_once", "ask_undo",
    "decide",
})  # fmt: skip
