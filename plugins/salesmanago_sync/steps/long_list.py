"""Long lists of Salesforce: read by a Bulk job, whose id outlives the task that made it.

A short list costs as many calls as it has pages of 2,000 records, and comes at once. The first page says how long the
list is: a longer one than the setting `bulk_above` goes by a job, in pages of 10,000. Where the org or the user is not
for Bulk jobs, the list is read page by page, as if it were short.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

import pandas as pd
from pydantic import BaseModel, ConfigDict

from salesmanago_sync.clients.listing import Listing
from salesmanago_sync.clients.salesforce_bulk import JobLostError
from salesmanago_sync.domain.frames import salesforce_columns, salesforce_frame
from salesmanago_sync.domain.org.schema import parents_of, read_types
from salesmanago_sync.domain.people.witness import OBJECTS
from salesmanago_sync.errors import FatalError, ReserveError, SyncError
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import Source
from salesmanago_sync.steps.snapshot import staged_schema

log = logging.getLogger(__name__)


class Job(BaseModel):
    """A Bulk job that reads one object.

    Attributes:
        id: Its id in Salesforce.
        at: When it was asked for, by the local clock: what it reads is no older.
        types: The selected fields in their order, each with its describe type.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    at: datetime
    types: dict[str, str]


def open_list(ports: Ports, source: Source, ask: Callable[[], Listing]) -> tuple[datetime, Iterator[pd.DataFrame]]:
    """Begin to read a list, or go on with the job that an earlier try of this task began.

    Args:
        ports: What the step talks to.
        source: The object.
        ask: Asks for the list.

    Returns:
        When it was asked for, and its pages, laid out (`domain.frames.salesforce_frame`).
    """
    job = _staged(ports, source.mapping.object)
    if job is not None:
        count = _outcome(ports, source, job)
        if count is not None:
            return job.at, _rows(ports, source, job, count)
    at = ports.now()
    listing = ask()
    if listing.total is not None and listing.total > ports.settings.bulk_above:
        job = _begun(ports, source, listing, at)
        count = None if job is None else _outcome(ports, source, job)
        if job is not None and count is not None:
            return at, _rows(ports, source, job, count)
        log.warning("%s: %d records are read in pages of the REST API.", source.mapping.object, listing.total)
    fields = source.fields
    return at, (salesforce_frame(page, fields) for page in listing)


def close_list(ports: Ports, source: Source) -> None:
    """Delete the job of a list that has been read."""
    job = _staged(ports, source.mapping.object)
    if job is not None:
        _forget(ports, source, job)


def abandon_lists(ports: Ports) -> None:
    """Abort the jobs of lists that nobody reads to their end: the run is over."""
    for name in OBJECTS:
        try:
            job = _staged(ports, name)
            if job is not None:
                ports.staging.write_json(_file(name), None)
                ports.salesforce.jobs.abandon(job.id)
        except SyncError as error:
            # Salesforce deletes it by itself after seven days.
            log.info("%s: a job may be left behind. %s", name, error)


def _begun(ports: Ports, source: Source, listing: Listing, at: datetime) -> Job | None:
    """Make a job; none where this list is not for one."""
    types = _types(ports, source)
    unknown = [name for name in listing.select.columns if name not in types]
    if unknown:  # its cells could not be read as the REST API sends them
        log.warning("%s: no Bulk job is made, because the type of %s is not known.", source.mapping.object, unknown)
        return None
    try:
        name = ports.salesforce.jobs.begin(listing.operation, listing.select.unordered())
    except ReserveError:
        raise
    except FatalError as error:
        # Whatever else it may be, the REST API will say it too.
        log.warning("%s: no Bulk job can be made. %s", source.mapping.object, error)
        return None
    job = Job(id=name, at=at, types={column: types[column] for column in listing.select.columns})
    ports.staging.write_json(_file(source.mapping.object), job.model_dump(mode="json"))
    return job


def _outcome(ports: Ports, source: Source, job: Job) -> int | None:
    """Wait for a job, and say how many records it has read; nothing where it is lost."""
    try:
        return ports.salesforce.jobs.wait(job.id)
    except JobLostError as error:
        log.warning("%s: %s", source.mapping.object, error)
        _forget(ports, source, job)
        return None


def _rows(ports: Ports, source: Source, job: Job, count: int) -> Iterator[pd.DataFrame]:
    fields = source.fields
    try:
        for page in ports.salesforce.jobs.pages(job.id, job.types, count):
            yield salesforce_columns({field: page[field] for field in fields}, len(page[fields[0]]))
    except JobLostError:
        # The next try of the task begins anew: what has come of this one is not whole.
        _forget(ports, source, job)
        raise


def _forget(ports: Ports, source: Source, job: Job) -> None:
    ports.staging.write_json(_file(source.mapping.object), None)
    try:
        ports.salesforce.jobs.end(job.id)
    except SyncError as error:
        # Salesforce deletes it by itself after seven days.
        log.info("%s: the job %s is left behind. %s", source.mapping.object, job.id, error)


def _types(ports: Ports, source: Source) -> dict[str, str]:
    names = parents_of(source.mapping, source.schema)
    parents = {name: staged_schema(ports, name) for name in names if ports.staging.has(f"describe.{name}.json")}
    return read_types(source.mapping, source.schema, parents)


def _staged(ports: Ports, name: str) -> Job | None:
    if not ports.staging.has(f"{_file(name)}.json"):
        return None
    known = ports.staging.read_json(_file(name))
    return None if known is None else Job.model_validate(known)


def _file(name: str) -> str:
    return f"bulk.{name}"
