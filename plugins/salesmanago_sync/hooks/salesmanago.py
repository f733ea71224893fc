"""The Airflow connection to SALESmanago, made into a client."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from salesmanago_sync.clients.endpoint import normalise_endpoint, warning_of
from salesmanago_sync.clients.http import PATIENT, Patience
from salesmanago_sync.clients.landing_page import landing_page_url
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.clients.salesmanago_wire import Credentials
from salesmanago_sync.clients.session import new_session
from salesmanago_sync.errors import ConfigurationError, Fault, SyncError
from salesmanago_sync.pair import Pair

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = logging.getLogger(__name__)

DEFAULT_CONNECTION = "salesmanago_default"


class ConnectionSettings(BaseModel):
    """The seven settings of the connection, under the vendor's names."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    endpoint: str = Field(title="Endpoint")
    client_id: str = Field(title="Client Id", min_length=1)
    api_secret: SecretStr = Field(title="API Secret", min_length=1)
    owner: str = Field(title="Data Owner", min_length=1)
    account_name: str | None = Field(None, title="Account Name")
    microsite_key: SecretStr | None = Field(None, title="MicroSite Key")
    iframe_name: str | None = Field(None, title="iFrame Name")

    @field_validator("endpoint")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        return normalise_endpoint(value)

    @classmethod
    def from_connection(cls, connection: Connection) -> ConnectionSettings:
        """Read a connection.

        Raises:
            ConfigurationError: Settings are missing or wrong; all of them are named, no value is shown.
        """
        typed = {
            "endpoint": _address(connection),
            "client_id": connection.login,
            "api_secret": connection.password,
            **{name: connection.extra_dejson.get(name) for name in _EXTRAS},
        }
        given = {name: value for name, value in typed.items() if value is not None and str(value).strip() != ""}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            faults = [_fault(connection.conn_id, dict(item)) for item in error.errors(include_input=False)]
            raise ConfigurationError(faults) from None


_EXTRAS = ("owner", "account_name", "microsite_key", "iframe_name")


def _address(connection: Connection) -> str | None:
    """Put together again what a connection given as a URI takes apart."""
    if connection.host is None or connection.port is None:
        return connection.host
    return f"{connection.host}:{connection.port}"


_VENDOR_PAGE = "Copy it from SALESmanago, Settings → Integration."
_FIXES = {
    "owner": "Give the e-mail address of a SALESmanago user of this account.",
}


def _fault(conn_id: str, item: dict[str, Any]) -> Fault:
    name = str(item["loc"][0])
    label = ConnectionSettings.model_fields[name].title
    what = "is missing." if item["type"] == "missing" else f"{item['msg'].removeprefix('Value error, ')}."
    return Fault(f"connection {conn_id}, {label}", what, _FIXES.get(name, _VENDOR_PAGE))


class SalesmanagoHook(BaseHook):
    """Gives a client of the account behind a connection of type `salesmanago`.

    Args:
        salesmanago_conn_id: The connection.
    """

    conn_name_attr = "salesmanago_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = "salesmanago"
    hook_name = "SALESmanago"

    def __init__(self, salesmanago_conn_id: str = DEFAULT_CONNECTION) -> None:
        super().__init__()
        self.salesmanago_conn_id = salesmanago_conn_id

    @cached_property
    def settings(self) -> ConnectionSettings:
        """The connection's settings."""
        settings = ConnectionSettings.from_connection(self.get_connection(self.salesmanago_conn_id))
        if settings.microsite_key is not None:
            # Airflow masks passwords by itself, extras only where their names sound secret to it.
            mask_secret(settings.microsite_key.get_secret_value())
        return settings

    def get_conn(
        self, pace: Pace | None = None, patience: Patience = PATIENT, export_hosts: Collection[str] = ()
    ) -> Salesmanago:
        """Make a client.

        Args:
            pace: Holds requests back; where none is given, 5 a second are sent.
            patience: How long to wait, and how often to try.
            export_hosts: Hosts beside those of the endpoint's domain that files of exports may be on.
        """
        settings = self.settings
        if warning := warning_of(settings.endpoint):
            log.warning("Connection %s, Endpoint %s", self.salesmanago_conn_id, warning)
        credentials = Credentials(
            settings.endpoint, settings.client_id, settings.api_secret.get_secret_value(), settings.owner
        )
        session = new_session(
            patience.connect, min(60.0, patience.read), reconnects=patience.reconnects, bounds=patience.bounds
        )
        return Salesmanago(credentials, session, patience.policy, pace=pace, export_hosts=export_hosts)

    def landing_page_url(self, contact_id: str | None = None, email: str | None = None) -> str | None:
        """Sign the address of the contact's landing page, to be shown and not stored.

        Args:
            contact_id: The contact's id.
            email: Its address, when the id is not known.

        Returns:
            Nothing when MicroSite Key or iFrame Name is not set.
        """
        settings = self.settings
        if settings.microsite_key is None or settings.iframe_name is None:
            return None
        key = settings.microsite_key.get_secret_value()
        return landing_page_url(settings.endpoint, settings.client_id, key, settings.iframe_name, contact_id, email)

    def test_connection(self) -> tuple[bool, str]:
        """Log in and look for the Data Owner among the account's users."""
        try:
            users = self.get_conn().users()
        except ConfigurationError as error:
            # Airflow tests under a name of its own making, which would tell a person nothing.
            return False, " ".join(
                f"{str(fault.where).rpartition(', ')[2]} {fault.what} {fault.fix}" for fault in error.faults
            )
        except SyncError as error:
            return False, str(error)
        if self.settings.owner.casefold() in {user.casefold() for user in users}:
            insecure = f" But Endpoint {warning}" if (warning := warning_of(self.settings.endpoint)) else ""
            return True, f"Connected; Data Owner is one of {len(users)} users.{insecure}"
        return False, f"Connected, but Data Owner is none of the account's {len(users)} users. Correct Data Owner."


def card_url(pair: Pair, contact_id: str) -> str | None:
    """Sign the address of a contact's landing page.

    Args:
        pair: Whose contact.
        contact_id: The contact.

    Returns:
        Nothing when the connection is missing, or does not say where the page is.
    """
    try:
        return SalesmanagoHook(pair.salesmanago).landing_page_url(contact_id)
    except (AirflowNotFoundException, ConfigurationError):
        return None
