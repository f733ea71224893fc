"""What the pages show, and that no value of a record can be more than text."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from urllib.parse import quote

import pandas as pd
import pytest
import sqlalchemy as sa

from salesmanago_sync.clients.http import Patience
from salesmanago_sync.hooks.schedule import start_run
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.progress import STEPS
from salesmanago_sync.ui.asking import AT_ONCE
from salesmanago_sync.ui.screens import FOLDER, MENU
from tests.integration.pages.conftest import Person
from tests.twin_server import TwinServer

SCRIPT = '<script>alert("x")</script>'
HOSTILE = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7007 * 7007 }}",
    "javascript:alert(1)",
]
RECORD = "00Q000000000001AAA"


def run_of(ledger: Ledger, now: datetime, name: str = "one", **columns: object) -> int:
    ledger.lock.take(f"salesmanago_full_sync/{name}", now, timedelta(minutes=15))
    run = ledger.runs.start("salesmanago_full_sync", name, "full", False, False, now)
    if columns:
        ledger.runs.update(run, **columns)
    return run


def report(ledger: Ledger, now: datetime, *texts: str, reason: str = "NO_EMAIL") -> None:
    rows = [
        {"object": "Lead", "salesforce_id": f"00Q{number:012}AAA", "reason": reason, "text": text, "field": text}
        for number, text in enumerate(texts)
    ]
    ledger.issues.report(1, pd.DataFrame(rows), now)


def states(ledger: Ledger) -> list[str]:
    return list(ledger.issues.find("", "", "", "").sort_values("id")["state"])


def tags(page: str) -> list[str]:
    """The tags of a page: what a browser would act upon."""
    return re.findall(r"<[a-zA-Z][^>]*>", page)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_text(ledger: Ledger, people: dict[str, Person], now: datetime, text: str) -> None:
    run = run_of(ledger, now, note=text)
    plan = {"object": "Lead", "direction": "to_salesforce", "action": "update", "field": "name", "salesforce_id": text}
    ledger.changes.plan(run, pd.DataFrame([{**plan, "old": text, "new": text, "rule": text}]), now)
    report(ledger, now, text)
    ledger.runs.finish(run, "success", now, {"rows": []}, text)
    for path in ("/", "/live", "/issues", "/plan", f"/plan?run={run}", "/issues?search=x"):
        page = people["admin"].get(path).text
        assert not [tag for tag in tags(page) if "alert(" in tag and not tag.startswith("<option value=")], page
        assert SCRIPT not in page
        assert "49098049" not in page, "a value was taken for a template"
    for chosen in (f"/issues?search={text.replace('@', '')}", f"/issues?object={text}", f"/plan?run={run}&rule={text}"):
        assert SCRIPT not in people["admin"].get(chosen).text


def test_no_template_holds_script_or_style(people: dict[str, Person]) -> None:
    for template in (FOLDER / "templates").glob("*.html"):
        text = template.read_text()
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|\| *safe|autoescape", text), template


def test_the_file_has_no_formulas(ledger: Ledger, people: dict[str, Person], now: datetime) -> None:
    report(ledger, now, "=HYPERLINK(1)", "@SUM(A1)")
    answer = people["user"].get("/issues.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="salesmanago-issues-open.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(row["text"] for row in rows) == ["'=HYPERLINK(1)", "'@SUM(A1)"]


def test_a_plan_that_waits_for_an_answer_says_so_and_where(
    ledger: Ledger, people: dict[str, Person], now: datetime
) -> None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    name = start_run("salesmanago_full_sync", {}, "admin")
    run = run_of(ledger, now, name)
    ledger.lock.free(ledger.lock.last_attempt())
    ledger.runs.update(run, state="asks", question={}, waits_until=now + timedelta(hours=1))
    routes = ("/api/status", "/api/runs", f"/api/runs/{run}", f"/api/runs/salesmanago_full_sync/{quote(name)}")
    pages = (f"/plan?run={run}", "/", "/live")
    shown = {path: people["admin"].get(path).text for path in (*pages, *routes)}
    for path in pages:
        assert "waits for an answer until" in shown[path], path
        assert f"/runs/{quote(name)}/tasks/ask/required_actions" in shown[path], path
    for path in routes:
        assert '"result":"asks"' in shown[path], path
    with create_session() as session:
        # As when a person sets the run to failed, and the DAG is paused: its last tasks never work.
        asking = (TaskInstance.run_id == name, TaskInstance.task_id == "ask")
        session.execute(sa.update(TaskInstance).where(*asking).values(state="failed"))
    for path in (*pages, *routes):
        page = people["admin"].get(path).text
        assert "waits for an answer" not in page, path
        assert "required_actions" not in page, path
        assert '"result":"asks"' not in page, path
    assert "The run ended while it waited for an answer: nothing was written." in people["admin"].get(pages[0]).text


def test_progress_is_shown_while_a_run_is_on(ledger: Ledger, people: dict[str, Person], now: datetime) -> None:
    run = run_of(ledger, now - timedelta(minutes=5))
    plan = pd.DataFrame({"salesforce_id": [f"00Q{number:012}AAA" for number in range(40)]})
    plan = plan.assign(object="Lead", direction="to_salesmanago", action="update", field="name")
    ledger.changes.plan(run, plan, now)
    ledger.runs.begin_step(run, "write", now - timedelta(minutes=2))
    ledger.changes.settle(run, plan.head(10).assign(state="done"))
    page = people["viewer"].get("/live").text
    for text in (
        'max="40" value="10"',
        f"Step {[*STEPS].index('write') + 1} of {len(STEPS)}",
        "Writing changes",
        "10 of 40",
        "5 a minute",
        "about 6 min",
    ):
        assert text in page


def test_links_lead_to_the_record(ledger: Ledger, people: dict[str, Person], now: datetime) -> None:
    run_of(ledger, now, salesforce_address="https://org.my.example.com")
    ledger.issues.report(1, pd.DataFrame([{"object": "Lead", "salesforce_id": RECORD, "reason": "LOCKED"}]), now)
    page = people["user"].get("/issues").text
    assert f'href="https://org.my.example.com/{RECORD}" target="_blank" rel="noopener noreferrer"' in page


def test_a_contact_is_reached_by_a_link_that_is_signed_when_it_is_followed(
    ledger: Ledger, people: dict[str, Person], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "salesmanago://client:secret@app2.example.com?owner=a%40example.com&microsite_key=key&iframe_name=card"
    monkeypatch.setenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT", uri)
    ledger.issues.report(1, pd.DataFrame([{"object": "Lead", "salesmanago_id": "m-1", "reason": "LOCKED"}]), now)
    page = people["user"].get("/issues").text
    assert 'href="/salesmanago/contacts/m-1"' in page
    assert "sha=" not in page
    answer = people["user"].get("/contacts/m-1")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(
        "https://app2.example.com/ms/client/default/card.htm?contactId=m-1&sha="
    )


def test_one_issue_is_dismissed_and_all_of_a_reason_are_retried(
    ledger: Ledger, people: dict[str, Person], now: datetime
) -> None:
    report(ledger, now, "a", "b", "c")
    report(ledger, now, "d", reason="LOCKED")
    assert people["user"].post("/issues/dismiss?reason=NO_EMAIL", ids=[2]).status_code == 303
    assert states(ledger) == ["open", "dismissed", "open", "open"]
    people["user"].post("/issues/dismiss?reason=NO_EMAIL", everything="true", expected=2)
    assert states(ledger) == ["dismissed", "dismissed", "dismissed", "open"]
    people["user"].post("/issues/retry?state=dismissed&reason=NO_EMAIL", everything="true", expected=3)
    assert states(ledger) == ["open"] * 4
    people["user"].post("/issues/dismiss")
    assert states(ledger) == ["open"] * 4, "nothing was chosen"


def test_an_address_is_not_searched_for_in_the_open(people: dict[str, Person], ledger: Ledger) -> None:
    answer = people["user"].get("/issues?search=anna%40example.com")
    assert answer.status_code == 400
    assert "use Explain" in answer.text


def test_a_long_list_is_cut_into_pages(ledger: Ledger, people: dict[str, Person], now: datetime) -> None:
    report(ledger, now, *(str(number) for number in range(120)))
    first, last = people["user"].get("/issues").text, people["user"].get("/issues?page=3").text
    assert ("Page 1 of 3, 120 in all" in first, "Older →" in first, "← Newer" in first) == (True, True, False)
    assert ("Page 3 of 3" in last, "Older →" in last, "← Newer" in last) == (True, False, True)


def test_a_page_of_a_long_list_is_jumped_to(ledger: Ledger, people: dict[str, Person], now: datetime) -> None:
    run = planned(ledger, now, "long", changes=120)
    form = re.findall(r'<form method="get" action="/salesmanago/plan">(.*?)</form>', plan_of(people, run), re.DOTALL)[
        -1
    ]
    asked = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', form))
    assert asked == {"run": str(run), "object": "Lead", "page": "1"}
    assert "Page 3 of 3" in people["user"].get(f"/plan?run={run}&object=Lead&page=3").text
    report(ledger, now, *(str(number) for number in range(101)))
    assert 'name="reason" value="NO_EMAIL"' in people["user"].get("/issues?reason=NO_EMAIL").text
    assert 'type="number"' not in people["user"].get("/issues?search=nothing").text


def plan_of(people: dict[str, Person], run: int) -> str:
    return people["user"].get(f"/plan?run={run}&object=Lead").text


def test_what_explain_cannot_answer_is_told_on_the_page(ledger: Ledger, people: dict[str, Person]) -> None:
    page = people["user"].post("/explain", asked="not an address").text
    assert 'value="not an address"' in page
    assert 'role="alert"' in page


def test_a_slow_service_keeps_few_pages_waiting_and_none_of_the_others(
    ledger: Ledger, people: dict[str, Person], twin: TwinServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesmanago_sync.ui.asking.BRIEF", Patience(connect=2, read=4, attempts=1))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", twin.ca)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    for conn_id, connection in twin.connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    twin.control.post("/faults", {"system": "salesforce", "kind": "latency", "seconds": 8, "path": "", "times": None})
    token = people["user"].token()
    with ThreadPoolExecutor(44) as pool:
        asked = [pool.submit(people["user"].post, "/explain", token=token, asked="a@example.com") for _ in range(44)]
        assert people["viewer"].get("/").status_code == 200
        answers = [one.result() for one in asked]
    assert [answer.status_code for answer in answers] == [503] * 44
    assert {answer.headers["Retry-After"] for answer in answers} == {"10"}
    assert Counter("Others are asking" in answer.text for answer in answers)[True] >= 44 - 4 * AT_ONCE
    asked_for = [call for call in twin.control.get("/calls")["log"] if call["system"] == "salesforce"]
    assert len(asked_for) <= 4 * AT_ONCE


def test_a_ledger_that_does_not_answer_is_told(
    people: dict[str, Person], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SYNC_LEDGER", "mysql://user:s3cret@host/name")
    answer = people["admin"].get("/")
    assert answer.status_code == 503
    assert "connection sync_ledger" in answer.text
    assert "s3cret" not in answer.text


def planned(ledger: Ledger, now: datetime, name: str, *, changes: int, state: str = "success") -> int:
    ledger.lock.take(f"salesmanago_full_sync/{name}", now, timedelta(minutes=15))
    run = ledger.runs.start("salesmanago_full_sync", name, "full", False, False, now)
    frame = pd.DataFrame({"salesforce_id": [f"00Q{number:012}AAA" for number in range(changes)]})
    frame = frame.assign(object="Lead", direction="to_salesmanago", action="update", field="name", new=f"by {name}")
    if changes:
        ledger.changes.plan(run, frame, now)
    ledger.runs.finish(run, state, now, {"rows": []}, "")
    ledger.lock.free(ledger.lock.last_attempt())
    return run


def test_plan_opens_on_the_newest_run_that_planned_something(
    ledger: Ledger, people: dict[str, Person], now: datetime
) -> None:
    assert "There was no run yet" in people["user"].get("/plan").text
    empty = planned(ledger, now, "early", changes=0)
    assert "This run planned nothing: both sides were equal" in people["user"].get("/plan").text
    planned(ledger, now, "older", changes=1)
    full = planned(ledger, now, "newer", changes=1)
    assert "planned nothing" not in people["user"].get("/plan").text
    late = planned(ledger, now, "late", changes=0)
    page = people["user"].get("/plan").text
    assert ">by newer<" in page
    assert f"The newest run, {late}, planned nothing" in page
    assert f'<option value="{full}" selected>' in page
    for run in (empty, late):
        page = people["user"].get(f"/plan?run={run}").text
        assert ">by newer<" not in page
        assert f'href="/salesmanago/plan?run={full}">Show run {full}</a>' in page
    assert "Show the whole plan" in people["user"].get(f"/plan?run={full}&field=phone").text


def test_plan_says_why_people_were_skipped(ledger: Ledger, people: dict[str, Person], now: datetime) -> None:
    run = planned(ledger, now, "one", changes=1)
    assert "Why people were skipped" not in people["user"].get("/plan").text
    numbers = {"created": 0, "updated": 0, "failed": 0, "planned": 0}
    rows = [
        {"object": "Lead", "direction": "to_salesmanago", **numbers, "skipped": {"OUT_OF_CRITERIA": 1234, SCRIPT: 0}},
        {"object": "Contact", "direction": "to_salesforce", **numbers, "skipped": {}},
    ]
    ledger.runs.finish(run, "success", now, {"rows": rows}, "")
    page = people["user"].get("/plan").text
    [table] = re.findall(r"Why people were skipped.*?<tbody>(.*?)</tbody>", page, re.DOTALL)
    assert re.findall(r'data-name="(?:Reason|People)"[^>]*>(.*?)</td>', table) == [
        "<code>OUT_OF_CRITERIA</code>",
        "1\u202f234",
        f"<code>{html.escape(SCRIPT).replace('&quot;', '&#34;')}</code>",
        "0",
    ]
    assert "does not meet the mapping&#39;s criteria" in table


def test_a_run_that_is_no_longer_offered_is_still_the_one_that_is_chosen(
    ledger: Ledger, people: dict[str, Person], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesmanago_sync.ui.plan_page.OFFERED", 1)
    old = planned(ledger, now, "old", changes=1)
    planned(ledger, now, "new", changes=1)
    assert f'<option value="{old}" selected>' in people["user"].get(f"/plan?run={old}").text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "What a run cannot synchronize appears here"),
        ("?state=dismissed", "Nobody has dismissed an issue"),
        ("?state=closed", "closes by itself"),
        ("?reason=LOCKED&state=closed", 'href="/salesmanago/issues?state=closed">Show all closed issues'),
        ("?done=dismiss&count=2", 'href="/salesmanago/issues?state=dismissed">Show dismissed issues'),
        ("?done=retry&count=2", 'href="/salesmanago/force/incremental">Start one now'),
    ],
)
def test_lists_that_are_empty_say_what_to_do(ledger: Ledger, people: dict[str, Person], query: str, told: str) -> None:
    assert told in people["user"].get(f"/issues{query}").text


def test_every_page_says_what_it_is_for_and_links_to_the_docs_where_they_are_served(
    ledger: Ledger, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = re.compile(r'<a href="([^"]+)"[^>]*>More in the documentation</a>')
    told = {name: people["admin"].get(f"/{name}").text for name in (*MENU, "force/full", "last", "workbench", "probe")}
    assert {name: page.count("<summary>Help</summary>") for name, page in told.items()} == dict.fromkeys(told, 1)
    assert [name for name, page in told.items() if link.search(page)] == []
    monkeypatch.setenv("SALESMANAGO_SYNC_DOCS", "https://docs.example.com/sync/")
    assert link.findall(people["viewer"].get("/").text) == ["https://docs.example.com/sync/pages/"]
    assert link.findall(people["admin"].get("/issues").text) == ["https://docs.example.com/sync/pages/#issues"]
    for wrong in ("javascript:alert(1)", 'https://a.example.com/"onclick=', "docs"):
        monkeypatch.setenv("SALESMANAGO_SYNC_DOCS", wrong)
        page = people["viewer"].get("/nowhere-at-all").text + people["viewer"].get("/").text
        assert "More in the documentation" not in page
        assert "javascript:" not in page
