"""Whatever happens, nobody's name, phone, address or secret is in a log, an XCom, a note or Airflow's database.

Services that lie are the worst case: what they say repeats everybody and every secret.
"""

from __future__ import annotations

import html
import json
import logging
import os
import sqlite3
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import requests
import sqlalchemy as sa

from salesmanago_sync.clients.session import new_session
from salesmanago_sync.errors import SyncError, UnexpectedError
from salesmanago_sync.hooks.failure import without_values
from tests.integration.direct import Direct
from tests.integration.sync import Sync
from tests.twin_server import TwinServer

NAMES = ("Żaneta", "O'Quillfeather", "Wojciech", "Brzęczyszczykiewicz")
PHONES = ("+48 601 657 778", "601657778", "+48512345678")
ADDRESSES = ("zaneta.o'quill+news@planted.example.com", "WOJCIECH.B@planted.example.com", "nowhere@planted.example.com")
NOTES = ("hunting licence 77-B", "Zażółć gęślą jaźń")
VALUES = (*NAMES, *PHONES, *ADDRESSES, *NOTES, "planted.example")
ECHO = " ".join(VALUES)
SQL = ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool")


def secrets(twin: TwinServer) -> list[str]:
    """What must not be told of the twin's accounts."""
    of_salesforce = [twin.salesforce[key] for key in ("consumer_secret", "password", "access_token", "security_token")]
    return of_salesforce + [twin.salesmanago[key] for key in ("api_secret", "microsite_key")]


def spellings(value: str) -> set[str]:
    """Write a value as it may stand in a URL, in JSON, in HTML or in Python, in lower case."""
    escaped = json.dumps(value)[1:-1]
    written = [
        value, quote(value), quote_plus(value), quote(value, safe=""), quote(quote(value)), escaped,
        json.dumps(escaped)[1:-1], html.escape(value), repr(value)[1:-1], value.replace("'", "\\'"),
        value.replace("@", "\\u0040"), value.replace(" ", ""),
    ]  # fmt: skip
    return {text.casefold() for text in written}


def found_in(text: str, planted: list[str]) -> list[str]:
    """List the planted values that a text holds in any spelling, upper or lower case."""
    told = text.casefold()
    return [value for value in planted if any(spelled in told for spelled in spellings(value))]


def test_the_search_finds_what_is_planted_in_any_spelling() -> None:
    for value in VALUES:
        texts = [value.upper(), quote(value).lower(), json.dumps({"a": value}), json.dumps(json.dumps(value))]
        assert [found_in(f"x {text} y", [value]) for text in texts] == [[value]] * len(texts)


