from __future__ import annotations

from pathlib import Path

import pytest

from salesmanago_sync import settings, shipped
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.pair import FIRST

VARIABLE = "SALESMANAGO_SYNC_MAPPINGS"


@pytest.fixture(autouse=True)
def _in_a_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The package as it is installed where the repository is not."""
    monkeypatch.setattr(shipped, "IN_A_WHEEL", True)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def dag_file(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle" / "crm"
    (folder / "mappings").mkdir(parents=True)
    return folder / "salesmanago_full_sync.py"


def here(dag_file: Path | None) -> Path:
    return settings_here(FIRST, lambda: None if dag_file is None else str(dag_file)).mappings


def test_mappings_lie_beside_the_dag_file(dag_file: Path) -> None:
    assert here(dag_file) == dag_file.parent / "mappings"


def test_those_of_the_airflow_home_come_first(dag_file: Path, tmp_path: Path) -> None:
    (tmp_path / "include" / "mappings").mkdir(parents=True)
    assert here(dag_file) == tmp_path / "include" / "mappings"


def test_a_folder_that_was_named_is_the_one_even_if_it_is_not_there(
    dag_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "elsewhere"))
    (tmp_path / "include" / "mappings").mkdir(parents=True)
    assert here(dag_file) == tmp_path / "elsewhere"


@pytest.mark.parametrize("known", [True, False])
def test_shipped_mappings_never_stand_in_for_a_persons_own(known: bool, dag_file: Path, tmp_path: Path) -> None:
    (dag_file.parent / "mappings").rmdir()
    assert here(dag_file if known else None) == tmp_path / "include" / "mappings", (
        "the preflight says that it is not there"
    )


def test_in_the_source_tree_they_are_where_a_person_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "IN_A_WHEEL", False)
    assert settings.usual_mappings() == Path(__file__).parents[3] / "include" / "mappings"
