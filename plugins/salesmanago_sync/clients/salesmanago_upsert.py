"""Writes of many SALESmanago contacts, one outcome a contact.

Every upsert may be repeated: it sets the same values again, and `useApiDoubleOptIn: false` keeps a repetition (and the
first time) from sending anybody a confirmation mail. Without that field the batch methods default to true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from salesmanago_sync.clients.batches import accounted, chunks, write
from salesmanago_sync.clients.http import Replay
from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.salesmanago_errors import RefusedError, refused_contact
from salesmanago_sync.clients.salesmanago_wire import SalesmanagoWire

Row = Mapping[str, Any]
LARGEST = 100
# Waiting for the result makes the next read see it.
_QUIET = {"useApiDoubleOptIn": False, "async": False}
# All four false leaves the consents as they are.
_CONSENTS = {"forceOptIn": False, "forceOptOut": False, "forcePhoneOptIn": False, "forcePhoneOptOut": False}


def address(row: Row) -> str | None:
    """Read the e-mail address that identifies a row."""
    email = (row.get("contact") or {}).get("email")
    return str(email).strip().lower() or None if email is not None else None


class Upserts:
    """Creates and changes contacts, up to 100 in a request."""

    def __init__(self, wire: SalesmanagoWire) -> None:
        self._wire = wire

    def send(self, rows: Sequence[Row]) -> list[Outcome]:
        """Write rows.

        Args:
            rows: Rows of `upsertDetails`.

        Returns:
            One outcome a row, in order.
        """
        return accounted(rows, write(chunks(rows, LARGEST, key=address), self._batch))

    def _batch(self, rows: list[Row]) -> list[Outcome]:
        sent = [row for row in rows if address(row) is not None]
        ids = self._ids(sent) if sent else {}
        named = [_found(ids, row) for row in rows]
        # What a batch does not name may have been refused or dropped: alone, it gets an answer of its own.
        left = [[row] for row, name in zip(rows, named, strict=True) if name is None]
        alone = iter(write(left, self._single, begun=bool(ids)))
        return [Outcome(ok=True, id=name) if name is not None else next(alone) for name in named]

    def _ids(self, rows: list[Row]) -> dict[str, str]:
        body = {**_QUIET, "upsertDetails": [{**_CONSENTS, **row} for row in rows]}
        try:
            found = self._wire.call("contact/batchupsert", body, Replay.REPEATABLE).body.get("contactIds")
        except RefusedError:
            return {}  # one bad row may refuse them all
        if not isinstance(found, Mapping):
            return {}
        return {str(email).strip().lower(): str(name) for email, name in found.items() if name}

    def _single(self, rows: list[Row]) -> list[Outcome]:
        (row,) = rows
        if address(row) is None:
            return [Outcome(ok=False, reason="NO_EMAIL")]
        try:
            answer = self._wire.call("contact/upsert", {**_CONSENTS, **row, **_QUIET}, Replay.REPEATABLE).body
        except RefusedError as error:
            return [refused_contact(error)]
        name = answer.get("contactId")
        if not name:
            return [Outcome(ok=False, reason="NO_ANSWER", text="SALESmanago accepted the contact and gave no id.")]
        return [Outcome(ok=True, id=str(name))]


def _found(ids: Mapping[str, str], row: Row) -> str | None:
    email = address(row)
    if email is None:
        return None
    # Nobody documents under which address a batch reports a contact whose address changed.
    renamed = str(row.get("newEmail") or "").strip().lower()
    return ids.get(email, ids.get(renamed) if renamed else None)
