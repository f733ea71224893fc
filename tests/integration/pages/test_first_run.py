"""From nothing to a sync that runs by itself: the checklist, the doctor, and a Start that is off until it can work."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ui import asking
from tests.integration.commands import here
from tests.integration.pages.conftest import Person, set_variable, synchronised
from tests.integration.pages.test_permissions import audited, runs
from tests.twin_server import TwinServer

LEAD = """\
object: Lead
fields:
  - {salesforce: Email, salesmanago: email}
  - {salesforce: LastName, salesmanago: name}
"""
STEP = re.compile(r'<strong>([^<]+)</strong>.*?<span class="tag (\w+)">', re.DOTALL)


@pytest.fixture(autouse=True)
def fresh(api: str, ledger: Ledger) -> Iterator[None]:
    """Airflow without runs and Variables of the sync, everything paused."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    def clear() -> None:
        with create_session() as session:
            session.execute(sa.delete(DagRun))
            session.execute(sa.delete(Variable))
            session.execute(sa.update(DagModel).values(is_paused=True))

    clear()
    yield
    clear()


@pytest.fixture
def mappings(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a mapping that fits."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "lead.yaml").write_text(LEAD)
    monkeypatch.setenv("SALESMANAGO_SYNC_MAPPINGS", str(folder))
    return folder


@pytest.fixture
def twin_connected(ledger: Ledger, twin: TwinServer, monkeypatch: pytest.MonkeyPatch) -> TwinServer:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", twin.ca)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    for conn_id, connection in twin.connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    return twin


def steps(page: str) -> dict[str, str]:
    return dict(STEP.findall(page))


def test_a_fresh_install_is_told_what_is_missing_and_where_to_do_it(people: dict[str, Person], mappings: Path) -> None:
    page = people["admin"].get("/").text
    assert steps(page)["Connections"] == "missing"
    assert "connection salesforce_default: does not exist." in page
    assert "connection salesmanago_default: does not exist." in page
    for link in ("/connections", "/dags/salesmanago_setup", "/salesmanago/doctor", "/salesmanago/force/full?dry=true"):
        assert f'href="{link}"' in page, link
    assert 'action="/salesmanago/switch/full"' in page


def test_who_may_not_do_a_step_is_not_offered_it(people: dict[str, Person], mappings: Path) -> None:
    page = people["viewer"].get("/").text
    assert steps(page)["Dry run"] == "missing"
    assert "Your user may not do this" in page
    for link in ("/salesmanago/doctor", "/salesmanago/force", "/salesmanago/switch"):
        assert link not in page


def test_the_first_pages_ask_no_service(people: dict[str, Person], mappings: Path, twin_connected: TwinServer) -> None:
    for path in ("/", "/force/full", "/force/incremental", "/doctor"):
        assert people["admin"].get(path).status_code == 200
    assert steps(people["admin"].get("/").text)["Connections"] == "unknown"
    assert twin_connected.control.get("/calls")["log"] == []


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_start_is_off_while_the_run_could_only_fail(people: dict[str, Person], mappings: Path, mode: str) -> None:
    page = people["admin"].get(f"/force/{mode}").text
    assert "It cannot start: the run could only fail" in page
    assert "connection salesforce_default: does not exist." in page
    assert "<form" not in page
    answer = people["admin"].post(f"/force/{mode}", switch_on="true")
    assert (answer.status_code, runs()) == (409, [])
    assert "connection salesforce_default: does not exist." in answer.text


@pytest.mark.usefixtures("connected")
def test_start_is_on_for_what_can_begin(people: dict[str, Person], mappings: Path) -> None:
    assert 'name="dry_run" value="true" checked' in people["user"].get("/force/full?dry=true").text
    page = people["user"].get("/force/incremental").text
    assert "was not done yet (it is never). Run salesmanago_full_sync first." in page
    assert people["user"].post("/force/incremental", switch_on="true").status_code == 409
    assert people["user"].post("/force/full", switch_on="true").status_code == 303
    assert [name for name, _, _ in runs()] == ["salesmanago_full_sync"]


@pytest.mark.usefixtures("connected", "mappings")
def test_an_audit_is_offered_once_it_can_work_and_told_while_it_does(
    people: dict[str, Person], ledger: Ledger, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_CERTIFICATES", str(tmp_path / "certificates"))
    page = people["user"].get("/certificate").text
    assert "No certificate was made yet." in page
    assert "was not done yet (it is never). Run salesmanago_full_sync first." in page
    assert "disabled>Start an audit</button>" in page
    assert people["user"].post("/certificate", switch_on="true").status_code == 409
    assert runs() == []
    synchronised(ledger, now, "any")
    assert "disabled>" not in people["user"].get("/certificate").text
    assert people["user"].post("/certificate", switch_on="true").status_code == 303
    page = people["user"].get("/certificate").text
    assert "An audit waits to start since" in page
    assert 'href="/dags/salesmanago_audit/runs/manual' in page
    assert "No certificate was made yet." not in page
    set_variable("salesmanago_last_sync", None)
    assert "Variable salesmanago_last_sync: is missing, or null" in people["user"].get("/certificate").text


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LEAD.replace("email}", "emial}"), "lead.yaml:2"),
        (f"enabled: false\n{LEAD}", "none is enabled"),
        (None, "there is no mapping file"),
    ],
)
def test_a_fault_in_the_mappings_shows_on_both_pages(
    people: dict[str, Person], ledger: Ledger, mappings: Path, now: datetime, text: str | None, told: str
) -> None:
    file = mappings / "lead.yaml"
    file.write_text(text) if text else file.unlink()
    for path in ("/", "/force/full", "/force/incremental"):
        assert told in people["user"].get(path).text, path
    assert people["user"].post("/force/full", switch_on="true").status_code == 409
    synchronised(ledger, now, "any")
    people["user"].post("/switch/incremental", on="true")
    page = people["user"].get("/").text
    assert steps(page) == {}
    assert told in page, "also when there is no checklist any more"


