"""DAGs of further pairs of accounts: each has its own, from one file of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from salesmanago_sync.pair import DAGS, FIRST, own, read_dag_id

ROOT = Path(__file__).resolve().parents[2]
FILE = '''"""Airflow DAGs of SALESmanago: the pair {name}."""

from salesmanago_sync.dags.pair import salesmanago_pair

dags = salesmanago_pair("{name}", __file__)
'''
TEXT = "salesforce: salesforce_sandbox\nsalesmanago: salesmanago_sandbox\n"
OTHER = TEXT.replace("sandbox", "other")
Parse = Callable[..., DagBag]


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parse:
    """Parses the DAG files of the first pair and of others, whose files are beside them."""
    folder = tmp_path / "dags" / "crm"
    shutil.copytree(ROOT / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pairs").mkdir()

    def parsed(**texts: str) -> DagBag:
        for name, text in texts.items():
            (folder / f"salesmanago_{name}.py").write_text(FILE.format(name=name))
            (folder / "pairs" / f"{name}.yaml").write_text(text)
        return DagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="other", safe_mode=True)

    return parsed


def test_a_pair_has_every_dag_under_its_own_name(parse: Parse) -> None:
    bag = parse(sandbox=TEXT)
    assert bag.import_errors == {}
    assert set(bag.dags) == {*DAGS, *(own("sandbox", dag_id) for dag_id in DAGS)}
    assert {Path(bag.dags[own("sandbox", one)].fileloc).name for one in DAGS} == {"salesmanago_sandbox.py"}


def test_a_name_says_of_which_pair_a_dag_is() -> None:
    for pair in ("default", "sandbox", "a", "group_2"):
        for dag_id in DAGS:
            assert read_dag_id(own(pair, dag_id)) == (pair, dag_id)
    for other in ("", "salesmanago", "salesmanago_sync", "salesmanago__full_sync", "x_full_sync", "salesmanago_9_undo"):
        assert read_dag_id(other) is None


def test_tasks_have_the_pool_and_the_assets_of_their_pair(parse: Parse) -> None:
    bag = parse(sandbox=TEXT)
    for dag_id in DAGS:
        ours, theirs = bag.dags[dag_id], bag.dags[own("sandbox", dag_id)]
        assert [task.task_id for task in ours.tasks] == [task.task_id for task in theirs.tasks]
        for first, second in zip(ours.tasks, theirs.tasks, strict=True):
            assert second.pool == {FIRST.pool: "salesmanago_sandbox_sync"}.get(first.pool, first.pool)
            for mine, other in zip(first.inlets + first.outlets, second.inlets + second.outlets, strict=True):
                assert other.name == f"{mine.name}_sandbox"
                assert other.uri == mine.uri.replace("_default/", "_sandbox/") != mine.uri
        assert theirs.tags == {*ours.tags, "sandbox"}
    repair: Any = bag.dags["salesmanago_sandbox_audit"].get_task("synchronised")
    assert repair.trigger_dag_id == "salesmanago_sandbox_incremental_sync"


def test_no_asset_of_a_pair_is_that_of_another(parse: Parse) -> None:
    odd = "salesforce: sf/a b@c:d?\nsalesmanago: sf/a b\n"
    bag = parse(sandbox=TEXT, other=OTHER, odd=odd)
    assert bag.import_errors == {}
    pairs: dict[str, set[tuple[str, str]]] = {}
    for dag_id, dag in bag.dags.items():
        assets = [asset for task in dag.tasks for asset in (*task.inlets, *task.outlets)]
        found = read_dag_id(dag_id)
        assert found
        pairs.setdefault(found[0], set()).update((asset.name, asset.uri) for asset in assets)
    assert pairs["default"] == {
        ("salesforce_people", "salesforce://salesforce_default/people"),
        ("salesmanago_people", "salesmanago://salesmanago_default/people"),
        ("salesmanago_unexplained", "salesmanago://salesmanago_default/unexplained"),
    }
    assert ("salesforce_people_odd", "salesforce://sf%2Fa%20b%40c%3Ad%3F/people") in pairs["odd"]
    for position in (0, 1):
        said = [asset[position] for assets in pairs.values() for asset in assets]
        assert len(said) == len(set(said)) == 3 * len(pairs)


def test_no_text_of_a_dag_names_one_of_another_pair(parse: Parse) -> None:
    bag = parse(sandbox=TEXT)
    for dag_id in DAGS:
        told = bag.dags[own("sandbox", dag_id)].doc_md or ""
        assert not [one for one in DAGS if one in told], told
        assert "SALESMANAGO_SYNC_" not in told


def test_schedules_are_those_of_its_file_and_else_of_the_environment(
    parse: Parse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_SCHEDULE", "7 * * * *")
    monkeypatch.setenv("SALESMANAGO_SYNC_CONSENT_SCHEDULE", "none")
    bag = parse(
        sandbox=f'{TEXT}settings: {{schedule: "1 2 * * *", audit_schedule: 0}}\n',
        other=f"{OTHER}settings: {{schedule: null}}",
    )
    assert bag.import_errors == {}
    names = ("", "sandbox_", "other_")
    found = [bag.dags[f"salesmanago_{name}incremental_sync"].schedule for name in names]
    assert found == ["7 * * * *", "1 2 * * *", None]
    assert [bag.dags[f"salesmanago_{name}consent"].schedule for name in names] == [None, None, None]
    assert bag.dags["salesmanago_sandbox_audit"].schedule is None, "0 is no schedule"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no keys"),
        ("a: [", "is no YAML"),
        ("salesforce: a\nsalesmango: b\n", "Did you mean salesmanago?"),
        ("salesforce: 0\nsalesmanago: ''\n", "is no id of a connection"),
        (f"{TEXT}settings: [1]\n", "holds no keys"),
        ("salesforce: salesforce_default\nsalesmanago: b\n", "a connection of the pair default, too"),
        (f"{TEXT}ledger: sync_ledger\n", "a connection of the pair default, too"),
    ],
)
def test_a_broken_pair_is_an_import_error_of_its_own_file_alone(parse: Parse, text: str, told: str) -> None:
    bag = parse(sandbox=text, other=OTHER)
    [(file, error)] = bag.import_errors.items()
    assert Path(file).name == "salesmanago_sandbox.py"
    assert told in error
    assert set(bag.dags) == {*DAGS, *(own("other", dag_id) for dag_id in DAGS)}


@pytest.mark.parametrize("name", ["full", "x_setup", "pair", "Sandbox", "9a", "a" * 32])
def test_a_name_that_could_be_read_as_another_is_refused(parse: Parse, name: str) -> None:
    bag = parse(**{name: TEXT})
    [error] = bag.import_errors.values()
    assert "name" in error
    assert set(bag.dags) == set(DAGS)


def test_two_pairs_that_name_one_connection_are_both_refused(parse: Parse) -> None:
    bag = parse(sandbox=TEXT, other=TEXT.replace("salesforce_sandbox", "salesforce_other"))
    assert set(bag.dags) == set(DAGS)
    assert all("write over each other" in error for error in bag.import_errors.values())
    assert len(bag.import_errors) == len(("sandbox", "other"))
