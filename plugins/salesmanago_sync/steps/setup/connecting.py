"""Connect: the values of the setting and the permissions of the integration user, which no deployed file holds."""

from __future__ import annotations

from salesmanago_sync.domain.setup.card import SETTINGS, SYNC_PERMISSIONS
from salesmanago_sync.errors import AuthenticationError, FatalError
from salesmanago_sync.steps.setup.ports import SetupPorts, scope

# Field of the setting → attribute of the card's settings.
VALUES = {
    "Endpoint__c": "endpoint",
    "Client_Id__c": "client_id",
    "Microsite_Key__c": "microsite_key",
    "Page_Name__c": "page_name",
}


def connect(ports: SetupPorts) -> dict[str, int]:
    """Write what signs the landing page's address, and give the integration user its permission set.

    Undo takes the values away again, once no layout shows the card any more.

    Returns:
        How many records were written.
    """
    if ports.request.undo:
        return {"written": _cleared(ports)}
    return {"written": _written(ports) + _permitted(ports)}


def _written(ports: SetupPorts) -> int:
    settings, org = ports.card_settings(), scope(ports).org
    wanted = {field: getattr(settings, name) for field, name in VALUES.items()}
    row = ports.salesforce.setting(SETTINGS, org, list(VALUES))
    if row is not None and {field: row.get(field) for field in VALUES} == wanted:
        ports.tell("unchanged the values of the setting")
        return 0
    ports.salesforce.set_setting(SETTINGS, org, None if row is None else row["Id"], wanted)
    ports.tell("written   the values of the setting SALESmanago Settings")
    return 1


def _cleared(ports: SetupPorts) -> int:
    org = scope(ports).org
    if ports.ledger.layout_edits.read(org) or ports.request.delete_fields:
        return 0
    row = ports.salesforce.setting(SETTINGS, org, list(VALUES))
    if row is None or all(row.get(field) is None for field in VALUES):
        return 0
    ports.salesforce.set_setting(SETTINGS, org, row["Id"], dict.fromkeys(VALUES))
    ports.tell("emptied   the values of the setting SALESmanago Settings")
    return 1


def _permitted(ports: SetupPorts) -> int:
    """Assign the permission set to the user of the connection: nobody sees a new field without one."""
    try:
        return int(ports.salesforce.assign_permission_set(SYNC_PERMISSIONS))
    except (AuthenticationError, FatalError) as error:
        ports.tell(
            f"Warning: {error} Assign the permission set SALESmanago sync to the integration user by hand: "
            "Setup → Permission Sets → SALESmanago sync → Manage Assignments."
        )
        return 0
