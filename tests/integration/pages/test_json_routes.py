"""JSON routes: who may use them, what they answer, and that nothing is done that another site had a browser ask for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pandas as pd
import pytest
import requests
from fastapi.routing import APIRoute

from salesmanago_sync.domain.mapping_files.file import MOST_BYTES
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ui.headers import HEADERS
from tests.integration.pages.conftest import Program
from tests.integration.pages.test_permissions import audited, decisions, runs

ORDER = ("viewer", "user", "admin")
RECORD = "00Q000000000001AAA"


class Tried(NamedTuple):
    """One route: a path to try, the least role that may, what it then answers, and the question."""

    path: str
    least: str
    code: int
    question: dict[str, Any] | None = None


# A new route without a row here fails the first test. Where 404, 409 or 503 is answered, the right was there.
ROUTES = {
    ("GET", "/openapi.json"): Tried("/openapi.json", "viewer", 200),
    ("GET", "/status"): Tried("/status", "viewer", 200),
    ("GET", "/runs"): Tried("/runs", "viewer", 200),
    ("GET", "/runs/{run}"): Tried("/runs/last", "viewer", 404),
    ("GET", "/runs/{dag_id}/{run_id}"): Tried("/runs/salesmanago_full_sync/manual__1", "viewer", 404),
    ("GET", "/plan/{run}"): Tried("/plan/1", "user", 404),
    ("GET", "/issues"): Tried("/issues", "user", 200),
    ("GET", "/issues/count"): Tried("/issues/count", "user", 200),
    ("POST", "/issues/retry"): Tried("/issues/retry", "user", 200, {"reason": "NO_EMAIL"}),
    ("POST", "/issues/decide"): Tried(
        "/issues/decide", "user", 200, {"reason": "NO_EMAIL", "take": "salesforce", "apply": True}
    ),
    ("POST", "/issues/dismiss"): Tried("/issues/dismiss", "user", 200, {"reason": "NO_EMAIL"}),
    ("GET", "/explain/{id}"): Tried(f"/explain/{RECORD}", "user", 503),
    ("POST", "/explain"): Tried("/explain", "user", 503, {"person": "anna@example.com"}),
    ("POST", "/explain/past"): Tried("/explain/past", "user", 200, {"person": RECORD, "at": "2026-01-31"}),
    ("POST", "/forget"): Tried("/forget", "user", 200, {"people": [RECORD]}),
    ("POST", "/sync"): Tried("/sync", "user", 200, {"full": True, "unpause": True}),
    ("POST", "/audit"): Tried("/audit", "user", 409, {"unpause": True}),  # nobody was synchronised
    ("POST", "/undo"): Tried("/undo", "user", 404, {"run": "last", "unpause": True}),
    ("POST", "/setup"): Tried("/setup", "user", 200, {"unpause": True}),
    ("GET", "/mappings/check"): Tried("/mappings/check", "viewer", 200),
    ("GET", "/mappings/starter/{object}"): Tried("/mappings/starter/Lead", "viewer", 503),
    ("POST", "/mappings/try"): Tried("/mappings/try", "user", 503, {"files": {"lead.yaml": "object: Lead"}}),
    ("GET", "/probe"): Tried("/probe", "user", 200),
    ("POST", "/probe"): Tried("/probe", "user", 409, {"remove": True}),  # it is paused
    ("POST", "/export"): Tried("/export", "user", 409, {}),  # no place is set
    ("POST", "/doctor"): Tried("/doctor", "user", 200, {}),
    ("GET", "/certificates"): Tried("/certificates", "user", 200),
    ("GET", "/certificates/{name}"): Tried("/certificates/last", "user", 404),
}
POSTS = [key for key in ROUTES if key[0] == "POST"]


pytestmark = pytest.mark.usefixtures("paused", "no_certificate")


@pytest.fixture
def no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No audit has been made, whatever other tests have left behind."""
    monkeypatch.setenv("SALESMANAGO_SYNC_CERTIFICATES", str(tmp_path / "certificates"))


