"""Links from tasks to the pages of the plugin: the plan of the run, and the issues.

Mapped tasks have none: Airflow forgets links that were given to one of them.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from salesmanago_sync.pair import FIRST_NAME, read_dag_id


class PlanLink(BaseOperatorLink):
    """The plan of the run, field by field."""

    name = "Plan"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Make the address."""
        # Airflow makes links where the task has run, and hands the task in.
        began = ti_key.xcom_pull(task_ids="start")
        # Without a number the page shows the newest run that planned something.
        return address(ti_key.dag_id, f"plan?run={began['id']}" if began else "plan")


class IssuesLink(BaseOperatorLink):
    """What could not be synchronised."""

    name = "Issues"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Make the address."""
        return address(ti_key.dag_id, "issues")


def address(dag_id: str, page: str) -> str:
    """Make the address of a page, as Airflow makes those of its own.

    Args:
        dag_id: The DAG whose pair of accounts the page is about.
        page: The page.
    """
    found = read_dag_id(dag_id)
    below = "" if found is None or found[0] == FIRST_NAME else f"pairs/{found[0]}/"
    return f"{conf.get('api', 'base_url', fallback='http://localhost:8080').rstrip('/')}/salesmanago/{below}{page}"


def link_to_pages(*tasks: Any) -> None:
    """Give tasks the links; TaskFlow has no argument for it."""
    for one in tasks:
        getattr(one, "operator", one).operator_extra_links = (PlanLink(), IssuesLink())
