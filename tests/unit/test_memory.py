from __future__ import annotations

import subprocess
import sys

import pytest

from salesmanago_sync.memory import CHOSEN


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "used"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_arrow_takes_its_memory_from_the_system_unless_somebody_chose_otherwise(
    chosen: str | None, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CHOSEN, raising=False)
    if chosen is not None:
        monkeypatch.setenv(CHOSEN, chosen)
    # The pool of a process is that of all its tests.
    code = (
        "import pyarrow as pa; from salesmanago_sync.memory import share_memory; "
        "share_memory(); print(pa.default_memory_pool().backend_name)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.split() == [used]
