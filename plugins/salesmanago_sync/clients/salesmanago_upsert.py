"""Writes of many SALESmanago contacts, one outcome a contact.

Every upsert may be repeated: it sets the same values again, and `useApiDoubleOptIn: false` keeps a repetition (and the
first time) from sending anybody a confirmation mail. Without that field the batch methods default to true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from salesmanago_sync.clients.batches import accounted, apart, in_batches, own_fault, write
from salesmanago_sync.clients.http import Replay
from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.salesmanago_errors import RefusedError, refused_contact
from salesmanago_sync.clients.salesmanago_wire import SalesmanagoWire
from salesmanago_sync.clients.shapes import readable_id
from salesmanago_sync.errors import OwnFaultError, SyncError

Row = Mapping[str, Any]
LARGEST = 100
# Waiting for the result makes the next read see it.
QUIET = {"useApiDoubleOptIn": False, "async": False}
# All four false leaves the consents as they are.
CONSENTS = {"forceOptIn": False, "forceOptOut": False, "forcePhoneOptIn": False, "forcePhoneOptOut": False}


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
        return accounted(rows, write(in_batches(rows, LARGEST, key=address), self._batch))

    def _batch(self, rows: list[Row]) -> list[Outcome]:
        sent = [row for row in rows if address(row) is not None]
        outcomes = iter(apart(sent, self._many, _REFUSALS, self._alone) if sent else [])
        return [_NOBODY if address(row) is None else next(outcomes) for row in rows]

    def _many(self, rows: list[Row]) -> list[Outcome]:
        body = {**QUIET, "upsertDetails": [{**CONSENTS, **row} for row in rows]}
        found = _named(self._wire.call("contact/batchupsert", body, Replay.REPEATABLE).body.get("contactIds"))
        if not found:
            raise RefusedError("SALESmanago contact/batchupsert", "the answer names nobody")
        named = [_found(found, row) for row in rows]
        # What an answer does not name may have been refused or dropped: alone, it gets an answer of its own.
        left = [[row] for row, name in zip(rows, named, strict=True) if name is None]
        alone = iter(write(left, lambda some: [self._alone(some[0])], begun=True))
        return [Outcome(ok=True, id=name) if name is not None else next(alone) for name in named]

    def _alone(self, row: Row, _: SyncError | None = None) -> Outcome:
        """Send one row by the method for one contact, which says what is wrong with it."""
        try:
            answer = self._wire.call("contact/upsert", {**CONSENTS, **row, **QUIET}, Replay.REPEATABLE).body
        except OwnFaultError as error:
            return own_fault(error)
        except RefusedError as error:
            return refused_contact(error)
        name = readable_id(answer.get("contactId"))
        if name is None:
            return Outcome(ok=False, reason="NO_ANSWER", text="SALESmanago accepted the contact and gave no id.")
        return Outcome(ok=True, id=name)


_NOBODY = Outcome(ok=False, reason="NO_EMAIL")
_REFUSALS = (RefusedError, OwnFaultError)


def _named(found: Any) -> dict[str, str]:
    if not isinstance(found, Mapping):
        return {}
    return {str(email).strip().lower(): name for email, value in found.items() if (name := readable_id(value))}


def _found(ids: Mapping[str, str], row: Row) -> str | None:
    email = address(row)
    if email is None:
        return None
    # Nobody documents under which address a batch reports a contact whose address changed.
    renamed = str(row.get("newEmail") or "").strip().lower()
    return ids.get(email, ids.get(renamed) if renamed else None)
