"""Two pairs of accounts side by side, on two twins: nothing of one is ever in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
import sqlalchemy as sa

from salesmanago_sync.dags.pair import salesmanago_pair
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.pair import own
from tests.integration.commands import here
from tests.integration.sync import Done, Sync
from tests.integration.walk import Walked
from tests.twin_server import ROOT, TwinServer

NAME = "sandbox"
FILE = f"""\
salesforce: salesforce_{NAME}
salesmanago: salesmanago_{NAME}
settings:
  mappings: {ROOT / "include" / "mappings"}
  ask: never
"""
# In the name and the address of everybody of one pair, and of nobody else.
MARKS = {"default": "produkcja", NAME: "piaskownica"}


class OfPair(Walked):
    """The sync of one pair, beside that of another."""

    name = "default"

    def dag(self, dag_id: str) -> Any:
        """Find a DAG by what the first pair calls it."""
        if self.name == "default":
            return super().dag(dag_id)
        [found] = [dag for dag in salesmanago_pair(self.name, __file__) if dag.dag_id == own(self.name, dag_id)]
        return found

    def own(self, word: str) -> str:
        """Give the name of a Variable of this pair."""
        return own(self.name, f"salesmanago_{word}")


@pytest.fixture(scope="module")
def other_twin() -> Iterator[TwinServer]:
    """Another Salesforce and another SALESmanago."""
    with TwinServer() as server:
        yield server


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every request of the sync: where it went, and all of it."""
    found: list[tuple[str, str]] = []
    send = requests.Session.send

    def noted(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        found.append((str(request.url), f"{request.url} {body}"))
        return send(self, request, **how)

    monkeypatch.setattr(requests.Session, "send", noted)
    return found


@pytest.fixture
def pairs(
    sync: Sync, other_twin: TwinServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, OfPair]]:
    """Both pairs in one Airflow: they share environment, Variables, staging and the machine."""
    other_twin.control.post("/reset")
    both = tmp_path / "both.pem"
    both.write_text("".join(Path(twin.ca).read_text() for twin in (sync.twin, other_twin)))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(both))
    monkeypatch.setenv("SALESMANAGO_SYNC_CERTIFICATES", str(tmp_path / "certificates"))
    monkeypatch.setenv("SALESMANAGO_SYNC_CONSENT_AFTER_SECONDS", "0")
    monkeypatch.setenv("SALESMANAGO_SYNC_EXPORT", str(tmp_path / "warehouse"))
    monkeypatch.setenv("SALESMANAGO_SYNC_EXPORT_VALUES", "true")
    monkeypatch.setenv("SALESMANAGO_SYNC_PAIRS", str(tmp_path / "pairs"))
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / f"{NAME}.yaml").write_text(FILE)
    url = f"sqlite:///{tmp_path / 'sandbox.db'}"
    monkeypatch.setenv("AIRFLOW_CONN_SYNC_LEDGER_SANDBOX", url)
    for conn_id, connection in other_twin.connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.replace('default', NAME).upper()}", json.dumps(connection))
    Ledger.open(url, NAME).close()
    first = OfPair(sync.twin, f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, monkeypatch)
    second = OfPair(other_twin, url, tmp_path, monkeypatch)
    second.name = NAME
    with first, second:
        for one in (first, second):
            one.read_log = sync.read_log
        second._variables = first._variables
        yield {"default": first, NAME: second}


def populate(pair: OfPair) -> dict[str, str]:
    """Make people: some have the same address in both pairs, and their records the same id."""
    mark = MARKS[pair.name]
    both = pair.lead(LastName=f"Nowak {mark}", Email="anna@example.com", Company=f"Nowak {mark}")
    own_lead = pair.lead(LastName=f"Lis {mark}", Email=f"lis@{mark}.example.com")
    out = pair.lead(LastName=f"Kos {mark}", Email="kos@example.com")
    pair.contact("ewa@example.com", name=f"Ewa {mark}", state="PROSPECT", company=mark)
    card = pair.contact(f"jan@{mark}.example.com", name=f"Jan {mark}", state="PROSPECT")
    return {"both": both, "own": own_lead, "out": out, "card": card}


def everything_of(pair: OfPair, sent: list[tuple[str, str]], tmp_path: Path) -> str:
    """All that a pair has asked, answered and kept."""
    ports = {pair.twin.https, pair.twin.http_url("salesforce"), pair.twin.http_url("salesmanago")}
    hosts = tuple(url.rpartition(":")[2].split("/")[0] for url in ports)
    calls = [whole for url, whole in sent if any(f":{port}/" in url for port in hosts)]
    assert calls
    tables = sa.inspect(pair._engine).get_table_names()
    rows = [pair.rows(sa.select(sa.text("*")).select_from(sa.table(table)).compile().string) for table in tables]
    variables = {name: text for name, text in pair._variables.items() if (NAME in name) is (pair.name == NAME)}
    return json.dumps([calls, rows, pair.everything(), variables, pair.control.get("/calls")], default=str)


