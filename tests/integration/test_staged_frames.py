"""Every frame that a run stages is of one declared kind, and every kind that is declared is staged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from salesmanago_sync.domain.declared import Declared
from salesmanago_sync.domain.staged_frames import PLANNED_CHANGES, STAGED
from salesmanago_sync.errors import FrameError
from salesmanago_sync.steps.certifying import certify, compare_part
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.parts import share_out, stage, staged
from salesmanago_sync.steps.ports import Ports
from tests.integration.direct import Direct, ParquetStaging, plan_everybody, read_everybody, write_everybody
from tests.twin_in_process import TwinInProcess
from tests.twin_server import ROOT


class KeptStaging(ParquetStaging):
    """Remembers what was stored, also when it is removed."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, pd.DataFrame] = {}

    def write(self, name: str, frame: pd.DataFrame) -> None:
        self.kept[name] = frame
        super().write(name, frame)


@pytest.fixture
def direct(tmp_path: Path) -> Iterator[Direct]:
    # Contacts and Person Accounts are not synchronised: they are asked for their opt-outs.
    mappings = tmp_path / "mappings"
    mappings.mkdir()
    shutil.copy(ROOT / "include" / "mappings" / "lead.yaml", mappings)
    found = Direct(TwinInProcess(), tmp_path, mappings=mappings)
    found.settings = found.settings.model_copy(update={"people_per_part": 2})
    yield found
    found.close()


def begun(direct: Direct) -> tuple[Ports, KeptStaging]:
    staging = KeptStaging()
    return replace(direct.begun("full"), staging=staging), staging


def kinds_of(frame: pd.DataFrame) -> list[Declared]:
    """Say which declared kinds a frame could be."""
    return [kind for kind in STAGED if is_one(frame, kind)]


def is_one(frame: pd.DataFrame, kind: Declared) -> bool:
    try:
        kind.check(frame)
    except FrameError:
        return False
    return True


def test_every_staged_frame_is_of_one_declared_kind(direct: Direct) -> None:
    for number in range(3):
        direct.record("Lead", LastName="Nowak", Company="Acme", Email=f"lead{number}@example.com")
        direct.contact(f"contact{number}@example.com", name="Anna Lis")
    direct.later(120)
    ports, synchronised = begun(direct)
    window = read_everybody(direct, ports)
    plan_everybody(ports)
    write_everybody(ports, window)
    close(ports)
    direct.later(120)
    ports, compared = begun(direct)
    read_everybody(direct, ports)
    for number in share_out(ports):
        compare_part(ports, number)
    certify(ports)
    close(ports)
    found = {name: kinds_of(frame) for name, frame in [*synchronised.kept.items(), *compared.kept.items()]}
    assert {name: len(kinds) for name, kinds in found.items() if len(kinds) != 1} == {}
    assert {kind.name for [kind] in found.values()} == {kind.name for kind in STAGED}
    assert any(name.endswith(".2") for name in found), "everybody was in one part"


def test_a_task_neither_hands_on_nor_takes_another_frame(direct: Direct) -> None:
    direct.record("Lead", LastName="Nowak", Company="Acme", Email="a@example.com")
    direct.later(120)
    ports, staging = begun(direct)
    read_everybody(direct, ports)
    plan_everybody(ports)
    changes = staged(ports, 1, PLANNED_CHANGES)
    gap = changes.assign(person=changes["person"].where(changes.index > 0))
    with pytest.raises(FrameError, match=r"The frame changes\.1\.1 .* person is float64 and must be int64"):
        stage(ports, 1, PLANNED_CHANGES, gap)
    assert staged(ports, 1, PLANNED_CHANGES).equals(changes)
    # As an earlier version may have left it.
    staging.write("changes.1.1", gap)
    with pytest.raises(FrameError, match=r"The frame changes\.1\.1 .* person is float64 and must be int64"):
        staged(ports, 1, PLANNED_CHANGES)
    close(ports)
