"""Single requests to SALESmanago whose plain answers show how the service behaves: for the probe only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from salesmanago_sync.clients.http import Replay
from salesmanago_sync.clients.salesmanago_errors import RefusedError, authentication_error
from salesmanago_sync.clients.salesmanago_upsert import CONSENTS, QUIET
from salesmanago_sync.clients.salesmanago_wire import SalesmanagoWire
from salesmanago_sync.clients.shapes import Row as Card
from salesmanago_sync.clients.shapes import listed, readable_id, rows_of

Row = Mapping[str, Any]


class Trials:
    """Sends requests as the sync does, and gives what came back unmended."""

    def __init__(self, wire: SalesmanagoWire) -> None:
        self._wire = wire

    def write(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Write contacts by the method for many.

        Returns:
            What the answer says of each, by address in lower case.

        Raises:
            RefusedError: The whole batch was refused.
        """
        body = {**QUIET, "upsertDetails": [{**CONSENTS, **row} for row in rows]}
        named = self._wire.call("contact/batchupsert", body, Replay.REPEATABLE).body.get("contactIds")
        return {str(email).lower(): name for email, name in named.items()} if isinstance(named, Mapping) else {}

    def write_alone(self, row: Row) -> str | None:
        """Write a contact by the method for one, and give its id."""
        body = {**CONSENTS, **row, **QUIET}
        return readable_id(self._wire.call("contact/upsert", body, Replay.REPEATABLE).body.get("contactId"))

    def card(self, email: str) -> Card | None:
        """Read the card of an address; None where there is none that lives."""
        method = "contact/list"
        where = f"SALESmanago {method}"
        cards = rows_of(listed(self._wire.call(method, {"email": [email]}).body, "contacts", where), where)
        return next((card for card in cards if card.get("deleted") is not True), None)

    def created(self, since: datetime, until: datetime) -> list[Any]:
        """List contacts created in a time, as far as the service names them in one answer."""
        return self._span("contact/createdContacts", "createdContacts", since, until)

    def modified(self, since: datetime, until: datetime, page: int = 1, size: int = 1000) -> list[Any]:
        """List one page of the contacts modified in a time."""
        method = "contact/paginatedModifiedContacts"
        return self._span(method, "modifiedContacts", since, until, page=page, size=size)

    def page(self, page: int, size: int) -> list[Any]:
        """List one page of all contacts."""
        method = "contact/paginatedListById"
        answer = self._wire.call(method, {"page": page, "size": size}).body
        return listed(answer, "contacts", f"SALESmanago {method}")

    def begin_export(self) -> Any:
        """Ask for an export of one contact, and give the number of its job; None where there is none.

        Raises:
            RefusedError: The account has no export.
        """
        return self._wire.call("contact/paginatedContactList/export", {"page": 1, "size": 1}).body.get("requestId")

    def file_of(self, job: Any) -> str | None:
        """Say where the file of an export is; None while it is not ready."""
        # Credentials are all that can be wrong with the question.
        url = self._wire.ask("job/status", {"requestId": job}, judge=authentication_error).body.get("fileUrl")
        return url if isinstance(url, str) else None

    def open_file(self, url: str) -> None:
        """Fetch the file of an export, and keep nothing of it."""
        self._wire.download(url)

    def remove(self, email: str) -> None:
        """Delete a contact for good; one that is not there is no fault."""
        try:
            self._wire.ask(
                "contact/delete", {"email": email, "permanently": True}, Replay.REPEATABLE, may_be_empty=True
            )
        except RefusedError:
            return

    @property
    def heard_at(self) -> datetime | None:
        """The clock of SALESmanago in its last answer, in UTC."""
        return self._wire.heard_at

    def _span(self, method: str, key: str, since: datetime, until: datetime, **more: int) -> list[Any]:
        span = {"from": int(since.timestamp() * 1000), "to": int(until.timestamp() * 1000)}
        return listed(self._wire.call(method, {**span, **more}).body, key, f"SALESmanago {method}")
