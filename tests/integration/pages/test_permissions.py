"""Every endpoint as nobody, viewer, user and admin: nothing without log-in, nothing without the right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ui.files import FILES
from salesmanago_sync.ui.headers import HEADERS
from tests.integration.pages.conftest import Person


class Endpoint(NamedTuple):
    """One endpoint: a path to try, the least role that may, what it then answers, and the form it takes."""

    path: str
    least: str
    code: int
    form: dict[str, Any] = {}  # noqa: RUF012 - never changed


# A new endpoint without a row here fails the first test.
ENDPOINTS = {
    ("GET", "/"): Endpoint("/", "viewer", 200),
    ("GET", "/live"): Endpoint("/live", "viewer", 200),
    ("GET", "/force/{mode}"): Endpoint("/force/full", "user", 200),
    ("POST", "/force/{mode}"): Endpoint("/force/full", "user", 303, {"dry_run": "true", "switch_on": "true"}),
    ("POST", "/switch/{which}"): Endpoint("/switch/incremental", "user", 303, {"on": "true"}),
    ("GET", "/last"): Endpoint("/last", "admin", 200),
    ("POST", "/last"): Endpoint("/last", "admin", 200, {"salesforce": "2026-01-31T10:00:00", "salesmanago": "soon"}),
    ("GET", "/doctor"): Endpoint("/doctor", "user", 200),
    ("POST", "/doctor"): Endpoint("/doctor", "user", 200),
    ("GET", "/probe"): Endpoint("/probe", "user", 200),
    ("POST", "/probe"): Endpoint("/probe", "user", 303, {"do": "ask", "sure": "true", "switch_on": "true"}),
    ("GET", "/issues"): Endpoint("/issues", "user", 200),
    ("GET", "/issues.csv"): Endpoint("/issues.csv", "user", 200),
    ("POST", "/issues/{action}"): Endpoint("/issues/dismiss", "user", 303, {"ids": [1]}),
    ("POST", "/issues/decide"): Endpoint("/issues/decide", "user", 303, {"take": "salesforce", "ids": [1]}),
    ("GET", "/contacts/{contact_id}"): Endpoint("/contacts/x", "user", 404),  # the ledger does not know it
    ("GET", "/plan"): Endpoint("/plan", "user", 200),
    ("GET", "/plan.csv"): Endpoint("/plan.csv?run=1", "user", 200),
    ("GET", "/explain"): Endpoint("/explain", "user", 200),
    ("POST", "/person"): Endpoint("/person", "user", 200, {"person": ["00Q000000000001AAA"]}),
    ("POST", "/forget"): Endpoint("/forget", "user", 200, {"ids": ["00Q000000000001AAA"]}),
    ("POST", "/explain"): Endpoint("/explain", "user", 503, {"asked": "anna@example.com"}),  # no service answers
    ("GET", "/certificate"): Endpoint("/certificate", "user", 200),
    ("GET", "/certificate/{name}.{ending}"): Endpoint("/certificate/certificate-2026-01-31-run-1.json", "user", 404),
    ("POST", "/certificate"): Endpoint("/certificate", "user", 409, {"switch_on": "true"}),  # nothing is synchronised
    ("POST", "/undo"): Endpoint("/undo", "user", 200, {"run": 1}),
    ("POST", "/undo/apply"): Endpoint("/undo/apply", "user", 404, {"shown": 999}),
    ("GET", "/mappings"): Endpoint("/mappings", "viewer", 200),
    ("GET", "/mappings/{object}.yaml"): Endpoint("/mappings/Lead.yaml", "viewer", 503),  # no service answers
    ("GET", "/workbench"): Endpoint("/workbench", "user", 200),
    ("POST", "/workbench"): Endpoint(
        "/workbench", "user", 200, {"file": "lead.yaml", "text": "object: Lead", "do": "check"}
    ),
    ("POST", "/workbench/save"): Endpoint("/workbench/save", "admin", 403, {"file": "lead.yaml"}),  # it is switched off
    ("GET", "/static/{name}"): Endpoint("/static/pages.js", "viewer", 200),
}
ORDER = ("viewer", "user", "admin")
MAY = [(key, role) for key in ENDPOINTS for role in ORDER if ORDER.index(role) >= ORDER.index(ENDPOINTS[key].least)]
MAY_NOT = [(key, role) for key in ENDPOINTS for role in ORDER if ORDER.index(role) < ORDER.index(ENDPOINTS[key].least)]
POSTS = [key for key in ENDPOINTS if key[0] == "POST"]


pytestmark = pytest.mark.usefixtures("paused")


def routes() -> set[tuple[str, str]]:
    """Every endpoint that the app has."""
    from salesmanago_sync.ui.app import make_app

    # The JSON routes, which are mounted, are tried in test_json_routes.py.
    pages = [route for route in make_app().routes if isinstance(route, APIRoute)]
    return {(method, page.path) for page in pages for method in page.methods - {"HEAD"}}


def ask(person: Person, key: tuple[str, str], **how: Any) -> Any:
    endpoint = ENDPOINTS[key]
    return person.get(endpoint.path) if key[0] == "GET" else person.post(endpoint.path, **endpoint.form, **how)


def runs() -> list[tuple[str, Any, str]]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        return [(run.dag_id, run.conf, run.triggering_user_name) for run in session.scalars(sa.select(DagRun))]


def test_every_endpoint_is_tried_here() -> None:
    assert routes() == set(ENDPOINTS)


@pytest.mark.parametrize("key", ENDPOINTS, ids=" ".join)
def test_nobody_gets_the_log_in_or_401(people: dict[str, Person], key: tuple[str, str]) -> None:
    answer = ask(people["nobody"], key)
    if key[0] == "GET":
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/auth/login?next=")
        answer = people["nobody"].get(ENDPOINTS[key].path, Accept="*/*")
    assert answer.status_code == 401
    assert "token" not in answer.text


@pytest.mark.parametrize(("key", "role"), MAY_NOT, ids=str)
def test_without_the_right_the_answer_is_403(people: dict[str, Person], key: tuple[str, str], role: str) -> None:
    answer = ask(people[role], key)
    assert answer.status_code == 403
    assert "lacks this right" in answer.text
    assert runs() == []


@pytest.mark.parametrize(("key", "role"), MAY, ids=str)
def test_with_the_right_it_answers(people: dict[str, Person], key: tuple[str, str], role: str) -> None:
    answer = ask(people[role], key)
    assert answer.status_code == ENDPOINTS[key].code, answer.text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_there(people: dict[str, Person], name: str) -> None:
    answer = people["viewer"].get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(FILES[name])


@pytest.mark.parametrize("key", POSTS, ids=" ".join)
@pytest.mark.parametrize(
    "forged",
    [
        {"token": ""},
        {"token": "made up"},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"headers": {"Sec-Fetch-Site": "same-site"}},
        {"headers": {"Origin": "https://evil.example.com"}},
        {"headers": {"Origin": "null"}},
    ],
    ids=str,
)
def test_a_forged_form_is_refused(people: dict[str, Person], key: tuple[str, str], forged: dict[str, Any]) -> None:
    answer = ask(people["admin"], key, **forged)
    assert answer.status_code == 403
    assert "did not come from a page" in answer.text
    assert runs() == []


def test_the_token_of_somebody_else_is_refused(people: dict[str, Person]) -> None:
    answer = people["admin"].post("/issues/retry", token=people["user"].token(), ids=[1])
    assert answer.status_code == 403


def test_a_token_grows_old(people: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    token = people["admin"].token()
    monkeypatch.setattr("salesmanago_sync.ui.forgery.LIFETIME_SECONDS", -1)
    assert people["admin"].post("/issues/retry", token=token, ids=[1]).status_code == 403


def test_a_program_needs_the_token_only(people: dict[str, Person]) -> None:
    assert people["admin"].post("/issues/retry", headers={}, ids=[1]).status_code == 303


@pytest.mark.parametrize("role", ORDER)
def test_who_sees_people(people: dict[str, Person], role: str) -> None:
    """Counts for everybody who may read the runs; names and addresses, and links to them, for who may edit the DAGs."""
    page = people[role].get("/").text
    assert "Synchronization issues" in page
    for link in ("/salesmanago/issues", "/salesmanago/plan", "/salesmanago/explain"):
        assert (f'href="{link}' in page) is (role != "viewer")


def decisions(ledger: Ledger) -> list[tuple[str, str, str]]:
    frame = ledger.decisions.read_newest().sort_values("id")
    return list(zip(frame["action"], frame["who"], frame["about"], strict=True))


def audited() -> list[tuple[str, str, str]]:
    from airflow.models.log import Log
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.scalars(sa.select(Log).where(Log.event.startswith("salesmanago ")).order_by(Log.id))
        return [(log.event, log.owner, log.extra) for log in found]


def test_who_decided_is_kept_in_the_ledger_and_in_airflows_audit_log(ledger: Ledger, people: dict[str, Person]) -> None:
    before = len(audited())
    rows = [{"object": "Lead", "salesforce_id": f"00Q{number:012}AAA", "reason": "NO_EMAIL"} for number in range(3)]
    ledger.issues.report(1, pd.DataFrame(rows), datetime.now(UTC))
    answer = people["user"].post("/issues/dismiss", ids=[1, 2, 99])
    assert answer.headers["Location"].endswith("&done=dismiss&count=2")
    told = people["admin"].get("/issues?state=dismissed&done=dismiss&count=2").text
    assert "2 issues are dismissed" in told
    assert "dismissed by user" in told
    people["admin"].post("/issues/retry", ids=[1])
    assert decisions(ledger) == [("dismiss", "user", '["1", "2"]'), ("retry", "admin", '["1"]')]
    assert [(event, who) for event, who, _ in audited()[before:]] == [
        ("salesmanago dismiss", "user"),
        ("salesmanago retry", "admin"),
    ]


def test_ticking_nothing_is_told(ledger: Ledger, people: dict[str, Person]) -> None:
    answer = people["user"].post("/issues/retry")
    told = people["user"].get(answer.headers["Location"].removeprefix("/salesmanago")).text
    assert "Nothing was changed: tick the issues" in told
    assert decisions(ledger) == []


def test_all_of_a_filter_are_changed_only_when_their_number_was_confirmed(
    ledger: Ledger, people: dict[str, Person]
) -> None:
    rows = [{"object": "Lead", "salesforce_id": f"00Q{number:012}AAA", "reason": "NO_EMAIL"} for number in range(3)]
    ledger.issues.report(1, pd.DataFrame(rows), datetime.now(UTC))
    for expected in ({}, {"expected": 2}):
        asked = people["user"].post("/issues/dismiss?reason=NO_EMAIL", everything="true", **expected)
        assert asked.status_code == 200
        assert "Dismiss 3 issues?" in asked.text
        assert decisions(ledger) == []
    done = people["user"].post("/issues/dismiss?reason=NO_EMAIL", everything="true", expected=3)
    assert done.status_code == 303
    assert decisions(ledger) == [("dismiss", "user", '["1", "2", "3"]')]


def test_forcing_triggers_the_dag_in_the_name_of_the_person(people: dict[str, Person]) -> None:
    assert people["user"].post("/force/full", switch_on="true").status_code == 303
    assert runs() == [("salesmanago_full_sync", {}, "user")]
    assert "waiting to start" in people["viewer"].get("/").text


def test_a_paused_dag_is_not_triggered_in_vain(people: dict[str, Person]) -> None:
    answer = people["user"].post("/force/full")
    assert answer.status_code == 409
    assert "is paused" in answer.text
    assert runs() == []


def test_a_viewer_is_not_offered_what_is_not_allowed(people: dict[str, Person]) -> None:
    assert "/force/full" in people["user"].get("/").text
    page = people["viewer"].get("/").text
    assert "/force/full" not in page
    assert "may not trigger" in page


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/issues?state=odd", "/static/../app.py", "/docs"),
        *("/plan?run=99", "/plan?run=99999999999999999999"),
        *("/certificates/certificate-2026-01-31-run-99.json", "/contacts/m-1%00"),
    ],
)
def test_what_is_not_there_is_told_with_the_same_headers(people: dict[str, Person], path: str) -> None:
    answer = people["admin"].get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_a_fault_of_the_page_has_the_headers_and_its_text_is_in_no_log(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(*_: object) -> None:
        raise KeyError("Jan Kowalski")

    monkeypatch.setattr("salesmanago_sync.ui.issues_page.count_found", stumble)
    answer = people["admin"].get("/issues")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "An unforeseen KeyError" in caplog.text
    assert "Kowalski" not in answer.text + caplog.text


@pytest.mark.parametrize("page", [99, 10**30])
def test_a_page_beyond_the_last_is_the_last(ledger: Ledger, people: dict[str, Person], page: int) -> None:
    rows = [{"object": "Lead", "salesforce_id": f"00Q{number:012}AAA", "reason": "NO_EMAIL"} for number in range(60)]
    ledger.issues.report(1, pd.DataFrame(rows), datetime.now(UTC))
    assert "Page 2 of 2, 60 in all" in people["admin"].get(f"/issues?page={page}").text


def test_numbers_that_no_database_knows_change_nothing(ledger: Ledger, people: dict[str, Person]) -> None:
    answer = people["admin"].post("/issues/retry", ids=[10**30, -5, 2**31])
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("count=0")
    for number in (99, 10**30):
        assert people["admin"].post("/undo/apply", shown=number).status_code == 404


def test_a_signature_is_given_for_contacts_of_the_ledger_only(
    ledger: Ledger, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "salesmanago://client:secret@app2.example.com?owner=a%40example.com&microsite_key=key&iframe_name=card"
    monkeypatch.setenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT", uri)
    assert people["admin"].get("/contacts/m-1").status_code == 404
    known = pd.DataFrame(
        {"object": ["Lead"], "salesforce_id": ["00Q1"], "salesmanago_id": ["m-1"], "matched_by": "email"}
    )
    ledger.bindings.add(known, 1, datetime.now(UTC))
    assert people["admin"].get("/contacts/m-1").status_code == 303


def test_a_person_is_forgotten_in_two_steps_by_name(ledger: Ledger, people: dict[str, Person]) -> None:
    record = "00Q000000000001AAA"
    known = {"object": "Lead", "salesforce_id": record, "salesmanago_id": "m-1", "matched_by": "email"}
    ledger.bindings.add(pd.DataFrame([{**known, "base": '{"name": ["Jan", "Jan"]}'}]), 1, datetime.now(UTC))
    shown = people["user"].post("/forget", ids=[record]).text
    assert "Forget this person?" in shown
    assert "1 bindings" in shown
    assert ledger.bindings.read()["base"][0] != "{}", "nothing is wiped yet"
    assert "Forgotten" in people["user"].post("/forget", ids=[record], confirmed="true").text
    assert ledger.bindings.read()["base"][0] == "{}"
    assert decisions(ledger) == [("forget", "user", f'["{record}", "m-1"]')]
    assert audited()[-1][:2] == ("salesmanago forget", "user")


def test_whoever_forgets_somebody_is_told_what_was_exported(
    ledger: Ledger, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_EXPORT", "/exported")
    done = people["user"].post("/forget", ids=["00Q000000000001AAA"], confirmed="true").text
    assert "What was exported to /exported is not touched" in done


RECORD, CARD = "00Q000000000001AAA", "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def troubled(ledger: Ledger) -> None:
    """An issue of one person."""
    known = {"object": "Lead", "salesforce_id": RECORD, "salesmanago_id": CARD, "matched_by": "email"}
    ledger.bindings.add(pd.DataFrame([known]), 1, datetime.now(UTC))
    ledger.issues.report(1, pd.DataFrame([{**known, "reason": "LOCKED"}]), datetime.now(UTC))


def test_one_person_is_synchronised_from_an_issue_in_two_steps_while_the_dag_is_paused(
    troubled: None, people: dict[str, Person]
) -> None:
    issue = people["user"].get("/issues").text
    assert f'formaction="/salesmanago/person" name="person" value="{RECORD}"' in issue
    asked = people["user"].post("/person", person=[RECORD, CARD]).text
    assert "Switched on it stays on" in asked
    assert runs() == []
    done = people["user"].post("/person", person=[RECORD, CARD], switch_on="true").text
    assert "looks at this person only" in done
    assert runs() == [("salesmanago_incremental_sync", {"ids": [RECORD, CARD]}, "user")]
    assert "looks at this person only" in people["user"].post("/person", person=RECORD).text
    assert len(runs()) == 2


@pytest.mark.parametrize("person", ["nonsense", "anna@example.com", "<script>alert(1)</script>", "a\0b", "\U0001f600"])
def test_nobody_is_synchronised_whom_no_id_names(troubled: None, people: dict[str, Person], person: str) -> None:
    answer = people["user"].post("/person", person=person, switch_on="true")
    assert answer.status_code == 400
    assert "<script>" not in answer.text
    assert "anna" not in answer.text
    assert runs() == []