@pytest.mark.usefixtures("connected")
def test_a_full_sync_is_due_when_a_mapping_changed_since_the_last_one(
    people: dict[str, Person], ledger: Ledger, mappings: Path, now: datetime
) -> None:
    from salesmanago_sync.overview.mappings import read_digests

    synchronised(ledger, now, read_digests(mappings)["Lead"])
    for path in ("/force/full", "/force/incremental"):
        assert "Full sync due" not in people["user"].get(path).text
    (mappings / "lead.yaml").write_text(LEAD + "  - {salesforce: Phone, salesmanago: phone, convert: phone}\n")
    assert "the mapping of Lead changed since the last full sync" in people["user"].get("/force/incremental").text
    people["user"].post("/switch/incremental", on="true")
    page = people["user"].get("/").text
    assert steps(page) == {}
    assert "the mapping of Lead changed since the last full sync" in page


def test_a_switch_is_turned_by_name(people: dict[str, Person], mappings: Path) -> None:
    before = len(audited())
    for on in ("true", "true", "false"):
        assert people["user"].post("/switch/full", on=on).status_code == 303
    assert [(event, who) for event, who, _ in audited()[before:]] == [
        ("salesmanago switch on", "user"),
        ("salesmanago switch off", "user"),
    ]


def test_the_doctor_says_the_same_as_the_command_and_the_checklist_repeats_it(
    people: dict[str, Person], mappings: Path, twin_connected: TwinServer
) -> None:
    printed = here("doctor", "--output", "json").rows
    page = people["user"].post("/doctor").text
    told = re.sub(r"\d+ of", "n of", html.unescape(page))  # each of them uses some of the org's calls
    for row in printed:
        for text in (row["check"], f'<span class="tag {row["result"]}">', row["finding"], row["fix"]):
            assert re.sub(r"\d+ of", "n of", text) in told, row
    assert "No fault" in page
    found = steps(people["viewer"].get("/").text)
    assert (found["Connections"], found["Doctor"]) == ("done", "done")
    assert twin_connected.control.get("/calls")["log"] != []
    (mappings / "lead.yaml").write_text(LEAD.replace("email}", "emial}"))
    assert "2 faults to correct" in people["user"].post("/doctor").text
    assert "These found a fault: Mapping files." in people["viewer"].get("/").text
    assert "these found a fault" in people["user"].get("/doctor").text


