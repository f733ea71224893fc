"""A disk that is full while a task stages: the run ends in words, the lock is free, and the next run does the work."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath

from salesmanago_sync.errors import FatalError
from salesmanago_sync.hooks import staging
from salesmanago_sync.hooks.staging import FolderStaging
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.ports import Ports
from tests.integration.direct import Direct, plan_everybody, read_everybody, write_everybody
from tests.integration.sync import SETTLED_SECONDS
from tests.integration.test_evidence import person

# A file of each task that stages, by its first word.
FILES = {
    "preflight": "settings",
    "fix_window": "watermark",
    "extract_salesforce": "changed.Lead",
    "extract_contacts": "changed.contacts",
    "gather_counterparts": "links.Lead",
    "match": "parts",
    "plan": "changes.1",
    "bind": "bound",
}


def run_to_the_end(direct: Direct, ports: Ports) -> None:
    """Do everything between start and close."""
    window = read_everybody(direct, ports)
    plan_everybody(ports)
    write_everybody(ports, window)


@pytest.mark.parametrize("task", FILES)
def test_no_task_leaves_the_lock_behind_because_its_disk_is_full(
    direct: Direct, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    lead, card = person(direct)
    direct.sync()
    direct.control.patch(f"/salesforce/Lead/{lead}", {"City": "Gdynia"})
    direct.later(SETTLED_SECONDS)
    ports = direct.begun()
    ports = replace(ports, staging=FolderStaging(f"file://{tmp_path}/staging", "run", ports.run.attempt))
    store, full = staging.store_whole_at, []

    def store_if_there_is_room(path: ObjectStoragePath, content: bytes) -> None:
        if path.name.startswith(FILES[task]):
            full.append(path.name)
            raise OSError(errno.ENOSPC, "No space left on device")
        store(path, content)

    monkeypatch.setattr(staging, "store_whole_at", store_if_there_is_room)
    with pytest.raises(FatalError, match=r"staging folder .* cannot be written: No space left on device\. Mend that"):
        run_to_the_end(direct, ports)
    close(ports)
    assert len(full) == 1
    assert direct.ledger.runs.read(ports.run.id)["state"] == "failed"
    assert direct.ledger.lock.holder(direct.now()) is None
    monkeypatch.undo()
    direct.sync()
    assert direct.cards()[card]["address"]["city"] == "Gdynia"
    assert direct.sync() == []
