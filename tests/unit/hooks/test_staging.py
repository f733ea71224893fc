"""Staged files are whole or not there, private, and their faults are told in words."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.hooks.staging import FolderStaging
from tests.histories.staged import kill_halfway

FRAME = pd.DataFrame({"id": ["1", "2"], "name": ["Anna", None]})


@pytest.fixture
def staging(tmp_path: Path) -> FolderStaging:
    return of_attempt(tmp_path, 3)


def of_attempt(folder: Path, attempt: int) -> FolderStaging:
    return FolderStaging(f"file://{folder}/staging", "a run", attempt)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: the system refuses the write, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_stored_comes_back(staging: FolderStaging) -> None:
    staging.write("people", FRAME)
    staging.write_json("window", {"since": None})
    pd.testing.assert_frame_equal(staging.read("people"), FRAME)
    assert staging.read_json("window") == {"since": None}
    assert staging.has("people.parquet")
    staging.remove()
    assert not staging.has("people.parquet")
    staging.remove()


def test_nobody_else_may_read_it(staging: FolderStaging, tmp_path: Path) -> None:
    staging.write_json("window", 1)
    folder = tmp_path / "staging" / "a_run" / "3"
    for each in (folder, folder.parent):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_full_disk_leaves_no_half_file_and_says_what_to_do(staging: FolderStaging, tmp_path: Path) -> None:
    staging.write_json("people", "before")
    with room_for(100), pytest.raises(FatalError) as caught:
        staging.write_json("people", "x" * 10_000)
    assert "staging folder" in str(caught.value)
    assert "clear the whole run" in str(caught.value)
    assert staging.read_json("people") == "before"
    assert [file.name for file in (tmp_path / "staging" / "a_run" / "3").iterdir()] == ["people.json"]


def test_a_worker_that_is_killed_while_it_writes_leaves_no_half_file(staging: FolderStaging, tmp_path: Path) -> None:
    staging.write_json("people", "before")
    kill_halfway(lambda: staging.write_json("people", "after"))
    assert staging.read_json("people") == "before"
    kill_halfway(lambda: staging.write_json("window", "first"))
    assert not staging.has("window.json")
    staging.remove()
    assert not (tmp_path / "staging" / "a_run").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "staging").write_text("a file, no folder")
    staging = of_attempt(tmp_path, 3)
    with pytest.raises(FatalError, match="cannot be written"):
        staging.write_json("people", 1)


def test_what_is_not_there_belongs_to_an_attempt_that_has_ended(staging: FolderStaging) -> None:
    with pytest.raises(FatalError, match=r"people\.parquet of this run is not staged"):
        staging.read("people")


def test_what_an_ended_attempt_still_writes_changes_nothing_for_the_next(tmp_path: Path) -> None:
    ended, current = of_attempt(tmp_path, 3), of_attempt(tmp_path, 5)
    ended.write_json("window", "read by both")
    ended.write_json("people", "of the ended attempt")
    assert current.read_json("people") == "of the ended attempt", "a cleared task goes on with what others staged"
    current.write_json("people", "of the current attempt")
    ended.write_json("people", "late")
    assert (current.read_json("window"), current.read_json("people")) == ("read by both", "of the current attempt")
    assert ended.read_json("people") == "late", "and it sees nothing of its successor"
    current.remove()
    assert not any(one.has("people.json") for one in (ended, current))


def test_whoever_has_no_attempt_yet_sees_what_was_staged_last(tmp_path: Path) -> None:
    assert not of_attempt(tmp_path, 0).has("settings.json")
    for attempt in (9, 11):
        of_attempt(tmp_path, attempt).write_json("settings", attempt)
    assert of_attempt(tmp_path, 0).read_json("settings") == 11
