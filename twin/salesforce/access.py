"""Who may see what that came by the Metadata API: fields, pages and classes are closed until they are granted."""

# ruff: noqa: S608 - marks for parameters, and names of the schema
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from twin.salesforce import schema

if TYPE_CHECKING:
    from twin.salesforce.org import Org

Kind = Literal["field", "page", "class"]
Names = dict[str, list[str]]


def closed_fields(org: Org, user: str, custom: Iterable[tuple[str, str]]) -> tuple[Names, Names]:
    """Return the custom fields that a user may not see, and those that he may not write, by object.

    Args:
        org: The org.
        user: Id of the user.
        custom: Object and definition of every custom field.
    """
    guarded = [(owner, json.loads(definition)) for owner, definition in custom if '"grant": "' in definition]
    if not guarded:
        return {}, {}
    granted = _granted(org, user, "field")
    closed: Names = {}
    locked: Names = {}
    for owner, field in guarded:
        readable, editable = granted.get(field["grant"].lower(), (False, False))
        if not readable:
            closed.setdefault(owner, []).append(field["name"])
        elif not editable:
            locked.setdefault(owner, []).append(field["name"])
    return closed, locked


def together(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> Names:
    """Return two tables of names as one."""
    return {owner: [*one.get(owner, ()), *other.get(owner, ())] for owner in sorted({*one, *other})}


def may_open(org: Org, user: str, kind: Kind, name: str) -> bool:
    """Tell whether a user may open a page or run a class: who may customise the org opens all."""
    return may_customize(org, user) or _granted(org, user, kind).get(name.lower(), (False, False))[0]


def may_customize(org: Org, user: str | None = None) -> bool:
    """Tell whether a user, by default the one who calls the API, has "Customize Application"."""
    return user in {None, org.state.credentials.salesforce.user_id} and allows(org, "PermissionsCustomizeApplication")


def allows(org: Org, permission: str) -> bool:
    """Tell whether the user who calls the API has a permission."""
    field = schema.standard()["UserPermissionAccess"].fields[permission]
    return bool((org.settings.get("permissions") or {}).get(permission, field.default))


def grant(org: Org, parent: str, kind: Kind, name: str, *, readable: bool, editable: bool = False) -> None:
    """Let a profile or permission set open or close something."""
    org.db.execute(
        "INSERT OR REPLACE INTO sf_grant VALUES (?, ?, ?, ?, ?)", (parent, kind, name, int(readable), int(editable))
    )


def _granted(org: Org, user: str, kind: Kind) -> dict[str, tuple[bool, bool]]:
    """Return what the user's profile and permission sets together grant, by name in lower case."""
    assigned = 'SELECT PermissionSetId FROM "sf_PermissionSetAssignment" WHERE AssigneeId = ?'
    profile = 'SELECT ProfileId FROM "sf_User" WHERE Id = ?'
    rows = org.db.execute(
        "SELECT lower(name) AS name, max(readable) AS readable, max(editable) AS editable FROM sf_grant "
        f"WHERE kind = ? AND (parent IN ({assigned}) OR parent IN ({profile})) GROUP BY lower(name)",
        (kind, user, user),
    )
    return {row["name"]: (bool(row["readable"]), bool(row["editable"])) for row in rows}
