"""How long reading contact cards takes, against the bare requests for the same pages.

The yardstick asks for the same cards with requests, fifty at a time, parses each answer with Python's own reader and
keeps nothing. This project does what a full sync does: lists the contacts, reads their cards and writes them as
Parquet, with what links people beside them. Measured are seconds of CPU of the client, not of the server.

    python benchmarks/read_cards.py [--small]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import requests
from measuring import compared
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from salesmanago_sync.clients.salesmanago_wire import Credentials  # noqa: E402
from salesmanago_sync.steps.contacts import list_contacts, read_cards  # noqa: E402
from salesmanago_sync.steps.preflight import preflight  # noqa: E402
from salesmanago_sync.steps.window import fix_window  # noqa: E402
from tests.integration.direct import Direct  # noqa: E402
from tests.twin_server import TwinServer  # noqa: E402

CONTACTS, SMALL = 20_000, 300
AT_ONCE = 50


def main() -> None:
    """Print one table."""
    count = SMALL if "--small" in sys.argv else CONTACTS
    with TwinServer("--people", f"salesmanago={count}") as twin, tempfile.TemporaryDirectory() as folder:
        direct = Direct(twin, Path(folder))
        ids = [card["id"] for card in twin.control.get("/salesmanago/contacts")]
        found = {"requests, and nothing kept": bare(twin, ids), "this project, to Parquet": of_us(direct, len(ids))}
        direct.close()
    title = f"Reading {len(ids):,} contact cards"
    Console(width=100).print(compared(title, "card", len(ids), found, "bare requests"))


def bare(twin: TwinServer, ids: Sequence[str]) -> float:
    """Ask for every card with requests alone."""
    told = twin.salesmanago
    credentials = Credentials(told["endpoint"], told["client_id"], told["api_secret"], told["owner"])
    begin, came = time.process_time(), 0
    with requests.Session() as session:
        session.verify, session.trust_env = twin.ca, False
        for start in range(0, len(ids), AT_ONCE):
            signed = credentials.sign(str(start), time.time())
            body = {**signed, "owner": told["owner"], "contactId": ids[start : start + AT_ONCE]}
            answer = session.post(f"{told['endpoint']}/api/contact/listById", json=body, timeout=60).json()
            came += len(answer["contacts"])
    if came != len(ids):
        raise SystemExit(f"{came} of {len(ids)} cards came.")
    return time.process_time() - begin


def of_us(direct: Direct, count: int) -> float:
    """Read as a full sync does."""
    # What was made just now is left to the next run.
    direct.later(timedelta(minutes=5).total_seconds())
    ports = direct.begun("full", objects=("Lead",))
    preflight(ports, direct.account, lambda settings: None)
    window = fix_window(ports)
    begin = time.process_time()
    read = sum(read_cards(ports, slices) for slices in list_contacts(ports, window))
    seconds = time.process_time() - begin
    ports.ledger.lock.free(ports.run.attempt)
    if read != count:
        raise SystemExit(f"{read} of {count} cards were read.")
    return seconds


if __name__ == "__main__":
    main()
