"""Export: what a warehouse reads is whole, written once, and has nobody's data unless that is wanted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.hooks.export_folder import ExportFolder
from salesmanago_sync.steps.exporting import export
from tests.integration.commands import here
from tests.integration.direct import Direct
from tests.integration.sync import Killed, Sync

NAME = "Zofia \U0001f600 O'Quill"


class Mortal(ExportFolder):
    """A place to export to, whose worker dies before one of its files is written or removed."""

    def __init__(self, root: str, left: int) -> None:
        super().__init__(root)
        self._left = left

    def keep(self, folder: str, name: str, content: bytes) -> None:
        self._live_on()
        super().keep(folder, name, content)

    def remove(self, folder: str, name: str) -> None:
        self._live_on()
        super().remove(folder, name)

    def _live_on(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed


def read(folder: Path, table: str) -> pd.DataFrame:
    """Read all files of a table as a warehouse does."""
    return pd.concat(pd.read_parquet(file) for file in sorted((folder / table).iterdir()))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


def test_runs_and_their_changes_are_stored_once(direct: Direct, place: Path) -> None:
    lead = direct.record("Lead", LastName=NAME, Company="A", Email="zofia@example.com")
    direct.record("Lead", LastName="Nobody", Company="A")
    direct.sync("full")
    assert export(direct.ledger, ExportFolder(str(place)), values=True) == {"runs": 1, "files": 3}
    assert export(direct.ledger, ExportFolder(str(place)), values=True) == {"runs": 0, "files": 1}
    direct.control.patch(f"/salesforce/Lead/{lead}", {"Company": "0"})
    direct.sync()
    assert export(direct.ledger, ExportFolder(str(place)), values=True) == {"runs": 1, "files": 3}

    assert read(place, "runs")["id"].tolist() == [1, 2]
    done = read(place, "changes").query("state == 'done'")
    assert done.query("field == 'company'")[["run_id", "new"]].values.tolist() == [[1, "A"], [2, "0"]]
    assert done.query("field == 'name'")["new"].tolist() == [NAME]
    assert read(place, "issues")["reason"].tolist() == ["NO_EMAIL"]


def test_nobodys_data_goes_along_unless_that_is_wanted(direct: Direct, place: Path) -> None:
    direct.record("Lead", LastName=NAME, Company="A", Email="zofia@example.com")
    direct.sync("full")
    export(direct.ledger, ExportFolder(str(place)))
    stored = b"".join(file.read_bytes() for file in place.rglob("*.parquet"))
    assert b"Quill" not in stored
    assert b"zofia" not in stored
    export(direct.ledger, ExportFolder(str(place.with_name("other"))), values=True)
    assert b"Quill" in b"".join(file.read_bytes() for file in place.with_name("other").rglob("*.parquet"))


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_a_worker_that_dies_leaves_nothing_that_the_next_run_does_not_make_good(
    direct: Direct, place: Path, left: int
) -> None:
    for name in ("One", "Two"):
        direct.record("Lead", LastName=name, Company="A", Email=f"{name}@example.com")
        direct.sync("full")
    with pytest.raises(Killed):
        export(direct.ledger, Mortal(str(place), left))
    export(direct.ledger, ExportFolder(str(place)))
    assert read(place, "runs")["id"].tolist() == [1, 2]
    assert set(read(place, "changes")["run_id"]) == {1, 2}


def test_a_run_that_was_cleared_after_its_export_is_stored_anew(direct: Direct, place: Path) -> None:
    direct.record("Lead", LastName="One", Company="A", Email="one@example.com")
    direct.sync("full")
    export(direct.ledger, ExportFolder(str(place)))
    attempt = direct.ledger.runs.read(1)["attempt"]
    direct.ledger.runs.update(1, attempt=attempt + 5, state="failed")
    assert export(direct.ledger, ExportFolder(str(place)))["runs"] == 1
    assert read(place, "runs")[["attempt", "state"]].values.tolist() == [[attempt + 5, "failed"]]
    assert len(list((place / "changes").iterdir())) == 1


def test_folders_are_listed_once_however_many_runs_there_are(
    direct: Direct, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []
    names = ExportFolder.names
    monkeypatch.setattr(ExportFolder, "names", lambda self, folder: listed.append(folder) or names(self, folder))
    for _ in range(3):
        direct.sync("full")
    assert export(direct.ledger, ExportFolder(str(place))) == {"runs": 3, "files": 7}
    assert sorted(listed) == ["changes", "runs"]


def test_what_a_kill_left_of_an_earlier_attempt_goes_the_next_time(direct: Direct, place: Path) -> None:
    direct.sync("full")
    export(direct.ledger, ExportFolder(str(place)))
    direct.ledger.runs.update(1, attempt=direct.ledger.runs.read(1)["attempt"] + 1)
    with pytest.raises(Killed):
        export(direct.ledger, Mortal(str(place), 2))
    assert len(read(place, "runs")) == 2, "the worker died before a file was removed"
    export(direct.ledger, ExportFolder(str(place)))
    assert len(read(place, "runs")) == 1
    assert len(list((place / "changes").iterdir())) == 1


def test_a_place_that_cannot_be_written_is_told_in_words(direct: Direct, place: Path) -> None:
    direct.sync("full")
    place.write_text("a file")
    with pytest.raises(FatalError, match="SALESMANAGO_SYNC_EXPORT, then export again"):
        export(direct.ledger, ExportFolder(str(place)))


@pytest.mark.airflow
def test_in_airflow_it_waits_for_a_place_and_then_stores(
    sync: Sync, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.map("lead")
    sync.lead(Email="anna@example.com")
    assert sync.full().green
    done = sync.run("salesmanago_export")
    assert done.green
    assert "SALESMANAGO_SYNC_EXPORT names no place" in done.log
    told = here("export")
    assert (told.code, "names no place to export to" in told.err) == (1, True)

    monkeypatch.setenv("SALESMANAGO_SYNC_EXPORT", str(place))
    assert sync.run("salesmanago_export").green
    assert read(place, "runs")["mode"].tolist() == ["full"]
    assert here("export", "--output", "json").rows == [{"runs": 0, "files": 1, "place": f"file://{place}"}]
