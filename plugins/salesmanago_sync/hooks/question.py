"""The question of a run as Airflow's Required Actions shows it, and the answer that comes back. No value is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk import Param

from salesmanago_sync.domain.explain.wording import WAYS
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.steps.approval import NOBODY, Answer

TASK = "ask"
# States of that task in which Airflow takes no answer any more.
OVER = ("success", "failed", "skipped", "upstream_failed", "removed")
APPROVE = "Approve"
# What it means to approve.
WRITES = (
    "writes these rows and no others; what is edited meanwhile is left to the next run. Whoever is created is looked "
    "at once more, so that what the services fill in travels too."
)
PUTS_BACK = "puts these values back and no others; what is edited meanwhile stays as it is, and is listed."
HEAD = "| Object | Direction | Created | Updated | Deleted |\n|---|---|---:|---:|---:|"


def text(question: Mapping[str, Any], plan: str) -> str:
    """Write the question in Markdown.

    Args:
        question: What `steps.guard` returned.
        plan: The address of the page that shows every row.
    """
    rows = [
        f"| {row['object']} | {WAYS[row['direction']]} | {row['created']:,} | {row['updated']:,} | {row['deleted']:,} |"
        for row in question["rows"]
    ]
    why = "\n".join(f"- {line}" for line in question["why"])
    return (
        f"{why}\n\n{HEAD}\n" + "\n".join(rows) + f"\n\n[Every row: the plan]({plan}). It takes "
        f"{question['calls']['salesmanago']:,} requests to SALESmanago and {question['calls']['salesforce']:,} to "
        f"Salesforce.\n\n**Approve** {PUTS_BACK if question['mode'] == 'undo' else WRITES} **Reject** writes nothing. "
        f"Without an answer until {question['until']} nothing is written. To approve a part, choose it below."
    )


def line(question: Mapping[str, Any], plan: str) -> str:
    """Say in one line what waits, for a notifier; arguments as for `text`."""
    return f"{question['subject']} It waits for an answer until {question['until']}: {plan}"


def can_be_answered(states: Iterable[str | None]) -> bool:
    """Tell whether a question still waits.

    Args:
        states: Of the task that asks; none where Airflow no longer has the run.
    """
    return any(state not in OVER for state in states)


def choices(question: Mapping[str, Any]) -> dict[str, Param]:
    """Offer the parts of the plan: none chosen means everything."""
    objects = sorted({row["object"] for row in question["rows"]})
    return {
        "objects": Param(
            [],
            title="Objects",
            description="Only these objects; empty means all of the plan.",
            **_some_of(objects),
        ),
        "direction": Param(
            "both",
            type="string",
            enum=["both", *WAYS],
            title="Direction",
            description="Only this side is written.",
        ),
        "fields": Param(
            [],
            title="Fields",
            description="Only these fields, by the names on the Plan page, and nobody is created or deleted; empty "
            "means all of the plan.",
            **_some_of(question["fields"]),
        ),
    }


def _some_of(names: list[str]) -> dict[str, Any]:
    """Offer names, any of which may be chosen."""
    return {"type": "array", "items": {"type": "string", "enum": names}, "examples": names}


def answer_of(event: Mapping[str, Any]) -> Answer:
    """Read what a person answered, or that nobody did."""
    chosen = event["params_input"] or {}
    user = event.get("responded_by_user") or {}
    return Answer(
        approved=event["chosen_options"] == [APPROVE],
        who=NOBODY if event.get("timedout") else str(user.get("name") or user.get("id") or "somebody"),
        scope=Scope(
            objects=tuple(chosen.get("objects") or ()),
            direction=chosen.get("direction") or "both",
            fields=tuple(chosen.get("fields") or ()),
        ),
    )
