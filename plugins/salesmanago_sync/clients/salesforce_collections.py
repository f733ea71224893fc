"""Writes of many Salesforce records: sObject Collections, one outcome a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from salesmanago_sync.clients.batches import accounted, apart, in_batches, no_answer, outdated, own_fault, write
from salesmanago_sync.clients.http import Replay, RetryPolicy
from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.salesforce_errors import RefusedRequestError, refused_row, row_outcome
from salesmanago_sync.clients.salesforce_wire import SalesforceWire
from salesmanago_sync.clients.shapes import rows_of
from salesmanago_sync.errors import OutdatedError, OwnFaultError, SyncError, UnknownOutcomeError

Record = Mapping[str, Any]
LARGEST = 200
# Salesforce runs assignment rules on updates too unless told otherwise, which would move owners.
HEADERS = {"Sforce-Auto-Assign": "FALSE", "Sforce-Duplicate-Rule-Header": "allowSave=false"}


class Collections:
    """Writes records of one object, up to 200 in a request."""

    def __init__(self, wire: SalesforceWire, policy: RetryPolicy) -> None:
        self._wire = wire
        self._policy = policy

    def create(self, sobject: str, records: Sequence[Record]) -> list[Outcome]:
        """Create records; a lost answer is reported, never repeated."""
        rows = [{"attributes": {"type": sobject}, **record} for record in records]
        return self._write("POST", "composite/sobjects", Replay.NEVER, rows, key=None)

    def update(self, sobject: str, records: Sequence[Record]) -> list[Outcome]:
        """Change records by `Id`; repeatable, because the same values are set again."""
        rows = [
            {"attributes": {"type": sobject}, "id": record["Id"], **{k: v for k, v in record.items() if k != "Id"}}
            for record in records
        ]
        return self._write("PATCH", "composite/sobjects", Replay.REPEATABLE, rows, key="id")

    def upsert(self, sobject: str, external_id_field: str, records: Sequence[Record]) -> list[Outcome]:
        """Create or change records by an external id; repeatable, because the second time finds the first."""
        rows = [{"attributes": {"type": sobject}, **record} for record in records]
        path = f"composite/sobjects/{sobject}/{external_id_field}"
        return self._write("PATCH", path, Replay.REPEATABLE, rows, key=external_id_field)

    def delete(self, ids: Sequence[str]) -> list[Outcome]:
        """Put records into the recycle bin; repeatable, because a record may be put there twice."""

        def send(some: list[str]) -> list[Outcome]:
            path = f"composite/sobjects?ids={','.join(some)}&allOrNone=false"
            answer = self._wire.request("DELETE", path, replay=Replay.REPEATABLE).body
            rows = rows_of(answer, "Salesforce DELETE composite/sobjects", Replay.REPEATABLE)
            return accounted(some, [_gone(row_outcome(row, created=False)) for row in rows])

        return accounted(ids, write(in_batches(ids, LARGEST, key=str), send))

    def _write(
        self, method: str, path: str, replay: Replay, rows: list[dict[str, Any]], key: str | None
    ) -> list[Outcome]:
        def send(some: list[dict[str, Any]]) -> list[Outcome]:
            body = {"allOrNone": False, "records": some}
            answer = self._wire.request(method, path, replay=replay, body=body, headers=HEADERS).body
            told = rows_of(answer, f"Salesforce {method} {path}", replay)
            return accounted(some, [row_outcome(row, created=replay is Replay.NEVER) for row in told])

        def alone(row: dict[str, Any], error: SyncError | None) -> Outcome:
            try:
                return send([row])[0] if error is None else _refused(error)
            except _REFUSALS as refusal:
                return _refused(refusal)

        def halved(some: list[dict[str, Any]]) -> list[Outcome]:
            return apart(some, send, _REFUSALS, alone)

        def name(row: dict[str, Any]) -> str | None:
            return None if key is None else str(row.get(key))

        return accounted(rows, write(in_batches(rows, LARGEST, name), lambda some: self._past_locks(some, halved)))

    def _past_locks(
        self, rows: list[dict[str, Any]], send: Callable[[list[dict[str, Any]]], list[Outcome]]
    ) -> list[Outcome]:
        """Send the rows that met a lock again: Salesforce says of each that it was not written."""
        outcomes: dict[int, Outcome] = {}
        waiting = list(range(len(rows)))

        def attempt() -> bool:
            some = [rows[number] for number in waiting]
            try:
                answers = send(some)
            except OutdatedError:
                answers = outdated(some)
            except UnknownOutcomeError as error:
                answers = no_answer(some, error)
            except SyncError:
                if not outcomes:
                    raise
                return False  # what is known stays; the rest is still locked
            outcomes.update(zip(waiting, answers, strict=True))
            waiting[:] = [number for number in waiting if outcomes[number].reason == "LOCKED"]
            return bool(waiting)

        Retrying(
            stop=stop_after_attempt(self._policy.attempts),
            wait=wait_random_exponential(multiplier=self._policy.first, max=self._policy.longest),
            retry=retry_if_result(bool),
            retry_error_callback=lambda _: False,
            sleep=self._policy.sleep,
        )(attempt)
        return [outcomes[number] for number in range(len(rows))]


_REFUSALS = (RefusedRequestError, OwnFaultError)


def _refused(error: SyncError) -> Outcome:
    if isinstance(error, OwnFaultError):
        return own_fault(error)
    return refused_row({"statusCode": getattr(error, "code", ""), "message": error.words})


def _gone(outcome: Outcome) -> Outcome:
    return Outcome(ok=True, id=outcome.id) if outcome.reason == "RECORD_GONE" else outcome
