"""Who may see and do what: Airflow's own users and their rights on the two DAGs of a pair.

A plugin's app is mounted without any log-in, so every route asks. Airflow has no right for the data of people. Who may
edit the DAGs decides what becomes of issues, so that is the right to see people; who only reads the runs sees counts.
Who may delete the DAGs may have a person forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, VariableDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, HTTPException, Request, status

from salesmanago_sync.hooks.known_pairs import known_names
from salesmanago_sync.pair import FIRST, own
from salesmanago_sync.steps.watermark import LAST_SYNC
from salesmanago_sync.ui.forgery import token_for
from salesmanago_sync.ui.pairs import name_of

Right = Callable[[Request, BaseUser], None]


def right(
    method: Literal["GET", "POST", "PUT", "DELETE"],
    entity: DagAccessEntity | None = None,
    dags: Sequence[str] = FIRST.syncs,
) -> Right:
    """Make a dependency that refuses everybody without a right on the DAGs of the pair that the page is about.

    Args:
        method: The right.
        entity: On what of the DAGs.
        dags: What the first pair calls them.
    """

    def check(request: Request, user: GetUserDep) -> None:
        for dag_id in dags:
            requires_access_dag(method, entity, own(name_of(request), dag_id))(request, user)

    return check


MAY_READ = right("GET", DagAccessEntity.RUN)
MAY_EDIT = right("PUT")
MAY_SEE_PEOPLE = MAY_EDIT
MAY_FORGET = right("DELETE")
MAY_AUDIT = right("POST", DagAccessEntity.RUN, [FIRST.audit])
MAY_SET_UP = right("POST", DagAccessEntity.RUN, [FIRST.setup])
MAY_PROBE = right("POST", DagAccessEntity.RUN, [FIRST.probe])
MAY_EXPORT = right("POST", DagAccessEntity.RUN, [FIRST.export])
MAY_UNDO = right("POST", DagAccessEntity.RUN, [FIRST.undo])
MAY_TRIGGER = {
    "full": right("POST", DagAccessEntity.RUN, [FIRST.full_sync]),
    "incremental": right("POST", DagAccessEntity.RUN, [FIRST.incremental_sync]),
}


def may_set_watermark(request: Request, user: GetUserDep) -> None:
    """Refuse everybody who may not edit the DAGs and the Variable that holds the date of the last synchronisation."""
    MAY_EDIT(request, user)
    details = VariableDetails(key=own(name_of(request), LAST_SYNC))
    if not get_auth_manager().is_authorized_variable(method="PUT", details=details, user=user):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Forbidden")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page.

    Attributes:
        id: Airflow's id of the user.
        name: Their name.
        token: Proves that a form came from a page of this user.
        may_edit: Whether they may dismiss and retry issues.
        may_see_people: Whether they may see more than counts.
        may_forget: Whether they may have a person forgotten.
        may_audit: Whether they may start an audit.
        may_undo: Whether they may undo what a run wrote.
        may_set_watermark: Whether they may set the date of the last synchronisation.
        may_trigger: For each mode whether they may force a synchronisation.
        pairs: Names of the pairs of accounts whose runs they may read.
    """

    id: str
    name: str
    token: str
    may_edit: bool
    may_see_people: bool
    may_forget: bool
    may_audit: bool
    may_undo: bool
    may_set_watermark: bool
    may_trigger: dict[str, bool]
    pairs: tuple[str, ...]


def visitor(request: Request, user: GetUserDep) -> Visitor:
    """Describe who asks."""
    return Visitor(
        id=user.get_id(),
        name=user.get_name(),
        token=token_for(user.get_id()),
        may_edit=_has(MAY_EDIT, request, user),
        may_see_people=_has(MAY_SEE_PEOPLE, request, user),
        may_forget=_has(MAY_FORGET, request, user),
        may_audit=_has(MAY_AUDIT, request, user),
        may_undo=_has(MAY_UNDO, request, user),
        may_set_watermark=_has(may_set_watermark, request, user),
        may_trigger={mode: _has(check, request, user) for mode, check in MAY_TRIGGER.items()},
        pairs=tuple(name for name in known_names() if _reads(name, request, user)),
    )


VisitorDep = Annotated[Visitor, Depends(visitor)]


def trigger_right(mode: Literal["full", "incremental"], request: Request, user: GetUserDep) -> None:
    """Refuse everybody who may not trigger the DAG of the mode in the path."""
    MAY_TRIGGER[mode](request, user)


def _reads(name: str, request: Request, user: BaseUser) -> bool:
    checks = [requires_access_dag("GET", DagAccessEntity.RUN, own(name, dag_id)) for dag_id in FIRST.syncs]
    return all(_has(check, request, user) for check in checks)


def _has(check: Right, request: Request, user: BaseUser) -> bool:
    try:
        check(request, user)
    except HTTPException:
        return False
    return True
