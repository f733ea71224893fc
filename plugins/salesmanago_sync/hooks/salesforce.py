"""The Airflow connection to Salesforce, made into a client."""

from __future__ import annotations

import json
import logging
from typing import Any

import requests
from airflow.providers.salesforce.hooks.salesforce import SalesforceHook
from simple_salesforce.api import Salesforce as Connection

from salesmanago_sync.clients.http import PATIENT, Patience
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.session import new_session
from salesmanago_sync.errors import ConfigurationError, Fault

log = logging.getLogger(__name__)

DEFAULT_CONNECTION = "salesforce_default"
# Where users of every org may log in.
SHARED_DOMAINS = {"", "login", "test"}


def salesforce_client(conn_id: str = DEFAULT_CONNECTION, patience: Patience = PATIENT) -> Salesforce:
    """Make a client of the org behind a connection; the log-in happens at its first request.

    Every way to log in is the provider's own.

    Args:
        conn_id: Connection of type `salesforce`.
        patience: How long to wait, and how often to try.

    Raises:
        ConfigurationError: The connection has no usable API version or proxies.
    """
    extras = SalesforceHook.get_connection(conn_id).extra_dejson
    faults = [*_version_faults(conn_id, extras), *_proxy_faults(conn_id, extras)]
    if faults:
        raise ConfigurationError(faults)

    def connect() -> Connection:
        try:
            return SalesforceHook(conn_id, session=_session(extras, patience)).get_conn()
        except TypeError:  # what simple-salesforce raises when no way to log in is complete
            raise ConfigurationError([_incomplete(conn_id)]) from None

    return Salesforce(connect, patience.policy)


def names_of_org(conn_id: str) -> frozenset[str]:
    """Give what a connection says of which org it leads to: hosts, org id, user; each of them belongs to one org alone.

    Args:
        conn_id: Connection of type `salesforce`; no service is asked.
    """
    connection = SalesforceHook.get_connection(conn_id)
    extras = connection.extra_dejson
    named = [str(_field(extras, name) or "").strip() for name in ("instance_url", "instance", "organization_id")]
    domain = str(_field(extras, "domain") or "").strip()
    hosts = [f"{domain}.salesforce.com"] if domain.lower() not in SHARED_DOMAINS else []
    user = (connection.login or "").strip()
    return frozenset(one.lower().removeprefix("https://").rstrip("/") for one in (*named, *hosts, user) if one)


def _field(extras: dict[str, Any], name: str) -> Any:
    return extras.get(name, extras.get(f"extra__salesforce__{name}"))


def _session(extras: dict[str, Any], patience: Patience) -> requests.Session:
    session = new_session(patience.connect, patience.read, reconnects=patience.reconnects, bounds=patience.bounds)
    # simple-salesforce ignores proxies when it is given a session.
    session.proxies.update(_proxies(extras))
    return session


def _proxies(extras: dict[str, Any]) -> dict[str, str]:
    value = _field(extras, "proxies")
    if isinstance(value, str):  # the form of the UI gives text
        value = json.loads(value) if value.strip() else None
    return dict(value or {})


def _proxy_faults(conn_id: str, extras: dict[str, Any]) -> list[Fault]:
    try:
        _proxies(extras)
    except (ValueError, TypeError):
        fix = 'Write {"https": "http://proxy.example.com:3128"}.'
        return [Fault(f"connection {conn_id}, Proxies", "is not a JSON object.", fix)]
    return []


def _version_faults(conn_id: str, extras: dict[str, Any]) -> list[Fault]:
    version = _field(extras, "version")
    where = f"connection {conn_id}, API Version"
    fix = 'Set it, for example "66.0".'
    if version is None or str(version).strip() == "":
        return [Fault(where, "is missing; a library's default would be years old.", fix)]
    whole, _, rest = str(version).partition(".")
    if not (whole.isdigit() and rest == "0"):
        return [Fault(where, f"{version!r} is not an API version.", fix)]
    return []


def _incomplete(conn_id: str) -> Fault:
    return Fault(
        f"connection {conn_id}",
        "no way to log in is complete.",
        "Give Domain, Consumer Key and Consumer Secret; or Username, Consumer Key and Private Key; "
        "or Username, Password and Security Token.",
    )
