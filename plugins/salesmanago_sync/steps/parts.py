"""Parts: everybody who was read, shared out to tasks that plan and write a part each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.declared import Declared
from salesmanago_sync.domain.frames import full_ids
from salesmanago_sync.domain.org.schema import CONTACT_ID_FIELD
from salesmanago_sync.domain.people.parts import Parts, Together
from salesmanago_sync.domain.staged_frames import CHANGES, PEOPLE
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.frames import load_frame, save_frame
from salesmanago_sync.steps.pages import Pages
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import CONTACTS, SALESFORCE, SALESMANAGO, Reading, key_of, read_news, witnesses
from salesmanago_sync.steps.staged import (
    NAMES_OTHERS,
    NEWS,
    is_staged,
    load_everybody,
    load_links,
    load_whole,
    read_at,
    rows_of,
    save_beside,
    save_links,
    save_whole,
    whole_pages,
)

# Which sharing out is the present one, and how many parts it has: what an earlier one staged counts no more.
PARTS = "parts"
# When the run began to tell the ledger what it had found.
BOUND = "bound"
# So many rows on their way to all parts are held at a time.
ROWS_AT_ONCE = 200_000


def share_out(ports: Ports) -> list[int]:
    """Share everybody who was read out to parts, so that all who must be decided about together are in one.

    Args:
        ports: What the step talks to.

    Returns:
        The numbers of the parts; none where nobody was read, so that there is nothing to plan or to write.

    Raises:
        FatalError: The run has gone on since it read: what it would decide now is out of date.
    """
    ports.keep_lock()
    check_unbound(ports)
    sharing = _begin(ports)
    together, rest = _take_up(ports, f"{NEWS}.{sharing}")
    count = 0 if together is None else _share_out(together, rest, sharing)
    # Of an earlier try, which may have had other parts.
    ports.ledger.changes.plan(ports.run.id, CHANGES.empty(), ports.now())
    ports.staging.write_json(PARTS, {"sharing": sharing, "count": count})
    return list(numbers(ports))


def _take_up(ports: Ports, news: str) -> tuple[Together | None, Reading]:
    """Link everybody who was read, if there is anybody.

    Returns:
        The links, and of the reading what lies beside the pages: records and contacts are let go, as they are the most.
    """
    reading = load_links(ports, news)
    if read_news(reading, checked(ports).objects):
        save_links(reading, news)
    seen = reading.seen()
    rest = Reading(ports, reading.sources, _seen=[seen], _newest=seen, testimony=reading.testimony)
    return None if reading.is_empty else _linked(reading), rest


def _share_out(together: Together, rest: Reading, sharing: int) -> int:
    """Share out who was read, and tell to how many parts."""
    settings = rest.ports.settings
    parts = together.shared_out(settings.people_per_part, rest.ports.most_tasks)
    if parts.count > 1:
        _divide(rest, parts, sharing)
    return parts.count


def _begin(ports: Ports) -> int:
    """Number a sharing out; until it has come to its end there are no parts."""
    staging = ports.staging
    sharing = 1 + (staging.read_json(PARTS)["sharing"] if staging.has(f"{PARTS}.json") else 0)
    staging.write_json(PARTS, {"sharing": sharing, "count": None})
    return sharing


def load_part(ports: Ports, number: int) -> Reading:
    """Read back the people of a part."""
    sharing, count = _sharing(ports)
    alone = count == 1 and not is_staged(ports.staging, _prefix(sharing, number))
    # What is one part was not copied.
    return load_everybody(ports) if alone else load_whole(ports, _prefix(sharing, number))


def save_part(reading: Reading, number: int) -> None:
    """Stage the people of a part anew."""
    sharing, _ = _sharing(reading.ports)
    save_whole(reading, _prefix(sharing, number))


def stage(ports: Ports, part: int, kind: Declared, frame: pd.DataFrame) -> None:
    """Stage a frame of a part."""
    save_frame(ports.staging, _name(ports, part, kind), frame, kind)


def staged(ports: Ports, part: int, kind: Declared, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read back a frame of a part, or some columns of it."""
    return load_frame(ports.staging, _name(ports, part, kind), kind, columns)


def numbers(ports: Ports) -> Iterator[int]:
    """Number the parts."""
    _, count = _sharing(ports)
    yield from range(1, count + 1)


