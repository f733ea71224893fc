"""Every endpoint as nobody, viewer, user and admin: nothing without log-in, nothing without the right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

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
    ("POST", "/force/{mode}"): Endpoint("/force/incremental", "user", 303, {"dry_run": "true", "switch_on": "true"}),
    ("GET", "/issues"): Endpoint("/issues", "viewer", 200),
    ("GET", "/issues.csv"): Endpoint("/issues.csv", "viewer", 200),
    ("POST", "/issues/{action}"): Endpoint("/issues/dismiss", "user", 303, {"ids": [1]}),
    ("GET", "/contacts/{contact_id}"): Endpoint("/contacts/x", "viewer", 404),  # the connection does not say where
    ("GET", "/plan"): Endpoint("/plan", "viewer", 200),
    ("GET", "/explain"): Endpoint("/explain", "viewer", 200),
    ("POST", "/explain"): Endpoint("/explain", "viewer", 200, {"asked": "anna@example.com"}),
    ("GET", "/mappings"): Endpoint("/mappings", "viewer", 200),
    ("GET", "/mappings/{object}.yaml"): Endpoint("/mappings/Lead.yaml", "viewer", 503),  # there is no connection
    ("GET", "/static/{name}"): Endpoint("/static/pages.js", "viewer", 200),
}
ORDER = ("viewer", "user", "admin")
MAY = [(key, role) for key in ENDPOINTS for role in ORDER if ORDER.index(role) >= ORDER.index(ENDPOINTS[key].least)]
MAY_NOT = [(key, role) for key in ENDPOINTS for role in ORDER if ORDER.index(role) < ORDER.index(ENDPOINTS[key].least)]
POSTS = [key for key in ENDPOINTS if key[0] == "POST"]


@pytest.fixture(autouse=True)
def paused(api: str, ledger: Ledger) -> Iterator[None]:
    """Both DAGs as they were found: paused, and without runs."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    def clear() -> None:
        with create_session() as session:
            session.execute(sa.delete(DagRun))
            session.execute(sa.update(DagModel).values(is_paused=True))

    clear()
    yield
    clear()


def routes() -> set[tuple[str, str]]:
    """Every endpoint that the app has."""
    from salesmanago_sync.ui.app import make_app

    return {(method, route.path) for route in make_app().routes for method in route.methods - {"HEAD"}}  # type: ignore[attr-defined]


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


@pytest.mark.parametrize("path", ["/nothing", "/plan?run=99", "/issues?state=odd", "/static/../app.py", "/docs"])
def test_what_is_not_there_is_told_with_the_same_headers(people: dict[str, Person], path: str) -> None:
    answer = people["admin"].get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
