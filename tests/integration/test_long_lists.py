"""Long lists of Salesforce go by Bulk jobs, and nothing else is different."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.staged_frames import RECORDS, SIGHTINGS
from salesmanago_sync.errors import RetriableError
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.extract import extract_salesforce
from salesmanago_sync.steps.pages import read_pages
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.window import fix_window
from tests.integration.direct import Direct, Mode
from tests.integration.sync import Killed
from tests.twin_in_process import TwinInProcess
from tests.twin_server import TwinServer

PEOPLE = {"seed": 5, "leads": 12, "contacts": 9, "person_accounts": 4, "salesmanago": 15}
HOSTILE = ['say "no", please', "two\nlines", "a\r\nb", "#N/A", "null", "=1+1", ",", '"', "true", "ąę😀", "0"]
ALWAYS, NEVER = 1, 1_000_000


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync, between services in this process."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


@pytest.fixture
def over_http(twin: TwinServer, empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The same steps, between services in a process of their own."""
    made = Direct(twin, tmp_path, empty_ledger)
    yield made
    made.close()


def set_threshold(direct: Direct, above: int) -> None:
    direct.settings = direct.settings.model_copy(update={"bulk_above": above})


def ready(direct: Direct, mode: Mode = "full") -> Ports:
    """Bring a run so far that it can read."""
    direct.later(3600)
    ports = direct.begun(mode)
    preflight(ports, direct.account, lambda settings: None)
    return ports


def read(ports: Ports, name: str) -> pd.DataFrame:
    """Read an object, and give what was staged of it."""
    count = extract_salesforce(ports, name, ports.ledger.runs.read(ports.run.id)["window"])
    pages = list(read_pages(ports.staging, [f"changed.{name}"], RECORDS))
    found = pd.concat(pages).sort_values("Id", ignore_index=True)
    assert len(found) == count
    return found


def jobs(direct: Direct, method: str = "POST") -> list[str]:
    """The requests about Bulk jobs since the log of calls was emptied."""
    log = direct.control.get("/calls")["log"]
    return [call["path"] for call in log if "/jobs/query" in call["path"] and call["method"] == method]


def fill(direct: Direct, name: str) -> None:
    """Make people whose values are hard to carry."""
    for number, text in enumerate(HOSTILE):
        fields: dict[str, Any] = {"LastName": f"N{number}", "Description": text, "Email": f"p{number}@example.com"}
        if name == "Contact":
            fields |= {"AccountId": direct.record("Account", Name=text), "DoNotCall": number % 2 == 0}
        else:
            fields |= {"Company": text, "HasOptedOutOfEmail": number % 2 == 0}
        direct.record(name, **fields)
    direct.record(name, LastName="Alone", **({} if name == "Contact" else {"Company": "C"}))


@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("name", ["Contact", "Lead"])
def test_what_is_staged_is_the_same_both_ways(
    over_http: Direct, monkeypatch: pytest.MonkeyPatch, mode: Mode, name: str
) -> None:
    direct = over_http
    monkeypatch.setattr("salesmanago_sync.clients.salesforce_bulk.PAGE", 5)
    if mode == "incremental":
        direct.sync("full")
    fill(direct, name)
    [gone, *_] = direct.records(name)
    direct.control.delete(f"/salesforce/{name}/{gone}")
    frames = []
    for above in (NEVER, ALWAYS):
        set_threshold(direct, above)
        ports = ready(direct, mode)
        fix_window(ports)
        direct.control.delete("/calls")
        frames.append(read(ports, name))
        ports.ledger.lock.free(ports.run.attempt)
    assert len(jobs(direct)) == len(jobs(direct, "DELETE")) == 1
    assert len(jobs(direct, "GET")) > 3
    assert (gone in set(frames[1]["Id"])) == (mode == "incremental")
    pd.testing.assert_frame_equal(*frames)


def test_a_full_sync_does_the_same_both_ways(empty_ledger: Path, tmp_path: Path) -> None:
    ends = []
    for above in (NEVER, ALWAYS):
        folder = tmp_path / str(above)
        folder.mkdir()
        direct = Direct(TwinInProcess(), folder, empty_ledger)
        direct.control.post("/people", PEOPLE)
        set_threshold(direct, above)
        writes = direct.sync("full")
        assert len(jobs(direct)) == (0 if above == NEVER else 3)
        second = direct.sync("full")
        ends.append((writes, second, direct.records("Lead"), direct.records("Contact"), direct.cards()))
        direct.close()
    assert ends[0] == ends[1]


def test_a_short_list_makes_no_job(direct: Direct) -> None:
    fill(direct, "Lead")
    set_threshold(direct, len(HOSTILE) + 1)
    read(ready(direct), "Lead")
    assert jobs(direct) == []


