"""Parts: everybody who was read, shared out to tasks that plan and write a part each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd

from salesmanago_sync.domain.changes import CHANGE_COLUMNS
from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.frames import full_ids
from salesmanago_sync.domain.identities import CONTACT_ID_FIELD
from salesmanago_sync.domain.parts import Parts, Together
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.extract import READ, load
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import SALESFORCE, SALESMANAGO, Reading, load_reading, read_at, read_news, witnesses

PARTS = "parts"
# When the run began to tell the ledger what it had found.
BOUND = "bound"
# Where Salesforce says that a record goes on.
NAMES_OTHERS = ("ConvertedAccountId", "ConvertedContactId", "MasterRecordId")


def share_out(ports: Ports) -> list[int]:
    """Share everybody who was read out to parts, so that all who must be decided about together are in one.

    Args:
        ports: What the step talks to.

    Returns:
        The numbers of the parts.

    Raises:
        FatalError: The run has gone on since it read: what it would decide now is out of date.
    """
    ports.keep_lock()
    check_unbound(ports)
    reading = load(ports)
    if read_news(reading, checked(ports).objects):
        reading.save(READ)
    parts = _shared(reading).shared_out(ports.settings.people_per_part, ports.most_tasks)
    if parts.count > 1:
        for number in range(1, parts.count + 1):
            ports.keep_lock()
            _part_of(reading, parts, number).save(_prefix(number, parts.count))
    # Of an earlier try, which may have had other parts.
    ports.ledger.plan_changes(ports.run.id, pd.DataFrame(columns=CHANGE_COLUMNS), ports.now())
    ports.staging.write_json(PARTS, parts.count)
    return list(numbers(ports))


def load_part(ports: Ports, number: int) -> Reading:
    """Read back the people of a part."""
    return load_reading(ports, checked(ports).enabled, _prefix(number, ports.staging.read_json(PARTS)))


def save_part(reading: Reading, number: int) -> None:
    """Stage the people of a part anew."""
    reading.save(_prefix(number, reading.ports.staging.read_json(PARTS)))


def stage(ports: Ports, part: int, name: str, frame: pd.DataFrame) -> None:
    """Stage a frame of a part."""
    ports.staging.write(f"{name}.{part}", frame)


def staged(ports: Ports, part: int, name: str) -> pd.DataFrame:
    """Read back a frame of a part."""
    return ports.staging.read(f"{name}.{part}")


def numbers(ports: Ports) -> Iterator[int]:
    """Number the parts."""
    yield from range(1, ports.staging.read_json(PARTS) + 1)


def each_staged(ports: Ports, name: str) -> Iterator[pd.DataFrame]:
    """Read back a frame of every part, one after the other."""
    for number in numbers(ports):
        yield staged(ports, number, name)


def of_everybody(ports: Ports, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read back a few columns of a frame of all parts; rows are numbered anew."""
    return pd.concat([frame[list(columns)] for frame in each_staged(ports, name)], ignore_index=True)


def is_planned(ports: Ports) -> bool:
    """Tell whether every part has its plan."""
    staging = ports.staging
    return staging.has(f"{PARTS}.json") and all(staging.has(f"people.{number}.parquet") for number in numbers(ports))


def check_unbound(ports: Ports) -> None:
    """Check that nothing was bound or written since everybody was read.

    Raises:
        FatalError: The plan would rest on a reading that is older than what the ledger has learned from it.
    """
    if not ports.staging.has(f"{BOUND}.json"):
        return
    if read_at(ports, READ) <= datetime.fromisoformat(ports.staging.read_json(BOUND)):
        raise FatalError(
            "This run has bound and written people since it read them: a plan made of what it read would be out of "
            "date. To read again, clear the task preflight together with its downstream tasks, or start a new run."
        )


def note_bound(ports: Ports) -> None:
    """Note when the run began to tell the ledger what it had found."""
    ports.staging.write_json(BOUND, ports.now().isoformat())


def _prefix(number: int, count: int) -> str:
    # What is one part is not copied.
    return READ if count == 1 else f"{READ}.{number}"


def _shared(reading: Reading) -> Together:
    """Link everybody who names somebody else, or has the address of somebody else."""
    together = Together()
    for name, source in reading.sources.items():
        records = reading.records[name]
        together.add(SALESFORCE, records["Id"])
        together.link(records["Id"], normalise_email(records[source.email_field]))
        for column in NAMES_OTHERS:
            if column in records:
                together.link(records["Id"], full_ids(records[column]))
        if CONTACT_ID_FIELD in records:
            together.link(records["Id"], records[CONTACT_ID_FIELD])
    contacts = reading.contacts
    together.add(SALESMANAGO, contacts["contactId"])
    together.link(contacts["contactId"], normalise_email(contacts["email"]))
    together.link(contacts["contactId"], full_ids(contacts["externalId"]))
    bindings = reading.bindings()
    together.link(bindings["salesforce_id"], bindings["salesmanago_id"])
    # Of tombstones, whose address nobody may take.
    together.link(bindings["salesforce_id"], bindings["email"])
    return together


def _part_of(reading: Reading, parts: Parts, number: int) -> Reading:
    """Take the people of a part."""
    of_witness = witnesses(reading.ports) if reading.testimony else {}
    return Reading(
        reading.ports,
        reading.sources,
        {name: frame[parts.of(frame["Id"]).eq(number).fillna(False)] for name, frame in reading.records.items()},
        reading.contacts[parts.of(reading.contacts["contactId"]).eq(number).fillna(False)],
        [_seen_of(reading.seen(), parts, number)],
        testimony={
            name: frame[parts.of(normalise_email(frame[of_witness[name].email_field])).eq(number).fillna(False)]
            for name, frame in reading.testimony.items()
        },
    )


def _seen_of(seen: pd.DataFrame, parts: Parts, number: int) -> pd.DataFrame:
    """Take the sightings of a part, and of whoever is nowhere: bound, and not found."""
    mine = parts.of(seen["id"])
    return seen[(mine.eq(number) | mine.isna()).fillna(True).astype(bool)]