def each_staged(ports: Ports, kind: Declared, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
    """Read back a frame of every part, or some columns of it, one after the other."""
    for number in numbers(ports):
        yield staged(ports, number, kind, columns)


def of_everybody(ports: Ports, kind: Declared, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read back a frame of all parts, or some columns of it; rows are numbered anew, and no part gives none."""
    found = list(each_staged(ports, kind, columns))
    if found:
        return pd.concat(found, ignore_index=True)
    return kind.empty()[list(kind.names if columns is None else columns)]


def is_planned(ports: Ports) -> bool:
    """Tell whether every part has its plan."""
    staging = ports.staging
    if not staging.has(f"{PARTS}.json") or staging.read_json(PARTS)["count"] is None:
        return False
    return all(staging.has(f"{_name(ports, number, PEOPLE)}.parquet") for number in numbers(ports))


def check_planned(ports: Ports) -> None:
    """Check that every part has its plan.

    Raises:
        FatalError: One has none: people were shared out anew since.
    """
    if not is_planned(ports):
        raise FatalError("Not every part has a plan. Clear the task plan together with its downstream tasks.")


def check_unbound(ports: Ports) -> None:
    """Check that nothing was bound or written since everybody was read.

    Raises:
        FatalError: The plan would rest on a reading that is older than what the ledger has learned from it.
    """
    if not ports.staging.has(f"{BOUND}.json"):
        return
    if read_at(ports) <= datetime.fromisoformat(ports.staging.read_json(BOUND)):
        raise FatalError(
            "This run has bound and written people since it read them: a plan made of what it read would be out of "
            "date. To read again, clear the task preflight together with its downstream tasks, or start a new run."
        )


def note_bound(ports: Ports) -> None:
    """Note when the run began to tell the ledger what it had found."""
    ports.staging.write_json(BOUND, ports.now().isoformat())


def _sharing(ports: Ports) -> tuple[int, int]:
    """Give the number of the present sharing out, and of its parts."""
    shared = ports.staging.read_json(PARTS)
    if shared["count"] is None:
        raise FatalError("The task match did not come to its end. Clear it together with its downstream tasks.")
    return shared["sharing"], shared["count"]


def _name(ports: Ports, part: int, kind: Declared) -> str:
    sharing, _ = _sharing(ports)
    return f"{kind.name}.{sharing}.{part}"


def _prefix(sharing: int, number: int) -> str:
    return f"part.{sharing}.{number}"


def _linked(reading: Reading) -> Together:
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
    bindings = reading.who()
    together.link(bindings["salesforce_id"], bindings["salesmanago_id"])
    # Of tombstones, whose address nobody may take.
    together.link(bindings["salesforce_id"], bindings["email"])
    return together


def _divide(reading: Reading, parts: Parts, sharing: int) -> None:
    """Copy whole rows to the parts of their people, a page at a time."""
    ports = reading.ports
    for name in (*reading.sources, CONTACTS):
        to = {
            number: Pages(
                ports.staging, f"{_prefix(sharing, number)}.{name}", rows_of(name), ROWS_AT_ONCE // parts.count
            )
            for number in parts.numbers
        }
        for page in whole_pages(ports.staging, name):
            ports.keep_lock()
            for number, rows in page.groupby(parts.of(page[key_of(name)]), sort=True):
                to[int(number)].add(rows)
        for pages in to.values():
            pages.close()
    _divide_beside(reading, parts, sharing)


def _divide_beside(reading: Reading, parts: Parts, sharing: int) -> None:
    """Share out testimony, and for whom the services were asked."""
    of_witness = witnesses(reading.ports) if reading.testimony else {}
    whose = {
        name: parts.of(normalise_email(frame[of_witness[name].email_field]))
        for name, frame in reading.testimony.items()
    }
    seen = reading.seen()
    sighted = parts.of(seen["id"])
    for number in parts.numbers:
        testimony = {name: frame[_is(whose[name], number)] for name, frame in reading.testimony.items()}
        # Whoever is linked to nobody helps nobody: bound people are linked by their binding, found or not.
        save_beside(reading.ports.staging, f"{_prefix(sharing, number)}.", testimony, seen[_is(sighted, number)])


def _is(parts: pd.Series, number: int) -> pd.Series:
    return parts.eq(number).fillna(False).astype(bool)