def exported(folder: Path) -> str:
    """Read every file that a pair has exported."""
    tables = [pd.read_parquet(file) for table in ("runs", "changes", "issues") for file in (folder / table).iterdir()]
    return " ".join(table.to_json() for table in tables)


def run_all(pair: OfPair) -> list[Done]:
    """Run every DAG of a pair, with edits in between; the last undoes what the second wrote."""
    people = populate(pair)
    done = [pair.full()]
    pair.edit("Lead", people["both"], Company=f"Nowe {MARKS[pair.name]}")
    done.append(pair.incremental())
    [number] = [row["id"] for row in pair.rows("SELECT max(id) AS id FROM runs")]
    pair.edit("Lead", people["out"], HasOptedOutOfEmail=True)
    # The services are ahead of this machine, whose clock the lane goes by.
    earlier = f"{datetime.now(UTC) - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    mark = {**pair.variable(pair.own("last_sync")), "salesforce": earlier, "salesmanago": earlier}
    pair.edit_variable(pair.own("last_sync"), json.dumps(mark))
    done.append(pair.run("salesmanago_consent"))
    assert pair.control.get("/salesmanago/contacts?email=kos@example.com")[0]["optedOut"] is True
    done.append(pair.run("salesmanago_undo", run=number, dry_run=False))
    done += [pair.run("salesmanago_audit"), pair.run("salesmanago_export")]
    return done


def test_nothing_of_one_pair_is_in_the_calls_rows_and_files_of_the_other(
    pairs: dict[str, OfPair], sent: list[tuple[str, str]], tmp_path: Path
) -> None:
    first, second = pairs.values()
    for pair in (first, second):
        for number, done in enumerate(run_all(pair)):
            assert done.green, (pair.name, number, done.red, done.log[-3000:])
    assert first.bindings().keys() & second.bindings().keys(), "the same Salesforce Ids are in both"
    everything = {name: everything_of(pair, sent, tmp_path).lower() for name, pair in pairs.items()}
    for name, mark in MARKS.items():
        other = next(one for one in MARKS if one != name)
        assert mark in everything[name]
        assert mark not in everything[other]
    # Ids of contacts are drawn by chance: no one has that of another account.
    for one, another in ((first, second), (second, first)):
        mine, theirs = set(one.bindings().values()), everything[another.name]
        assert not [identifier for identifier in mine if identifier.lower() in theirs]
    ours = {name for name in first._variables if NAME in name}
    assert ours == {own(NAME, name) for name in first._variables if NAME not in name}
    assert sorted(path.name for path in (tmp_path / "staging" / "pairs").iterdir()) == [NAME]
    places = {
        Path(MARKS[name]): tmp_path / "certificates" / below
        for name, below in (("default", ""), (NAME, f"pairs/{NAME}"))
    }
    stored = [exported(tmp_path / "warehouse" / below) for below in ("", f"pairs/{NAME}")]
    assert [[mark in text for mark in MARKS.values()] for text in stored] == [[True, False], [False, True]]
    for mark, place in places.items():
        assert [file.suffix for file in sorted(place.glob("*.*"))] == [".html", ".json"], mark


def test_a_command_asks_the_accounts_of_its_pair_alone(pairs: dict[str, OfPair], airflow: None) -> None:
    for name, other in ((NAME, "default"), ("default", NAME)):
        for pair in pairs.values():
            pair.forget_calls()
        answer = here("doctor", "--pair", name, "--output", "json")
        assert answer.code == 0, answer.err
        assert pairs[name].control.get("/calls")["total"] > 0
        assert pairs[other].control.get("/calls")["total"] == 0
        told = json.dumps(answer.rows)
        for conn_id in ("salesforce", "salesmanago"):
            assert f"Connection {conn_id}_{name}" in told
            assert f"Connection {conn_id}_{other}" not in told
    answer = here("doctor", "--pair", "sandpit")
    assert answer.code == 1
    assert "There are: default, sandbox." in answer.err


def test_a_task_never_opens_the_ledger_of_another_pair(
    pairs: dict[str, OfPair], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = pairs.values()
    monkeypatch.setenv("AIRFLOW_CONN_SYNC_LEDGER_SANDBOX", f"sqlite:///{tmp_path / 'ledger.db'}")
    first.lead(Email="anna@example.com")
    assert first.full().green
    before = first.rows("SELECT * FROM runs")
    second.forget_calls()
    done = second.full()
    assert "start" in done.red
    done.says("connection sync_ledger_sandbox", "is the ledger of the pair default, not of sandbox")
    assert second.control.get("/calls")["total"] == 0
    assert first.rows("SELECT * FROM runs") == before
