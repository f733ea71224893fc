from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.commands import Answer, here

ROOT = Path(__file__).resolve().parents[3]
DAG_FILES = {path.name for path in (ROOT / "dags").glob("*.py")}
MAPPINGS = {f"mappings/{path.name}" for path in (ROOT / "include" / "mappings").iterdir()}
NEW, SAME, KEPT = "new", "there already", "kept: it differs from the shipped one"


def results(answer: Answer) -> dict[str, str]:
    assert answer.code == 0, answer.err
    return {row["file"]: row["result"] for row in answer.rows}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "dags" / "crm"


def lay_out(folder: Path) -> Answer:
    return here("init", str(folder), "--output", "json")


def test_a_folder_gets_everything_that_a_person_keeps(folder: Path) -> None:
    files = {*DAG_FILES, *MAPPINGS, ".airflowignore"}
    assert results(lay_out(folder)) == dict.fromkeys(files, NEW)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == files
    for name in DAG_FILES:
        assert (folder / name).read_text() == (ROOT / "dags" / name).read_text()


def test_what_is_there_is_kept_and_told(folder: Path) -> None:
    lay_out(folder)
    (folder / "mappings" / "lead.yaml").write_text("mine")
    (folder / "salesmanago_undo.py").unlink()
    told = results(lay_out(folder))
    assert (folder / "mappings" / "lead.yaml").read_text() == "mine"
    assert {name: result for name, result in told.items() if result != SAME} == {
        "mappings/lead.yaml": KEPT,
        "salesmanago_undo.py": NEW,
    }


@pytest.mark.parametrize("there", [b"", b"old/\n*.tmp", b"# caf\xe9\r\nold/\r\n"])
def test_lines_for_airflow_are_added_once_to_those_that_are_there(folder: Path, there: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / ".airflowignore").write_bytes(there)
    assert results(lay_out(folder))[".airflowignore"] == "lines added"
    merged = (folder / ".airflowignore").read_bytes()
    assert merged.startswith(there)
    assert b"/mappings/" in merged.splitlines()
    assert results(lay_out(folder))[".airflowignore"] == SAME
    assert (folder / ".airflowignore").read_bytes() == merged


def test_the_end_says_what_comes_next(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_MAPPINGS", str(tmp_path / "other"))
    told = lay_out(folder).err
    assert f"SALESMANAGO_SYNC_MAPPINGS={folder / 'mappings'}\n" in told, "another folder would be read"
    assert "name it as a DAG bundle" in told, "it is not below the DAGs folder"
    for command in ("airflow salesmanago doctor", "airflow dags unpause salesmanago_full_sync"):
        assert command in told
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    monkeypatch.setenv("SALESMANAGO_SYNC_MAPPINGS", str(folder / "mappings"))
    told = lay_out(folder).err
    assert "DAG bundle" not in told
    assert "SALESMANAGO_SYNC_MAPPINGS" not in told


def test_a_place_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = here("init", str(tmp_path / "file"))
    assert answer.code == 1
    assert "cannot be written" in answer.err
    assert str(tmp_path / "file") in answer.err