def plant(record: Callable[..., str], contact: Callable[..., str]) -> None:
    """Put people on both sides: bound ones, newcomers, and one whom a service refuses."""
    zaneta, wojciech, nowhere = ADDRESSES
    person = {
        "FirstName": NAMES[0],
        "LastName": NAMES[1],
        "Phone": PHONES[0],
        "Company": "Nowak",
        "Description": NOTES[0],
    }
    record("Lead", Email=zaneta, **person)
    record("Lead", Email=nowhere, LastName=NAMES[3], Company="x" * 60, Phone=PHONES[2])
    contact(wojciech, name=f"{NAMES[2]} {NAMES[3]}", phone=PHONES[2], state="PROSPECT", company=NOTES[1])


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that is logged, down to DEBUG, by whichever library."""
    for name in (None, "urllib3", "requests", "simple_salesforce", "salesmanago_sync", *SQL):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture
def lying(direct: Direct) -> Direct:
    """People on both sides of services that are about to lie."""
    for scheme in ("http://", "https://"):
        direct._session.mount(scheme, new_session(read=60).get_adapter(scheme))
    direct.control.post("/salesmanago/settings", {"max_length": 40})
    plant(direct.record, direct.contact)
    return direct


def outcome(lying: Direct, told: pytest.LogCaptureFixture, mode: str = "full") -> str:
    """Run, and give everything that Airflow would write to the log of the tasks."""
    try:
        with without_values():
            lying.sync(mode)  # type: ignore[arg-type]
    except SyncError as error:
        return told.text + "".join(traceback.format_exception(error))
    return told.text


def plant_fault(lying: Direct, system: str, path: str, status: int, body: object, times: int | None = None) -> None:
    fault = {"system": system, "kind": "status", "path": path, "status": status, "body": body, "times": times}
    lying.control.post("/faults", fault)


def test_runs_that_end_tell_nobody(lying: Direct, told: pytest.LogCaptureFixture) -> None:
    text = outcome(lying, told) + outcome(lying, told, "incremental")
    assert "Salesforce GET query: HTTP 200" in text
    assert len(lying.cards()) == 2
    assert found_in(text, [*VALUES, *secrets(lying.twin)]) == []


REFUSALS: list[tuple[str, str, int, object]] = [
    ("salesforce", "query", 400, [{"errorCode": "MALFORMED_QUERY", "message": ECHO}]),
    ("salesforce", "query", 400, [{"errorCode": ECHO, "message": ECHO}]),
    ("salesforce", "query", 401, [{"errorCode": "INVALID_SESSION_ID", "message": ECHO}]),
    ("salesforce", "query", 403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": ECHO}]),
    ("salesforce", "query", 500, ECHO),
    ("salesforce", "query", 200, ECHO),
    ("salesforce", "composite", 400, [{"errorCode": "JSON_PARSER_ERROR", "message": ECHO}]),
    ("salesforce", "composite", 500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": ECHO}]),
    ("salesforce", "composite", 200, [{"success": False, "errors": [{"statusCode": ECHO, "message": ECHO}]}]),
    ("salesmanago", "listById", 200, {"success": False, "message": [ECHO]}),
    ("salesmanago", "listById", 200, {"success": False, "message": [f"not authenticated {ECHO}"]}),
    ("salesmanago", "listById", 200, {"success": False, "message": [f"rate limit {ECHO}"]}),
    ("salesmanago", "listById", 200, {"success": True, "contacts": [{"contactId": ECHO, "email": 7, "name": [ECHO]}]}),
    ("salesmanago", "listById", 401, ECHO),
    ("salesmanago", "upsert", 200, {"success": False, "message": [ECHO]}),
    ("salesmanago", "upsert", 500, ECHO),
]


@pytest.mark.parametrize(("system", "path", "status", "body"), REFUSALS)
def test_a_service_that_repeats_everybody_is_not_repeated(
    lying: Direct, told: pytest.LogCaptureFixture, system: str, path: str, status: int, body: object
) -> None:
    planted = [*VALUES, *secrets(lying.twin)]
    all_of_it = json.loads(json.dumps(body).replace(json.dumps(ECHO)[1:-1], json.dumps(" ".join(planted))[1:-1]))
    plant_fault(lying, system, path, status, all_of_it)
    assert found_in(outcome(lying, told), planted) == []


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "truncate"])
@pytest.mark.parametrize("system", ["salesforce", "salesmanago"])
def test_a_connection_that_breaks_tells_nobody(
    lying: Direct, told: pytest.LogCaptureFixture, system: str, kind: str
) -> None:
    lying.control.post("/faults", {"system": system, "kind": kind, "path": "query|list", "times": None})
    text = outcome(lying, told)
    assert system in text.lower()
    assert found_in(text, [*VALUES, *secrets(lying.twin)]) == []


def test_a_certificate_that_is_not_trusted_tells_nobody(lying: Direct, told: pytest.LogCaptureFixture) -> None:
    lying.sync("full")
    lying._session.verify = True
    text = outcome(lying, told, "incremental")
    assert "certificate is not trusted" in text
    assert found_in(text, [*VALUES, *secrets(lying.twin)]) == []


@pytest.mark.parametrize("fault", ["full", "away", "damaged"])
def test_a_ledger_that_fails_tells_nobody(
    lying: Direct, told: pytest.LogCaptureFixture, tmp_path: Path, fault: str
) -> None:
    engine = lying.ledger._database.engine
    if fault == "full":
        for number in range(60):
            lying.record(
                "Lead", Email=f"{number}{ADDRESSES[0]}", LastName=NAMES[1] * 4, Company="Nowak", Phone=PHONES[0]
            )
        with lying.ledger._database.read() as connection:
            used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        sa.event.listen(engine, "connect", lambda one, _: one.execute(f"PRAGMA max_page_count = {used + 1}"))
    elif fault == "away":
        sa.event.listen(engine, "before_execute", _forget_issues)
    engine.dispose()
    if fault == "damaged":
        (tmp_path / "ledger.db").write_bytes(ECHO.encode() * 500)
    text = outcome(lying, told)
    assert "the ledger at sqlite" in text
    assert found_in(text, [*VALUES, *secrets(lying.twin)]) == []


def _forget_issues(connection: sa.Connection, statement: object, *_: object) -> None:
    """Lose a table in the middle of a run, just before people are stored."""
    if isinstance(statement, sa.Insert) and statement.table.name in ("changes", "issues"):
        connection.exec_driver_sql(f"DROP TABLE {statement.table.name}")


def test_an_error_that_nobody_foresaw_tells_nobody(
    lying: Direct, told: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise KeyError(ECHO)

    monkeypatch.setattr(requests.Response, "json", stumble)
    text = outcome(lying, told)
    assert UnexpectedError.__name__ in text
    assert found_in(text, [*VALUES, *secrets(lying.twin)]) == []


# -- in a real Airflow: its logs, XComs, notes, rendered fields and database too


def everything_of_airflow(but: str = "") -> str:
    """Give every row of Airflow's database, and every other file below its home, logs above all, as text.

    Args:
        but: A table that is left out.
    """
    home = Path(os.environ["AIRFLOW_HOME"])
    files = [path for path in home.rglob("*") if path.is_file() and not path.name.startswith("airflow.db")]
    texts = [path.read_bytes().decode(errors="replace") for path in files]
    database = sqlite3.connect(home / "airflow.db")
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> ?", [but]).fetchall()
    for (table,) in tables:
        texts += map(repr, database.execute(f'SELECT * FROM "{table}"'))  # noqa: S608 - a name from the database itself
    database.close()
    return "\n".join(texts)


@pytest.mark.airflow
def test_neither_airflow_nor_its_database_learns_anybody(sync: Sync, told: pytest.LogCaptureFixture) -> None:
    for name in SQL:
        told.set_level(logging.INFO, logger=name)  # the statements of Airflow itself are many
    told.set_level(logging.DEBUG)
    planted = [*VALUES, *secrets(sync.twin)]
    sync.control.post("/salesmanago/settings", {"max_length": 40})
    plant(sync.record, sync.contact)
    full = sync.full()
    assert full.red == {"report"}, full.log
    assert len(sync.cards()) == 2
    assert "Salesforce GET query: HTTP 200" in full.log

    sync.fault(
        "salesforce", "status", "query", status=400, times=None, body=[{"errorCode": "NOT_FOUND", "message": ECHO}]
    )
    refused = sync.incremental()
    assert refused.state == "failed"
    refused.says("NOT_FOUND", "What the service said is in the ledger")
    [words] = [row["service_words"] for row in sync.rows("SELECT service_words FROM runs WHERE service_words <> ''")]
    assert NAMES[3] in words
    assert found_in(words, list(ADDRESSES)) == []

    assert found_in(full.log + refused.log, planted) == []
    assert "salesmanago_full_sync" in everything_of_airflow()
    assert found_in(everything_of_airflow() + sync.xcoms(), planted) == []