def test_settings_that_cannot_be_used_are_the_doctors_first_fault(
    people: dict[str, Person], mappings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_FAIL_ON", "sometimes")
    token = people["user"].token()
    assert "SALESMANAGO_SYNC_FAIL_ON" in people["user"].post("/doctor", token=token).text


@pytest.mark.usefixtures("connected")
def test_one_diagnosis_at_a_time_and_not_for_long(
    people: dict[str, Person], mappings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with asking._taken(asking._diagnoses):
        answer = people["user"].post("/doctor")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    monkeypatch.setattr("salesmanago_sync.ui.doctor_page.SECONDS", -1)
    page = people["user"].post("/doctor").text
    assert "the checks were ended after a minute" in page
    assert "Nothing was tried yet" in people["user"].get("/").text, "half a diagnosis says nothing"


def test_the_automatic_synchronisation_is_switched_on_and_off_on_the_first_page(
    people: dict[str, Person], mappings: Path
) -> None:
    def card(role: str) -> str:
        page = people[role].get("/").text
        return page[page.index("<h2>Automatic synchronization</h2>") : page.index("<h2>Force synchronization</h2>")]

    assert [card("user").count(text) for text in ("Paused", "*/15 * * * *", "Switch on")] == [1, 1, 2]
    assert "<form" not in card("viewer")
    people["user"].post("/switch/incremental", on="true")
    assert [card("user").count(text) for text in (">On<", "*/15 * * * *", "Switch off")] == [1, 1, 1]
    people["user"].post("/switch/consent", on="true")
    assert card("user").count("Switch off") == 2
    people["user"].post("/switch/incremental", on="false")
    assert "Paused" in card("viewer")


def watermark() -> dict[str, str]:
    from airflow.models.variable import Variable

    found: dict[str, str] = Variable.get("salesmanago_last_sync", deserialize_json=True)
    return found


def test_the_date_of_the_last_synchronisation_is_set_by_name_after_a_check(
    people: dict[str, Person], ledger: Ledger, mappings: Path
) -> None:
    admin = people["admin"]
    assert "There is none yet" in admin.get("/last").text
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    synchronised(ledger, noon, "any")
    before = len(audited())
    assert 'value="2026-01-31T12:00:00"' in admin.get("/last").text
    assert 'href="/salesmanago/last"' in admin.get("/").text
    assert 'href="/salesmanago/last"' not in people["user"].get("/").text, "may edit DAGs, and no Variables"
    later = {"salesforce": "2026-01-31T13:00:00", "salesmanago": "2026-01-31T12:00:00"}
    refused = admin.post("/last", **later)
    assert "is later than 2026-01-31T12:00:00Z" in refused.text
    assert 'value="2026-01-31T13:00:00"' in refused.text, "what was typed stays"
    assert watermark() == {"salesforce": "2026-01-31T12:00:00Z", "salesmanago": "2026-01-31T12:00:00Z"}
    assert len(audited()) == before
    assert admin.post("/last", **later, skip="true").status_code == 303
    assert watermark() == {"salesforce": "2026-01-31T13:00:00Z", "salesmanago": "2026-01-31T12:00:00Z"}
    [(event, who, about)] = audited()[before:]
    assert (event, who) == ("salesmanago set last synchronization", "admin")
    assert "salesforce 2026-01-31T13:00:00Z" in about
