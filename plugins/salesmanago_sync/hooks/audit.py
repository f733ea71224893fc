"""Airflow's audit log: what people decided on the pages and on the command line.

Needs a process that may use Airflow's database: the API server and the command line may, tasks may not.
"""

from __future__ import annotations

import json

from airflow.models.log import Log
from airflow.utils.session import create_session

from salesmanago_sync.hooks.schedule import INCREMENTAL

# Enough to find them in the ledger, which has all of them.
MOST = 50


def audit(action: str, who: str, about: list[str]) -> None:
    """Add to the audit log; Airflow shows it beside the DAG.

    Args:
        action: What was decided.
        who: The user's name.
        about: Ids of records or numbers of issues; never an address.
    """
    told = {"count": len(about), "about": about[:MOST]}
    with create_session() as session:
        session.add(Log(event=f"salesmanago {action}", owner=who, extra=json.dumps(told), dag_id=INCREMENTAL))
