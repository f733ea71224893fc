"""`airflow salesmanago init DIR --pair NAME`: what a further pair of accounts needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from salesmanago_sync.pair import DAGS, own
from salesmanago_sync.pair_files import find_pair
from salesmanago_sync.settings import load_settings
from tests.integration.commands import here

ROOT = Path(__file__).resolve().parents[3]
MAPPINGS = {f"pairs/sandbox/{path.name}" for path in (ROOT / "include" / "mappings").iterdir()}


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")  # Airflow's own
def test_it_lays_out_a_pair_that_airflow_reads(tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    answer = here("init", str(folder), "--pair", "sandbox", "--output", "json")
    assert answer.code == 0, answer.err
    files = {"salesmanago_sandbox.py", "pairs/sandbox.yaml", *MAPPINGS, ".airflowignore"}
    assert {row["file"] for row in answer.rows} == files
    for command in ("doctor --pair sandbox", "unpause salesmanago_sandbox_full_sync", "plan --full --pair sandbox"):
        assert command in answer.err
    bag = DagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="other", safe_mode=True)
    assert bag.import_errors == {}
    assert set(bag.dags) == {own("sandbox", dag_id) for dag_id in DAGS}
    pair = find_pair("sandbox", folder)
    assert load_settings(pair).mappings == folder / "pairs" / "sandbox"
    (folder / "pairs" / "sandbox.yaml").write_text("mine")
    again = here("init", str(folder), "--pair", "sandbox", "--output", "json")
    assert {row["result"] for row in again.rows if row["file"] == "pairs/sandbox.yaml"} != {"new"}
    assert (folder / "pairs" / "sandbox.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["full", "../x", "Sandbox", "a\nb", ""])
def test_a_name_that_a_pair_cannot_have_lays_out_nothing(tmp_path: Path, name: str) -> None:
    answer = here("init", str(tmp_path), "--pair", name)
    assert answer.code == 1
    assert "name" in answer.err
    assert not list(tmp_path.iterdir())
