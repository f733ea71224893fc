"""A JSON route for each command, with the same rows; and the page about the routes, whose lines run as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from salesmanago_sync.cli.definition import COMMANDS, MAPPING_COMMANDS
from salesmanago_sync.ledger.store import Ledger
from tests.integration.commands import Answer, here
from tests.integration.pages.conftest import Program
from tests.integration.pages.test_json_routes import RECORD, routes
from tests.twin_server import ROOT

pytestmark = pytest.mark.usefixtures("paused")

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


class Same(NamedTuple):
    """A command as it is typed, and the route that answers the same rows."""

    command: str
    path: str
    question: dict[str, Any] | None = None


# Each command with every way of asking that has rows of its own.
ROWS = {
    "issues": [
        Same("issues --reason NO_EMAIL", "/issues?reason=NO_EMAIL"),
        Same("issues --id 2 --id 4", "/issues?ids=2&ids=4"),
        Same("issues --state dismissed --object Lead --search 0001", "/issues?state=dismissed&object=Lead&search=0001"),
        Same("issues count", "/issues/count"),
        Same("issues count --reason LOCKED", "/issues/count?reason=LOCKED"),
        Same("issues retry --id 1", "/issues/retry", {"ids": [1]}),
        Same("issues dismiss --reason LOCKED", "/issues/dismiss", {"reason": "LOCKED", "state": "dismissed"}),
    ],
    "plan": [
        Same("plan --run last", "/plan/last"),
        Same("plan --run 1 --field phone --state planned", "/plan/1?field=phone&state=planned"),
        Same("plan --run 1 --direction both --limit 1", "/plan/1?direction=both&limit=1"),
    ],
    "explain": [
        Same(
            f"explain {RECORD} --at 2026-01-31T12:00:00Z",
            "/explain/past",
            {"person": RECORD, "at": "2026-01-31T12:00:00Z"},
        )
    ],
    "mapping check": [Same("mapping check", "/mappings/check")],
    "doctor": [Same("doctor", "/doctor", {})],
    "audit": [Same("audit --no-wait --unpause", "/audit", {"unpause": True})],
    "sync": [
        Same("sync --full --dry-run --no-wait --unpause", "/sync", {"full": True, "dry_run": True, "unpause": True}),
        Same(
            "sync --full --fields phone,name --no-wait --unpause",
            "/sync",
            {"full": True, "fields": ["phone", "name"], "unpause": True},
        ),
    ],
    "probe": [Same("probe", "/probe")],
    "forget": [Same(f"forget {RECORD}", "/forget", {"people": [RECORD]})],
}
# What has no route, or a route whose rows differ, and why.
DIFFERENT = {
    "init": "It lays out files in the DAGs folder, which is where the command runs; the API server may see none.",
    "undo": "The command waits for its run and prints the plan; the route starts the run, whose rows /plan has.",
    "setup": "The command deploys by itself; the route starts the DAG, which does the same steps and may take minutes.",
    "export": "The command stores the files by itself; the route starts the DAG, which does the same.",
    "mapping init": "The command stores the file beside the others; the route sends its text, and stores nothing.",
}


def commands() -> set[str]:
    """Every command that can be typed."""
    return {
        *(command.name for command in COMMANDS if not hasattr(command, "subcommands")),
        *(f"mapping {command.name}" for command in MAPPING_COMMANDS),
    }


@pytest.fixture
def kept(ledger: Ledger, settled: None, monkeypatch: pytest.MonkeyPatch) -> int:
    """A run with a plan, issues of two reasons, and one person who is bound."""
    monkeypatch.setenv("SALESMANAGO_SYNC_MAPPINGS", str(ROOT / "include" / "mappings"))
    now = datetime.now(UTC)
    run = ledger.runs.start("salesmanago_full_sync", "one", "full", False, False, now)
    row = {"object": "Lead", "direction": "to_salesmanago", "action": "update", "field": "phone"}
    hostile = [None, "", "0", "false", "<script>", "\U0001f600", "'\""]
    rows = [{**row, "salesforce_id": f"00Q{number:012}AAA", "new": text} for number, text in enumerate(hostile)]
    ledger.changes.plan(run, pd.DataFrame(rows), now)
    issues = [
        {"object": "Lead", "salesforce_id": f"00Q{number:012}AAA", "reason": reason, "text": text}
        for number, (reason, text) in enumerate(zip(["NO_EMAIL"] * 4 + ["LOCKED"] * 3, hostile, strict=True))
    ]
    ledger.issues.report(run, pd.DataFrame(issues).fillna(""), now)
    ledger.issues.dismiss([1], now, "anna")
    known = {"object": "Lead", "salesforce_id": RECORD, "salesmanago_id": "m-1", "matched_by": "email"}
    ledger.bindings.add(pd.DataFrame([{**known, "base": '{"name": ["Jan", "Jan"]}'}]), run, now)
    ledger.runs.finish(run, "success", now, {"rows": []}, "done")
    return run


def test_every_command_has_a_route_or_a_reason_why_not() -> None:
    assert set(ROWS) | set(DIFFERENT) == commands()
    assert not set(ROWS) & set(DIFFERENT)
    told = [str((route.openapi_extra or {}).get("x-command", "")) for route in routes().values()]
    named = {" ".join(words.split()[2:]) for words in told}
    for command in commands() - {"init"}:
        assert [one for one in named if f"{one} ".startswith(f"{command} ")], command


@pytest.mark.parametrize("pair", [pair for pairs in ROWS.values() for pair in pairs], ids=lambda pair: pair.command)
def test_a_route_answers_the_rows_that_the_command_prints(
    kept: int, ledger: Ledger, programs: dict[str, Program], pair: Same
) -> None:
    # What the command has changed the route finds changed: it goes first where it has a question that says so.
    printed = here(*pair.command.split(), "--output", "json") if "dismiss" in pair.command else None
    admin = programs["admin"]
    answer = admin.get(pair.path) if pair.question is None else admin.post(pair.path, pair.question)
    assert answer.status_code == 200, answer.text
    printed = printed or here(*pair.command.split(), "--output", "json")
    assert without(rows_of(printed), *WHO) == without(answer.json()["rows"], *WHO), printed.err


def test_an_audit_that_could_only_fail_is_refused_by_route_and_command(programs: dict[str, Program]) -> None:
    why = "was not done yet (it is never). Run salesmanago_full_sync first."
    answer = programs["admin"].post("/audit", {"unpause": True})
    assert (answer.status_code, why in answer.text) == (409, True)
    refused = here("audit", "--no-wait", "--unpause")
    assert (refused.code, why in refused.err) == (1, True)


def rows_of(printed: Answer) -> list[dict[str, Any]]:
    """Read the rows among the lines that the server, which shares this process, may log meanwhile."""
    [line] = [line for line in printed.out.splitlines() if line.startswith("[")]
    rows: list[dict[str, Any]] = json.loads(line)
    return rows


# What says when, by whom and how often it was asked.
WHO = ("run_id", "state", "decided_by", "next_attempt_at")


def without(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Leave out some columns."""
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def test_the_page_has_every_route_and_no_other() -> None:
    told = {tuple(one.split()) for one in re.findall(r"`((?:GET|POST) /[^`]*)`", PAGE)}
    assert told == set(routes()) - {("GET", "/openapi.json")}


def test_the_lines_of_the_page_run_as_they_stand(
    kept: int, api: str, programs: dict[str, Program], tmp_path: Path
) -> None:
    assert shutil.which("jq")
    assert shutil.which("curl")
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    assert lines.count("curl ") == 8
    (tmp_path / "lead.yaml").write_text("object: [")  # no service answers, and none is asked about it
    known = {"AIRFLOW": api, "AIRFLOW_USER": "admin", "AIRFLOW_PASSWORD": "admin"}
    done = subprocess.run(
        ["bash", "-e", "-c", lines],
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*", **known},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    decoder, answers, rest = json.JSONDecoder(), [], done.stdout
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    status, document, started, tried, issues, retried, forgotten = answers
    assert status["rows"][0]["open_issues"] == 6
    assert "/sync" in document["paths"]
    assert started["rows"][0]["dag_id"] == "salesmanago_full_sync"
    assert [fault["file"] for fault in tried["rows"][0]["faults"]] == ["lead.yaml"]
    assert [row["reason"] for row in issues["rows"]] == ["NO_EMAIL"] * 3
    assert retried["told"] == ["3 issues are tried by the next run."]
    assert "Nothing was wiped" in forgotten["told"][-1]
