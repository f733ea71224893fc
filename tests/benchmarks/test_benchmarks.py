"""Every benchmark runs, small; how long it takes is nobody's business here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
TITLES = {
    "dag_parsing": "salesmanago_full_sync.py",
    "first_sync": "A first full sync of 100 people a side",
    "ledger_people": "PostgreSQL, 200 people",
    "plan_people": "Planning 500 people",
    "read_cards": "Reading 300 contact cards",
    "read_peers": "Reading 300 Leads",
    "run_in_parts": "300 people a side",
    "write_window": "20 changed people",
}


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda file: file.stem)
def test_a_benchmark_runs(file: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(file), "--small"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert TITLES[file.stem] in result.stdout


def test_make_bench_runs_each_of_them() -> None:
    command = ["make", "--dry-run", "--always-make", "bench"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "for benchmark in benchmarks/*.py" in shown
