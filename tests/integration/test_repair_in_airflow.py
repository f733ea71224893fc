"""The repair of an audit in a real Airflow: it triggers a sync of those people, by Airflow's own operator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.pages.conftest import store_dags
from tests.integration.sync import Sync


@pytest.mark.airflow
def test_a_repair_triggers_a_sync_of_whom_it_is_about(sync: Sync, tmp_path: Path) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    # As the DAG processor does: a DAG that nobody has read cannot be triggered.
    store_dags()
    sync.set(certificates=str(tmp_path / "certificates"))
    anna = sync.lead(Email="anna@example.com", City="Łódź")
    assert sync.full().green
    assert sync.incremental().green
    contact = sync.bindings()[anna]
    sync.control.post("/lies", {"system": "salesmanago", "id": contact, "field": "address.city", "raw": '"Radom"'})
    [base] = [row["base"] for row in sync.rows("SELECT base FROM bindings")]
    lied = json.dumps(json.loads(base) | {"address.city": ["Łódź", "Radom"]})
    sync.rows("UPDATE bindings SET base = :base", base=lied)
    run = sync.run("salesmanago_audit", repair=True)
    assert run.red == {"tell"}
    assert run.tasks["synchronised"] == "success"
    with create_session() as session:
        triggered = session.scalars(sa.select(DagRun.conf).where(DagRun.dag_id == "salesmanago_incremental_sync"))
        assert {"ids": [anna]} in list(triggered)
