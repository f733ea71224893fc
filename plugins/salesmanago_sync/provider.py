"""What Airflow is told about this package: the connection type `salesmanago`, as data, and the commands.

Airflow reads this at every start, so it imports nothing.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": ["string", "null"]}
_SECRET = {"type": ["string", "null"], "format": "password"}

CONNECTION_TYPE: dict[str, Any] = {
    "connection-type": "salesmanago",
    "hook-name": "SALESmanago",
    "hook-class-name": "salesmanago_sync.hooks.salesmanago.SalesmanagoHook",
    "ui-field-behaviour": {
        "hidden-fields": ["description", "schema", "port", "extra"],
        "relabeling": {"host": "Endpoint", "login": "Client Id", "password": "API Secret"},
        "placeholders": {
            "host": "app2.salesmanago.com, from Settings → Integration",
            "login": "16 characters, from Settings → Integration",
            "password": "from Settings → Integration; never sent, it signs the requests",
        },
    },
    "conn-fields": {
        "owner": {
            "label": "Data Owner",
            "description": "E-mail address of the SALESmanago user whose account is used for the sync.",
            "schema": _TEXT,
        },
        "account_name": {
            "label": "Account Name",
            "description": "Salesforce Account for new Contacts. Without one, only their owner sees them.",
            "schema": _TEXT,
        },
        "microsite_key": {
            "label": "MicroSite Key",
            "description": "Signs the landing page's address; from Settings → Integration.",
            "schema": _SECRET,
        },
        "iframe_name": {
            "label": "iFrame Name",
            "description": "Name of the SALESmanago landing page that shows a contact.",
            "schema": _TEXT,
        },
    },
}

ASSET_URIS: dict[str, Any] = {
    "schemes": ["salesforce", "salesmanago"],
    "handler": None,  # any URI will do: other DAGs may have such assets, too
    "to_openlineage_converter": "salesmanago_sync.hooks.lineage.as_data_set",
}


def get_provider_info() -> dict[str, Any]:
    """Describe the package; called by Airflow through an entry point."""
    return {
        "package-name": "salesmanago-sync",
        "name": "SALESmanago",
        "description": "Two-way sync between Salesforce and SALESmanago.",
        "connection-types": [CONNECTION_TYPE],
        "asset-uris": [ASSET_URIS],
        "cli": ["salesmanago_sync.cli.definition.get_cli_commands"],
    }
