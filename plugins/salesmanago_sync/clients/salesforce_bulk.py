"""Queries of Bulk API 2.0: a job is made, waited for, and its table read page by page.

A table holds text only. Column by column, each cell is read by the type of its field, so that the same is made of it as
of a value that the REST API sends.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import requests

from salesmanago_sync.clients.http import Replay, ServiceAnswer, TooLargeError
from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.clients.salesforce_errors import MissingError, RefusedRequestError
from salesmanago_sync.clients.salesforce_jobs import Waiting
from salesmanago_sync.clients.salesforce_wire import SalesforceWire
from salesmanago_sync.clients.shapes import Columns, an_object, readable_id
from salesmanago_sync.domain.carriage import UNREADABLE, carried_text, decoded
from salesmanago_sync.domain.org.field_types import NUMBER_TYPES
from salesmanago_sync.errors import FatalError, RetriableError

# A million records in a hundred calls. Where records have more than 10 KB, a page is larger than an answer may be
# (`session.BOUNDS`), and smaller ones are asked for.
PAGE = 10_000
SMALLEST_PAGE = 500
# Salesforce itself gives a job up after 15 tries of some minutes each.
LONGEST_SECONDS = 7_200
LONGEST_PAUSE = 30
_DONE = "JobComplete"
_FINAL = frozenset({_DONE, "Failed", "Aborted"})
_LAST = "null"  # the word, as Salesforce sends it
_SEE = "See Setup → Bulk Data Load Jobs."


class JobLostError(RetriableError):
    """A job is gone, has failed, or gives no whole table: what it was to read must be asked for anew."""


class QueryJobs:
    """A client of one org's query jobs.

    Args:
        wire: Sends the requests.
        sleep: How to wait between two looks at a job.
    """

    def __init__(self, wire: SalesforceWire, sleep: Callable[[float], None]) -> None:
        self._wire = wire
        self._waiting = Waiting(sleep, LONGEST_SECONDS, LONGEST_PAUSE, _SEE)

    def begin(self, operation: str, query: str) -> str:
        """Make a job.

        Args:
            operation: `query`, or `queryAll` for deleted records too.
            query: What to read, in SOQL; without ORDER BY, so that Salesforce may split it.

        Returns:
            Its id, which outlives the session.

        Raises:
            FatalError: This user, this org or this query is not for Bulk jobs.
        """
        body = {"operation": operation, "query": query, "columnDelimiter": "COMMA", "lineEnding": "LF"}
        # A second job, made because the first answer was lost, changes nothing.
        answer = self._wire.request("POST", "jobs/query", replay=Replay.READ, body=body)
        job = readable_id(an_object(answer.body, "Salesforce POST jobs/query").get("id"))
        if job is None:
            raise RetriableError("Salesforce POST jobs/query: the answer names no job.")
        return job

    def wait(self, job: str) -> int:
        """Look at a job, less and less often, until it is done.

        Returns:
            How many records it has read.

        Raises:
            JobLostError: It is gone, has failed, was aborted, or does not say what it has read.
            RetriableError: It takes too long; it goes on, and can be waited for again.
        """
        found = self._waiting.until(
            lambda found: str(found.get("state")) in _FINAL,
            lambda: an_object(self._of(job, "").body, f"Salesforce GET jobs/query/{job}"),
            f"job {job}",
        )
        if found["state"] != _DONE:
            error = JobLostError(f"Salesforce job {job}: {found['state']}. {_SEE}")
            raise error.saying(mask(found.get("errorMessage")))
        count = found.get("numberRecordsProcessed")
        if not isinstance(count, int):
            raise JobLostError(f"Salesforce job {job}: the answer has no count.")
        return count

    def pages(self, job: str, types: Mapping[str, str], count: int) -> Iterator[Columns]:
        """Read the records of a job that is done, in no order.

        Args:
            job: Its id.
            types: The selected fields in their order, each with its describe type.
            count: How many records `wait` has told.

        Yields:
            Pages, as columns by field; a missing value is None.

        Raises:
            JobLostError: The job is gone, or its table is not whole.
        """
        came, turned, locator, size = 0, set[str](), None, PAGE
        while True:
            try:
                answer = self._page(job, locator, size)
            except TooLargeError:
                if size <= SMALLEST_PAGE:
                    raise
                size //= 2
                continue
            header, *lines = answer.body
            columns = _columns(job, header, lines, types)
            came += len(lines)
            if lines:
                yield columns
            locator = answer.headers.get("Sforce-Locator", _LAST)
            if locator == _LAST:
                break
            if locator in turned:
                raise JobLostError(f"Salesforce job {job}: its pages lead back, after {came} rows.")
            turned.add(locator)
        if came != count:
            raise JobLostError(f"Salesforce job {job}: {came} rows came of {count}.")

    def end(self, job: str) -> None:
        """Delete a job that is done, and its table."""
        self._wire.request("DELETE", f"jobs/query/{job}", replay=Replay.REPEATABLE)

    def abandon(self, job: str) -> None:
        """Abort a job that nobody waits for any longer, and delete it.

        Raises:
            FatalError: It is gone.
        """
        # A job that is done cannot be aborted, and need not be.
        with suppress(FatalError):
            self._wire.request("PATCH", f"jobs/query/{job}", replay=Replay.REPEATABLE, body={"state": "Aborted"})
        self.end(job)

    def _page(self, job: str, locator: str | None, size: int) -> ServiceAnswer:
        params = {"maxRecords": str(size)} | ({} if locator is None else {"locator": locator})
        answer = self._of(job, "/results", params=params, headers={"Accept": "text/csv"}, read=_table)
        if answer.body is None:
            raise JobLostError(
                f"Salesforce job {job}: the answer is empty, and even a table without rows has a header."
            )
        return answer

    def _of(self, job: str, path: str, **options: Any) -> ServiceAnswer:
        try:
            return self._wire.request("GET", f"jobs/query/{job}{path}", **options)
        except (MissingError, RefusedRequestError) as error:
            raise JobLostError(str(error)).saying(error.words) from None


def _table(response: requests.Response, where: str, replay: Replay) -> list[list[str]]:
    """Read a page, its header first; bytes that are no UTF-8 become halves of characters, as in `carriage.decoded`."""
    text = response.content.decode("utf-8-sig", "surrogateescape")
    try:
        # Line breaks in cells stay as they are. No field of Salesforce is longer than what `csv` takes: 131,072.
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise JobLostError(f"{where}: the answer is no table.") from None
    told = response.headers.get("Sforce-NumberOfRecords", "")
    if not lines or (told.isdecimal() and int(told) != len(lines) - 1):
        raise JobLostError(f"{where}: {max(len(lines) - 1, 0)} rows came of {told or 'more'}.")
    return lines


def _columns(job: str, header: Sequence[str], lines: Sequence[Sequence[str]], types: Mapping[str, str]) -> Columns:
    same = [name.casefold() for name in header] == [name.casefold() for name in types]
    if not same or any(len(line) != len(header) for line in lines):
        raise JobLostError(f"Salesforce job {job}: the table has other columns than were asked for.")
    columns = list(zip(*lines, strict=True)) or [()] * len(types)
    return {name: _read(kind, cells) for (name, kind), cells in zip(types.items(), columns, strict=True)}


def _read(kind: str, cells: Sequence[str]) -> list[Any]:
    """Read the cells of a field. Salesforce keeps no empty text: an empty cell is null, quoted or not."""
    if kind in NUMBER_TYPES:
        return [None if cell == "" else _number(cell) for cell in cells]
    if kind == "datetime":
        # Tables write moments with Z, the REST API with an offset.
        cells = [f"{cell[:-1]}+0000" if cell.endswith("Z") else cell for cell in cells]
    # As nearly every column is: a look at each cell would take as long as all the rest of reading.
    if "".join(cells).isprintable():
        return [None if cell == "" else cell for cell in cells]
    return [None if cell == "" else carried_text(cell) for cell in cells]


def _number(cell: str) -> Any:
    try:
        return decoded(cell.encode("utf-8", "surrogateescape"))
    except ValueError:
        return UNREADABLE