def test_a_repeated_task_goes_on_with_its_job(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salesmanago_sync.clients.salesforce_bulk.PAGE", 5)
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    ports = ready(direct)
    direct.control.post(
        "/faults", {"system": "salesforce", "kind": "status", "path": "/results", "after": 1, "times": 4}
    )
    with pytest.raises(RetriableError):
        read(ports, "Lead")
    direct.later(60)
    edited = direct.record("Lead", LastName="Late", Company="C")
    found = read(ports, "Lead")
    assert len(found) == len(HOSTILE) + 1
    assert edited not in set(found["Id"])
    assert len(jobs(direct)) == 1
    seen = pd.concat(read_pages(ports.staging, ["changed.Lead.seen"], SIGHTINGS))
    assert (seen["at"] <= ports.now() - pd.Timedelta(seconds=60)).all(), "what a job reads is as old as the job"


def test_a_worker_may_die_at_any_moment(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salesmanago_sync.clients.salesforce_bulk.PAGE", 5)
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    ports = ready(direct)
    whole = read(ports, "Lead")
    for at in range(1, 100):
        direct.countdown.set(at, after=bool(at % 2))
        try:
            extract_salesforce(ports, "Lead", None)
        except Killed:
            direct.countdown.set(None)
            pd.testing.assert_frame_equal(read(ports, "Lead"), whole)
        else:
            break
    assert at > 8


def test_a_lost_job_is_begun_anew(direct: Direct) -> None:
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    ports = ready(direct)
    direct.control.post("/faults", {"system": "salesforce", "kind": "status", "path": "/results", "times": 4})
    with pytest.raises(RetriableError):
        read(ports, "Lead")
    direct.control.delete("/calls")
    direct.later(8 * 24 * 3600)
    late = direct.record("Lead", LastName="Late", Company="C")
    assert late in set(read(ports, "Lead")["Id"])
    assert len(jobs(direct)) == 1


def test_a_table_that_breaks_off_is_begun_anew_by_the_next_try(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salesmanago_sync.clients.salesforce_bulk.PAGE", 5)
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    ports = ready(direct)
    refusal = [{"errorCode": "INVALIDLOCATOR", "message": "Invalid locator"}]
    fault = {"system": "salesforce", "kind": "status", "path": "/results", "after": 1, "status": 400, "body": refusal}
    direct.control.post("/faults", fault)
    direct.control.delete("/calls")
    with pytest.raises(RetriableError, match="INVALIDLOCATOR"):
        read(ports, "Lead")
    assert len(read(ports, "Lead")) == len(HOSTILE) + 1
    assert len(jobs(direct)) == len(jobs(direct, "DELETE")) == 2


def test_a_failed_job_is_no_failed_run(direct: Direct, caplog: pytest.LogCaptureFixture) -> None:
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    direct.control.post("/faults", {"system": "salesforce", "kind": "job_failed", "body": "of p1@example.com"})
    assert len(read(ready(direct), "Lead")) == len(HOSTILE) + 1
    assert "Failed. See Setup" in caplog.text
    assert "are read in pages of the REST API" in caplog.text
    assert "example.com" not in caplog.text


def test_who_may_not_make_jobs_reads_page_by_page(direct: Direct, caplog: pytest.LogCaptureFixture) -> None:
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    direct.control.post("/salesforce/settings", {"bulk_enabled": False})
    assert len(read(ready(direct), "Lead")) == len(HOSTILE) + 1
    assert "Lead: no Bulk job can be made. Salesforce POST jobs/query: FEATURENOTENABLED" in caplog.text


@pytest.mark.parametrize("state", ["InProgress", "JobComplete"])
def test_a_run_that_is_stopped_leaves_no_job_behind(direct: Direct, state: str) -> None:
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    ports = ready(direct)
    path = "/results" if state == "JobComplete" else "/jobs/query/"
    direct.control.post(
        "/faults", {"system": "salesforce", "kind": "status", "method": "GET", "path": path, "times": 4}
    )
    with pytest.raises(RetriableError):
        read(ports, "Lead")
    direct.control.delete("/calls")
    close(ports)
    assert len(jobs(direct, "DELETE")) == 1
    assert ports.salesforce._wire.request("GET", "jobs/query").body["records"] == []
    assert ports.ledger.lock.holder(ports.now()) is None


def test_a_run_ends_although_its_job_cannot_be_deleted(direct: Direct) -> None:
    fill(direct, "Lead")
    set_threshold(direct, ALWAYS)
    ports = ready(direct)
    direct.control.post("/faults", {"system": "salesforce", "kind": "status", "path": "/jobs/query/", "times": None})
    with pytest.raises(RetriableError):
        read(ports, "Lead")
    close(ports)
    assert ports.ledger.lock.holder(ports.now()) is None
    assert ports.ledger.runs.read(ports.run.id)["state"] == "failed"
