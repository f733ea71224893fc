"""How much processor time Airflow takes to read each DAG file, beyond its own; the goal is under 150 ms.

python benchmarks/dag_parsing.py [--small]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, SMALL = 5, 1
GOAL_MS = 150
# Airflow's DAG processor has these loaded before it reads a file; airflow.sdk loads its parts when they are asked for.
PARSE = """
import json, runpy, sys, time
import pendulum
from airflow.sdk import *
sys.path.insert(0, {folder!r})
begin = time.process_time()
runpy.run_path({file!r})
milliseconds = (time.process_time() - begin) * 1000
print(json.dumps([milliseconds, "pandas" in sys.modules]))
"""


def parse(file: Path) -> tuple[float, bool]:
    """Return the milliseconds of one reading in a fresh process, and whether it loaded pandas."""
    code = PARSE.format(folder=str(file.parent), file=str(file))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    milliseconds, pandas = json.loads(result.stdout.splitlines()[-1])
    return milliseconds, pandas


def main() -> None:
    """Print one line a file."""
    count = SMALL if "--small" in sys.argv else ROUNDS
    for file in sorted((ROOT / "dags").glob("*.py")):
        rounds = [parse(file) for _ in range(count)]
        median = statistics.median(milliseconds for milliseconds, _ in rounds)
        pandas = "loads pandas!" if any(loaded for _, loaded in rounds) else "without pandas"
        mark = "ok" if median < GOAL_MS else f"over {GOAL_MS} ms!"
        sys.stdout.write(f"{file.name:40} {median:6.0f} ms  {mark}  {pandas}\n")


if __name__ == "__main__":
    main()
