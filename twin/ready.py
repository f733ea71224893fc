"""What the twin says when it is ready: where it is and what opens it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.state import State

API_VERSION = "66.0"
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - translated for clients, not listened on


@dataclass(frozen=True)
class Address:
    """Where the twin listens.

    Attributes:
        host: The address that it is bound to.
        name: The host name of the certificate.
        http_port: Both systems.
        https_port: Both systems over TLS.
        control_port: The control port.
    """

    host: str
    name: str
    http_port: int
    https_port: int
    control_port: int

    def plain(self, port: int) -> str:
        """Return the http URL of a port."""
        here = ANY_ADDRESS.get(self.host, self.host) if self.name == "localhost" else self.name
        return f"http://{here}:{port}"

    @property
    def secure(self) -> str:
        """The https URL of both systems."""
        return f"https://{self.name}:{self.https_port}"


def write_private_key(state: State, folder: Path) -> Path:
    """Write the key that signs JWT assertions into a folder."""
    file = folder / "jwt.key"
    file.touch(mode=0o600)
    file.write_text(state.credentials.salesforce.private_key)
    return file


def ready_line(state: State, address: Address, authority: Path, key_file: Path) -> str:
    """Return one line of JSON with everything that a client needs."""
    return json.dumps(
        {
            "http": address.plain(address.http_port),
            "https": address.secure,
            "control": address.plain(address.control_port),
            "ca": str(authority),
            "salesforce": _salesforce(state, address, key_file),
            "salesmanago": _salesmanago(state, address),
            "connections": {
                "salesforce_default": _salesforce_connection(state, address),
                "salesmanago_default": _salesmanago_connection(state, address),
            },
        }
    )


def _salesforce(state: State, address: Address, key_file: Path) -> dict[str, str]:
    known = state.credentials.salesforce
    return {
        "username": known.username,
        "password": known.password,
        "security_token": known.security_token,
        "consumer_key": known.consumer_key,
        "consumer_secret": known.consumer_secret,
        "private_key_file": str(key_file),
        "access_token": known.access_token,
        "domain": _domain(address),
        "instance_url": address.secure,
    }


def _domain(address: Address) -> str:
    # Clients call https://{domain}.salesforce.com; the twin takes the prefix /sb.salesforce.com off the path.
    return f"{address.name}:{address.https_port}/sb"


def _salesmanago(state: State, address: Address) -> dict[str, str]:
    known = state.credentials.salesmanago
    return {
        "endpoint": address.plain(address.http_port),
        "client_id": known.client_id,
        "api_secret": known.api_secret,
        "owner": known.owner,
        "microsite_key": known.microsite_key,
        "iframe_name": known.iframe_name,
        "account_name": known.account_name,
    }


def _salesforce_connection(state: State, address: Address) -> dict[str, Any]:
    known = state.credentials.salesforce
    return {
        "conn_type": "salesforce",
        "extra": {
            "consumer_key": known.consumer_key,
            "consumer_secret": known.consumer_secret,
            "domain": _domain(address),
            "version": API_VERSION,
        },
    }


def _salesmanago_connection(state: State, address: Address) -> dict[str, Any]:
    known = state.credentials.salesmanago
    return {
        "conn_type": "salesmanago",
        "host": address.plain(address.http_port),
        "login": known.client_id,
        "password": known.api_secret,
        "extra": {
            "owner": known.owner,
            "account_name": known.account_name,
            "microsite_key": known.microsite_key,
            "iframe_name": known.iframe_name,
        },
    }
