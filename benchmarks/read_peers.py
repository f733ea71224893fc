"""How long reading Salesforce takes, against simple-salesforce, dlt and tap-salesforce: one local server for all.

Each reader reads the same fields of the same Leads in a process of its own. Measured are seconds of CPU of the client,
without its imports; what the server takes is not in it. simple-salesforce looks at each row and keeps none; all others
write Parquet, this project in the way of a full sync, with what links people beside it.

    python benchmarks/read_peers.py [--small] [--peers PYTHON]

`make bench-peers` installs dlt and tap-salesforce into an environment of their own, and names its Python.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from measuring import compared
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from salesmanago_sync.steps.extract import extract_salesforce  # noqa: E402
from salesmanago_sync.steps.preflight import preflight  # noqa: E402
from salesmanago_sync.steps.reading import sources  # noqa: E402
from salesmanago_sync.steps.window import fix_window  # noqa: E402
from tests.integration.direct import Direct  # noqa: E402
from tests.twin_server import TwinServer  # noqa: E402

PEOPLE, SMALL = 20_000, 300
READERS = Path(__file__).parent / "peers"
YARDSTICK = "simple-salesforce, every row"
PEERS = {"dlt, to Parquet": "dlt_to_parquet.py", "tap-salesforce, to Parquet": "tap_to_parquet.py"}
NEVER = 10_000_000


def main() -> None:
    """Print one table."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--small", action="store_true", help="a few people, to see that it works")
    command.add_argument("--peers", metavar="PYTHON", help="a Python that has dlt and tap-salesforce")
    options = command.parse_args()
    count = SMALL if options.small else PEOPLE
    with TwinServer("--people", f"leads={count}") as twin, tempfile.TemporaryDirectory() as folder:
        direct = Direct(twin, Path(folder))
        fields = fields_of(direct)
        found = {YARDSTICK: of_reader(sys.executable, "every_row.py", twin, fields, count)}
        for name, above in (("this project, REST, to Parquet", NEVER), ("this project, Bulk, to Parquet", 1)):
            found[name] = of_us(direct, above, count)
        for name, reader in PEERS.items() if options.peers else ():
            found[name] = of_reader(options.peers, reader, twin, fields, count)
        direct.close()
    title = f"Reading {count:,} Leads of {len(fields)} fields"
    Console(width=100).print(compared(title, "record", count, found, "simple-salesforce"))


def fields_of(direct: Direct) -> tuple[str, ...]:
    """The fields that the shipped mapping of Leads reads."""
    ports = direct.begun("full", objects=("Lead",))
    preflight(ports, direct.account, lambda settings: None)
    fields = tuple(sources(ports, ["Lead"])["Lead"].fields)
    ports.ledger.lock.free(ports.run.attempt)
    return fields


def of_us(direct: Direct, bulk_above: int, count: int) -> float:
    """Read as a full sync does."""
    direct.settings = direct.settings.model_copy(update={"bulk_above": bulk_above})
    # What was made just now is left to the next run.
    direct.later(timedelta(minutes=5).total_seconds())
    ports = direct.begun("full", objects=("Lead",))
    preflight(ports, direct.account, lambda settings: None)
    window = fix_window(ports)
    begin = time.process_time()
    read = extract_salesforce(ports, "Lead", window)
    seconds = time.process_time() - begin
    ports.ledger.lock.free(ports.run.attempt)
    if read != count:
        raise SystemExit(f"{read} of {count} records were read.")
    return seconds


def of_reader(python: str, reader: str, twin: TwinServer, fields: tuple[str, ...], count: int) -> float:
    """Read with somebody else's client."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ["Lead", ",".join(fields), twin.https, twin.salesforce["access_token"], folder]
        command = [python, str(READERS / reader), *asked]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - files beside this one
    if done.returncode:
        raise SystemExit(f"{reader} failed:\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    if told["records"] != count:
        raise SystemExit(f"{reader} read {told['records']} of {count} records.")
    return float(told["seconds"])


if __name__ == "__main__":
    main()
