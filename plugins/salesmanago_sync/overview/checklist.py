"""The checklist of the first run: what is done, what is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from salesmanago_sync.overview.diagnosis import LastCheck
from salesmanago_sync.overview.readiness import Readiness
from salesmanago_sync.overview.status import Status
from salesmanago_sync.steps.preflight import LOG_INS

State = Literal["done", "missing", "unknown"]
# The modes of runs that make the checks of the doctor before anything else.
CHECKING = ("full", "incremental", "audit")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a step is done.

    Attributes:
        label: Its text.
        to: The path of our page or of Airflow's; or which DAG a button switches on.
        kind: Which of these.
        needs: The right that it takes: `trigger` or `edit`; empty where reading is enough.
    """

    label: str
    to: str
    kind: Literal["page", "airflow", "switch"]
    needs: Literal["", "trigger", "edit"] = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist.

    Attributes:
        name: What it is about.
        state: Whether it is done; unknown where nobody has tried yet.
        told: What is there.
        todo: What to do; empty where nothing is.
        link: Where it is done.
        optional: Whether the sync works without it.
    """

    name: str
    state: State
    told: str
    todo: str = ""
    link: Link | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Switches:
    """What Airflow says of the DAGs.

    Attributes:
        paused: For `full`, `incremental` and `consent` whether the DAG is paused; None where its file was not read yet.
        set_up: Whether the set-up of Salesforce was run, and not undone since.
    """

    paused: Mapping[str, bool | None]
    set_up: bool


def read_checklist(
    status: Status, ready: Readiness, last: LastCheck | None, digests: Mapping[str, str], switches: Switches
) -> list[Step]:
    """List the steps to a sync that runs by itself, in their order.

    Args:
        status: What the sync does and did.
        ready: What a run would stumble over.
        last: The last diagnosis on the page.
        digests: The mappings as they are now.
        switches: What Airflow says.

    Returns:
        The steps; none once the sync runs by itself. What is wrong from then on is a fault, not a step.
    """
    checked = _checked(status, last, digests)
    steps = [
        _connections(ready, checked, last),
        _mappings(ready),
        checked,
        _set_up(switches),
        _switched_on(status, switches),
        _dry_run(status),
        _first_sync(status),
        _automatic(status, switches),
    ]
    return [] if all(step.state == "done" for step in steps[-2:]) else steps


def _connections(ready: Readiness, checked: Step, last: LastCheck | None) -> Step:
    name, link = "Connections", Link("Connections in Airflow", "connections", "airflow")
    if ready.connections:
        return Step(name, "missing", "\n".join(map(str, ready.connections)), "", link)
    faults = () if last is None else last.faults
    failed = [name for name in LOG_INS if name in faults]
    if failed and checked.state != "done":
        return Step(name, "missing", f"This failed: {', '.join(failed)}.", "The doctor says why.", link)
    tried = last is not None and not any(one == "Settings" or one.startswith("Connection ") for one in faults)
    if tried or checked.state == "done":
        return Step(name, "done", "Both are there, and their log-in works.")
    return Step(name, "unknown", "Both are there.", "Whether their log-in works, the doctor tests.", link)


def _mappings(ready: Readiness) -> Step:
    link = Link("Mapping settings", "mappings", "page")
    if ready.mappings:
        counted = "1 fault" if len(ready.mappings) == 1 else f"{len(ready.mappings)} faults, the first"
        return Step("Mappings", "missing", f"{counted}: {ready.mappings[0]}", "Correct the files.", link)
    return Step(
        "Mappings", "done", f"{', '.join(ready.files)}: no fault in the files.", "Are they what you want?", link
    )


def _checked(status: Status, last: LastCheck | None, digests: Mapping[str, str]) -> Step:
    """Take the newer of a diagnosis and of a run that came through its preflight, which asks the same."""
    name, link = "Doctor", Link("Doctor", "doctor", "page", "trigger")
    proved = [run for run in status.runs if run.mode in CHECKING and run.state in ("success", "asks", "rejected")]
    if proved and (last is None or proved[0].started_at > last.at):
        return Step(name, "done", "A run has made the same checks.", "", link)
    if last is None:
        return Step(name, "unknown", "Nothing was tried yet.", "Have everything checked.", link)
    if last.faults:
        return Step(name, "missing", f"These found a fault: {', '.join(last.faults)}.", "Check again.", link)
    if last.mappings != digests:
        return Step(name, "unknown", "The mappings changed since the last check.", "Check again.", link)
    return Step(name, "done", "Nothing was wrong.", "", link)


def _set_up(switches: Switches) -> Step:
    name, link = "Set-up of Salesforce", Link("Set-up in Airflow", "dags/salesmanago_setup", "airflow")
    if switches.set_up:
        return Step(name, "done", "It was run.", "", link, optional=True)
    todo = "It shows SALESmanago on the record pages of Salesforce, if you want that."
    return Step(name, "missing", "It was not run.", todo, link, optional=True)


def _switched_on(status: Status, switches: Switches) -> Step:
    name, paused = "Full sync switched on", switches.paused["full"]
    todo = "It has no schedule: nothing begins by itself."
    if paused is None:
        return Step(name, "unknown", "Airflow has not read the DAG yet.", "Look again in a minute.")
    if paused and status.first_sync.status != "done":
        told = "The DAG salesmanago_full_sync is paused."
        return Step(name, "missing", told, todo, Link("Switch on", "full", "switch", "edit"))
    return Step(name, "done", todo)


def _dry_run(status: Status) -> Step:
    name = "Dry run"
    done = any(run.mode == "full" and run.dry_run and run.state == "success" for run in status.runs)
    if done or status.first_sync.status == "done":
        return Step(name, "done", "The page Plan shows what it would write.")
    todo = "Start it, and read its plan. Nothing is written."
    return Step(
        name, "missing", "None was done yet.", todo, Link("Start a dry run", "force/full?dry=true", "page", "trigger")
    )


def _first_sync(status: Status) -> Step:
    name, link = (
        "First synchronization, approved",
        Link("Start the first synchronization", "force/full", "page", "trigger"),
    )
    if status.first_sync.status == "done":
        return Step(name, "done", "It was done.")
    if status.waiting:
        run = status.waiting[0]
        where = f"dags/{quote(run.dag_id)}/runs/{quote(run.dag_run_id)}/tasks/ask/required_actions"
        todo = "Read its plan, then approve or reject it."
        return Step(name, "missing", "It waits for an answer.", todo, Link("Answer in Airflow", where, "airflow"))
    begun = {"failed": "It failed.", "running": "It has begun."}
    told = begun.get(status.first_sync.status, "A part of it was done." if status.bound else "It was not started yet.")
    todo = "Pause what would react in both systems, then start it. It asks before it writes."
    return Step(name, "missing", told, todo, link)


def _automatic(status: Status, switches: Switches) -> Step:
    name, paused = "Automatic synchronization switched on", switches.paused["incremental"]
    if paused is False:
        return Step(name, "done", "It is on.")
    if status.automatic.known and status.automatic.schedule is None:
        return Step(name, "done", "No interval is set: it runs by hand.")
    if any(run.mode == "incremental" for run in status.runs):
        return Step(name, "done", "It was used already, and is paused now.")
    link = Link("Switch on", "incremental", "switch", "edit") if status.first_sync.status == "done" else None
    return Step(name, "missing", "It is paused.", "Switch it on after the first synchronization.", link)
