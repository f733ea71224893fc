"""What a run leaves in Airflow's own screens: assets with counts, and links to the pages."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.integration.sync import Sync

pytestmark = pytest.mark.airflow


def test_assets_carry_the_counts_of_the_report_and_tasks_lead_to_the_pages(sync: Sync) -> None:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    sync.map("lead")
    sync.lead(Email="one@example.com")
    sync.lead(Email="two@example.com")
    sync.contact("three@example.com", name="Ewa Nowa", company="Nowa Spółka")
    run = sync.full()
    assert run.green, run.log
    with create_session() as session:
        events = session.execute(
            sa.select(AssetModel.name, AssetEvent.extra)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetEvent.source_run_id == run.run_id)
        ).all()
        links = session.execute(
            sa.select(XComModel.task_id, XComModel.key, XComModel.value).where(XComModel.key.startswith("_link_"))
        ).all()
    numbers = ("created", "updated", "failed")
    totals = {
        name: {key: sum(row[key] for row in sync.totals() if row["direction"] == way) for key in numbers}
        for name, way in (("salesforce_people", "to_salesforce"), ("salesmanago_people", "to_salesmanago"))
    }
    assert totals["salesmanago_people"]["created"] == 2
    assert totals["salesforce_people"]["created"] == 1
    assert {name: extra for name, extra in events} == totals
    [number] = sync.rows("SELECT id FROM runs")
    found = {(task, key): str(value) for task, key, value in links}
    for task in ("bind", "follow_up", "commit", "close", "report"):
        assert f"/salesmanago/plan?run={number['id']}" in found[task, "_link_PlanLink"]
        assert "/salesmanago/issues" in found[task, "_link_IssuesLink"]