def routes() -> dict[tuple[str, str], APIRoute]:
    from salesmanago_sync.ui.api.app import make_api

    found = [route for route in make_api().routes if isinstance(route, APIRoute)]
    return {(method, route.path): route for route in found for method in route.methods}


def ask(program: Program, key: tuple[str, str]) -> requests.Response:
    tried = ROUTES[key]
    return program.get(tried.path) if key[0] == "GET" else program.post(tried.path, tried.question)


@cache
def document() -> dict[str, Any]:
    from salesmanago_sync.ui.api.app import make_api
    from salesmanago_sync.ui.api.problems import name_media

    return name_media(make_api().openapi())


def assert_described(key: tuple[str, str], answer: requests.Response) -> None:
    """Hold an answer against what the document says of its route and status."""
    if key == ("GET", "/openapi.json"):
        return
    described = document()["paths"][key[1]][key[0].lower()]["responses"][str(answer.status_code)]["content"]
    media = answer.headers["Content-Type"].partition(";")[0]
    schema = {**described[media]["schema"], "components": document()["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())


def report(ledger: Ledger, number: int = 3, reason: str = "NO_EMAIL", **columns: object) -> None:
    rows = [{"object": "Lead", "salesforce_id": f"00Q{n:012}AAA", "reason": reason, **columns} for n in range(number)]
    ledger.issues.report(1, pd.DataFrame(rows), datetime.now(UTC))


def test_every_route_is_tried_here() -> None:
    assert set(routes()) == set(ROUTES)


def test_nobody_is_told_to_log_in_and_nothing_else(programs: dict[str, Program]) -> None:
    for key in ROUTES:
        answer = ask(programs["nobody"], key)
        assert answer.status_code == 401, key
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["title"] == "Log in first"


def test_without_the_right_the_answer_is_403(programs: dict[str, Program]) -> None:
    for key, tried in ROUTES.items():
        for role in ORDER[: ORDER.index(tried.least)]:
            answer = ask(programs[role], key)
            assert answer.status_code == 403, (key, role)
            assert "lacks this right" in answer.json()["detail"]
            assert_described(key, answer)
    assert runs() == []


@pytest.mark.parametrize("key", ROUTES, ids=" ".join)
def test_with_the_right_it_answers_as_described(programs: dict[str, Program], key: tuple[str, str]) -> None:
    for role in ORDER[ORDER.index(ROUTES[key].least) :]:
        answer = ask(programs[role], key)
        assert answer.status_code == ROUTES[key].code, (role, answer.text)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert_described(key, answer)


def with_cookie(program: Program, path: str, **headers: str) -> requests.Response:
    """Send what a browser sends: the cookie, and where it comes from."""
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set("_token", program.token)
        where = f"{program.api}/salesmanago/api{path}"
        return session.post(where, data=json.dumps(ROUTES["POST", path].question), headers=headers, timeout=60)


JSON = {"Content-Type": "application/json"}
FOREIGN = [
    {},
    JSON,
    {"Content-Type": "text/plain", "Sec-Fetch-Site": "same-origin"},
    {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"},
    {**JSON, "Sec-Fetch-Site": "cross-site"},
    {**JSON, "Sec-Fetch-Site": "same-site"},
    {**JSON, "Sec-Fetch-Site": "none"},
    {**JSON, "Origin": "https://evil.example.com"},
    {**JSON, "Origin": "null"},
    {**JSON, "Authorization": ""},
    {**JSON, "Authorization": "Basic YTpi"},  # a proxy's password, which browsers add by themselves
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_cookie_alone_does_nothing_for_another_site(programs: dict[str, Program], headers: dict[str, str]) -> None:
    for _, path in POSTS:
        answer = with_cookie(programs["admin"], path, **headers)
        assert answer.status_code == 403, (path, answer.text)
        assert "header Authorization" in answer.json()["detail"]
    assert runs() == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": ""}], ids=str)
def test_our_own_pages_may_ask_with_the_cookie(programs: dict[str, Program], headers: dict[str, str]) -> None:
    own = {name: value or programs["admin"].api for name, value in headers.items()}
    assert with_cookie(programs["admin"], "/forget", **JSON, **own).status_code == 200


def test_a_token_that_is_none_is_refused_though_the_cookie_is_good(programs: dict[str, Program]) -> None:
    answer = with_cookie(programs["admin"], "/sync", **JSON, Authorization="Bearer made.up.token")
    assert answer.status_code in (401, 403)
    assert runs() == []


def test_a_token_of_one_user_does_nothing_in_the_name_of_another(programs: dict[str, Program]) -> None:
    # By the cookie he may, by the token not: whom Airflow goes by is a matter of its version.
    answer = with_cookie(programs["admin"], "/sync", **JSON, Authorization=f"Bearer {programs['viewer'].token}")
    assert answer.status_code == 403
    assert runs() == []


def test_issues_are_found_in_pages_and_decided_by_name(ledger: Ledger, programs: dict[str, Program]) -> None:
    before = len(audited())
    report(ledger, 5)
    report(ledger, 1, "LOCKED")
    first, rest = (programs["user"].get(f"/issues?limit=4&offset={offset}").json() for offset in (0, 4))
    assert [len(page["rows"]) for page in (first, rest)] == [4, 2]
    assert {page["total"] for page in (first, rest)} == {6}
    assert programs["user"].get("/issues?reason=LOCKED").json()["total"] == 1
    assert programs["user"].get("/issues?ids=1&ids=2&offset=1").json()["total"] == 2
    done = programs["user"].post("/issues/dismiss", {"ids": [1, 2]}).json()
    assert done["told"] == ["2 issues are neither tried nor reported until what is tried changes."]
    programs["admin"].post("/issues/retry", {"state": "dismissed", "reason": "NO_EMAIL"})
    assert decisions(ledger) == [("dismiss", "user", '["1", "2"]'), ("retry", "admin", '["1", "2"]')]
    assert [(event, who) for event, who, _ in audited()[before:]] == [
        ("salesmanago dismiss", "user"),
        ("salesmanago retry", "admin"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "told"),
    [
        ("GET", "/issues?reason=NO_EMIAL", None, 400, "Did you mean 'NO_EMAIL'"),
        ("GET", "/issues?state=odd", None, 422, "'open', 'dismissed' or 'closed'"),
        ("GET", "/issues?serach=x", None, 422, "serach"),
        ("GET", "/issues?search=anna%40example.com", None, 400, "use Explain"),
        ("GET", "/issues?search=%00", None, 422, "cannot be seen"),
        ("GET", "/issues?limit=0", None, 422, "limit"),
        ("GET", "/issues?limit=99999", None, 422, "limit"),
        ("GET", "/issues?offset=99999999999999999999", None, 422, "offset"),
        ("GET", "/issues?ids=99", None, 404, "no issue 99"),
        ("POST", "/issues/retry", {}, 400, "which ones is not said"),
        ("POST", "/issues/retry", {"ids": [99]}, 404, "no issue 99"),
        ("POST", "/issues/retry", {"ids": [10**30]}, 404, "no issue"),
        ("POST", "/issues/retry", {"reason": "\ud800"}, 422, "valid string"),
        ("POST", "/issues/retry", {"reason": None}, 422, "reason"),
        ("POST", "/issues/retry", [], 422, ""),
        ("POST", "/sync", {"since": "2026-01-01"}, 400, "as 2026-01-31T12:00:00Z"),
        ("POST", "/sync", {"full": True, "ids": [RECORD]}, 400, "reads everybody"),
        ("POST", "/sync", {"fields": ["phone"]}, 400, "belong to a full sync"),
        ("POST", "/sync", {"ids": ["nonsense"]}, 400, "not all of them are Salesforce Ids"),
        ("POST", "/sync", {"ids": ["<script>"]}, 400, "not all of them are Salesforce Ids"),
        ("POST", "/sync", {"objects": ["Leed"]}, 422, "'Lead'"),
        ("POST", "/sync", {"canary": 0}, 422, "canary"),
        ("POST", "/sync", {"dry_run": "perhaps"}, 422, "dry_run"),
        ("POST", "/sync", {"dryrun": True}, 422, "dryrun"),
        ("POST", "/sync", {"full": True}, 409, "is paused: a run would wait for ever"),
        ("POST", "/setup", {"delete_fields": True}, 400, "delete_fields is for undo only"),
        ("POST", "/undo", {"run": 99}, 404, "Newest runs: none yet"),
        ("POST", "/probe", {"unpause": True}, 400, "nothing would be done"),
        ("POST", "/probe", {"apply": True, "remove": True, "unpause": True}, 400, "removes its contacts itself"),
        ("POST", "/probe", {"apply": "perhaps"}, 422, "apply"),
        ("POST", "/export", {"unpause": True}, 409, "SALESMANAGO_SYNC_EXPORT"),
        ("POST", "/mappings/try", {"files": {}}, 422, "files"),
        ("POST", "/mappings/try", {"files": {"../lead.yaml": ""}}, 422, "should match pattern"),
        ("POST", "/mappings/try", {"files": {"lead.yaml": "a" * (MOST_BYTES + 1)}}, 422, "at most"),
        ("POST", "/mappings/try", {"files": {"lead.yaml": ""}, "sample": 201}, 422, "sample"),
        ("GET", "/plan/first", None, 404, "Newest runs: none yet"),
        ("GET", "/runs/99999999999999999999", None, 404, "Newest runs"),
        ("GET", "/certificates/..%2f..%2fetc", None, 404, ""),
        ("GET", "/explain/anna%40example.com", None, 400, "by POST"),
        ("GET", "/explain/nonsense", None, 400, "neither an address nor an id"),
        ("POST", "/explain/past", {"person": RECORD, "at": "soon"}, 400, "neither a day nor a moment"),
        ("POST", "/explain/past", {"person": "anna@example.com", "at": "2026-01-31"}, 400, "by id only"),
        ("POST", "/forget", {"people": []}, 422, "people"),
        ("POST", "/forget", {"people": ["nonsense"], "confirmed": True}, 400, "neither an address nor an id"),
        ("GET", "/nothing", None, 404, ""),
        ("GET", "/sync", None, 405, ""),
    ],
)
def test_what_cannot_be_done_is_told_in_the_words_of_the_commands(
    programs: dict[str, Program], method: str, path: str, body: object, code: int, told: str
) -> None:
    answer = programs["admin"].get(path) if method == "GET" else programs["admin"].post(path, body)
    assert answer.status_code == code, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert told in json.dumps(problem, ensure_ascii=False)
    assert problem["status"] == code
    assert "<" not in problem["title"]
    assert runs() == []


def test_a_body_that_is_no_json_is_a_problem_too(programs: dict[str, Program]) -> None:
    admin = programs["admin"]
    for body in (b"{", b"\xff\xfe", b"", b'{"full": NaN}', b"[" * 100_000):
        answer = requests.post(
            f"{admin.api}/salesmanago/api/sync",
            data=body,
            headers={**JSON, "Authorization": f"Bearer {admin.token}"},
            timeout=60,
        )
        assert 400 <= answer.status_code < 500, (body[:9], answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_run_is_started_in_the_name_of_who_asked(programs: dict[str, Program]) -> None:
    body = {"objects": ["Lead"], "dry_run": True, "full": True, "unpause": True}
    [started] = programs["user"].post("/sync", body).json()["rows"]
    assert runs() == [("salesmanago_full_sync", {"objects": ["Lead"], "dry_run": True}, "user")]
    [followed] = programs["viewer"].get(f"/runs/{started['dag_id']}/{started['run_id']}").json()["rows"]
    assert (followed["state"], followed["run"], followed["totals"]) == ("queued", None, [])


def test_a_probe_is_started_once_and_an_export_where_a_place_is_set(
    programs: dict[str, Program], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ask = {"apply": True, "unpause": True}
    assert programs["user"].post("/probe", ask).json()["rows"][0]["dag_id"] == "salesmanago_probe"
    assert programs["admin"].post("/probe", ask).status_code == 409, "two programs ask at once"
    monkeypatch.setenv("SALESMANAGO_SYNC_EXPORT", str(tmp_path))
    assert programs["admin"].post("/export", {"unpause": True}).status_code == 200
    asked = {"check_only": False, "remove_only": False}
    assert sorted(runs()) == [("salesmanago_export", {}, "admin"), ("salesmanago_probe", asked, "user")]


def test_a_run_that_could_only_fail_is_not_started(
    programs: dict[str, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT")
    answer = programs["admin"].post("/sync", {"full": True, "unpause": True})
    assert answer.status_code == 409
    assert "connection salesmanago_default" in [fault["where"] for fault in answer.json()["faults"]]
    assert runs() == []


def test_the_document_names_the_command_of_each_route(programs: dict[str, Program]) -> None:
    told = programs["viewer"].get("/openapi.json").json()
    assert told["servers"] == [{"url": "/salesmanago/api"}]
    assert told["paths"]["/issues/dismiss"]["post"]["x-command"] == "airflow salesmanago issues dismiss"
    assert {"HTTPBearer"} <= set(told["components"]["securitySchemes"])


def test_what_a_service_said_is_shown_to_those_who_see_people_only(
    ledger: Ledger, programs: dict[str, Program]
) -> None:
    run = ledger.runs.start("salesmanago_full_sync", "manual__1", "full", False, False, datetime.now(UTC))
    ledger.runs.finish(run, "failed", datetime.now(UTC), {"rows": []}, "preflight")
    ledger.runs.update(run, service_words="Jan Kowalski is locked")
    for path in ("/status", "/runs", f"/runs/{run}"):
        assert "Kowalski" not in programs["viewer"].get(path).text
    assert "Kowalski" in programs["user"].get(f"/plan/{run}").text


def test_an_unforeseen_fault_tells_nothing_of_anybody(
    programs: dict[str, Program], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(*_: object) -> None:
        raise KeyError("Jan Kowalski")

    monkeypatch.setattr("salesmanago_sync.actions.issues.read_issues", stumble)
    answer = programs["admin"].get("/issues")
    assert (answer.status_code, answer.json()["title"]) == (500, "It did not work")
    assert "An unforeseen KeyError" in caplog.text
    assert "Kowalski" not in answer.text + caplog.text


def test_people_are_forgotten_by_name_once_it_is_confirmed(ledger: Ledger, programs: dict[str, Program]) -> None:
    known = {"object": "Lead", "salesforce_id": RECORD, "salesmanago_id": "m-1", "matched_by": "email"}
    ledger.bindings.add(pd.DataFrame([{**known, "base": '{"name": ["Jan", "Jan"]}'}]), 1, datetime.now(UTC))
    asked = programs["user"].post("/forget", {"people": [RECORD]}).json()
    assert (asked["rows"][0]["bindings"], ledger.bindings.read()["base"][0]) == (1, '{"name": ["Jan", "Jan"]}')
    done = programs["user"].post("/forget", {"people": [RECORD], "confirmed": True}).json()
    assert (done["rows"][0]["forgotten"], ledger.bindings.read()["base"][0]) == (f"{RECORD}, m-1", "{}")
    assert decisions(ledger) == [("forget", "user", f'["{RECORD}", "m-1"]')]
    assert audited()[-1][:2] == ("salesmanago forget", "user")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\U0001f600", "\"'", "0", "false", ""])
def test_values_come_as_they_are_kept(ledger: Ledger, programs: dict[str, Program], text: str) -> None:
    report(ledger, 1, text=text, values=json.dumps({"salesforce": text}))
    [row] = programs["user"].get("/issues").json()["rows"]
    assert (row["text"], row["values"]) == (text, {"salesforce": text})


def test_a_pair_that_nobody_knows_has_no_routes(programs: dict[str, Program]) -> None:
    admin = programs["admin"]
    where = f"{admin.api}/salesmanago/pairs/nosuch/api/issues"
    answer = requests.get(where, headers={"Authorization": f"Bearer {admin.token}"}, timeout=60)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
