"""What a run has read, staged: pages of whole rows, and beside them the few columns that link people.

Looking up counterparts and finding who belongs together takes ids, addresses and flags of everybody; whole rows are
held for the people of one part only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from salesmanago_sync.domain.declared import Declared
from salesmanago_sync.domain.frames import among
from salesmanago_sync.domain.org.schema import CONTACT_ID_FIELD
from salesmanago_sync.domain.staged_frames import (
    CARD_LINKS,
    CARDS,
    RECORD_LINKS,
    RECORDS,
    SIGHTINGS,
    SLICE_IDS,
    TESTIMONY,
)
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.frames import load_frame, save_frame
from salesmanago_sync.steps.pages import Pages, are_stored, read_pages
from salesmanago_sync.steps.ports import Ports, Staging
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import CONTACTS, Reading, Source, distinct, key_of, sources

# Pages, in the order of their reading: what a list told, and what was looked up beside it.
CHANGED, FOUND = "changed", "found"
# Then those of whom the ledger heard later: the prefixes of such pages, each time that people were shared out its own.
NEWS = "news"
# Which contacts were listed.
SLICES = "slices"
LINKS = "links"
READ_AT = "read_at"
# Ids that a service was asked for once more and did not give: their earlier rows no longer count.
DROPPED = "dropped"
# Where Salesforce says that a record goes on.
NAMES_OTHERS = ("ConvertedAccountId", "ConvertedContactId", "MasterRecordId")


class Listed:
    """What a list told of an object, or of some contacts, on its way to the plan.

    Args:
        staging: Where it is stored.
        name: Of its pages.
        declared: What they hold.
    """

    def __init__(self, staging: Staging, name: str, declared: Declared) -> None:
        self._rows, self._seen = Pages(staging, name, declared), Pages(staging, _seen_in(name), SIGHTINGS)
        self._count = 0

    def add(self, rows: pd.DataFrame, seen: pd.DataFrame) -> None:
        """Take in rows, and for whom the service was asked (`domain.people.sightings`)."""
        self._count += len(rows)
        self._rows.add(rows)
        self._seen.add(seen)

    def close(self) -> int:
        """Store what is left, and say how many rows came."""
        self._rows.close()
        self._seen.close()
        return self._count


@dataclass(frozen=True, slots=True)
class Slices:
    """Contacts that were listed, cut into slices; each listing has files of its own.

    Attributes:
        listing: Number of the listing.
        count: How many slices it gave; none, where it did not come to its end.
    """

    listing: int
    count: int | None = None

    def ids(self, number: int) -> str:
        """Name the frame of a slice's ids."""
        return f"{SLICE_IDS.name}.{self.listing}.{number}"

    def cards(self, number: int) -> str:
        """Name the pages of a slice's cards."""
        return f"{CHANGED}.{CONTACTS}.{self.listing}.{number}"

    def close(self, staging: Staging, count: int) -> None:
        """Note how many slices there are."""
        staging.write_json(SLICES, {"listing": self.listing, "count": count})


def begin_slices(staging: Staging) -> Slices:
    """Begin a listing of contacts; until it has come to its end there are no slices."""
    before = staging.read_json(SLICES)["listing"] if staging.has(f"{SLICES}.json") else 0
    staging.write_json(SLICES, {"listing": before + 1, "count": None})
    return Slices(before + 1)


def read_slices(staging: Staging) -> Slices:
    """Read which contacts were listed last."""
    return Slices(**staging.read_json(SLICES))


def listed_name(name: str) -> str:
    """Name the pages of an object that was listed."""
    return f"{CHANGED}.{name}"


def listed_names(staging: Staging, name: str) -> list[str]:
    """Name the pages of what was listed of an object, or of contacts."""
    if name != CONTACTS:
        return [listed_name(name)]
    slices = read_slices(staging)
    return [slices.cards(number) for number in range(1, (slices.count or 0) + 1)]


def _check_listed(staging: Staging, names: Iterable[str]) -> None:
    """Check that all which was to be listed was read to its end.

    Raises:
        FatalError: A task was marked by hand: whom it did not read would be taken for unchanged.
    """
    listed = staging.has(f"{SLICES}.json") and read_slices(staging).count is not None
    if not listed or not all(are_stored(staging, page) for name in names for page in listed_names(staging, name)):
        raise FatalError(
            "A task that reads Salesforce or SALESmanago did not come to its end. Clear it together with its "
            "downstream tasks."
        )


def _seen_in(name: str) -> str:
    return f"{name}.{SIGHTINGS.name}"


def links_of(source: Source) -> list[str]:
    """Name the columns of records that link people, or say whose opt-out counts."""
    flags = ["IsDeleted", "IsConverted", "in_scope"]
    return ["Id", source.email_field, CONTACT_ID_FIELD, *NAMES_OTHERS, *source.opt_outs, *flags]


def rows_of(name: str) -> Declared:
    """Say what whole rows of an object, or of contacts, hold."""
    return CARDS if name == CONTACTS else RECORDS


def links_to(name: str) -> Declared:
    """Say what is kept of an object, or of contacts, where whole rows go to pages."""
    return CARD_LINKS if name == CONTACTS else RECORD_LINKS


def links(found: dict[str, Source]) -> dict[str, Sequence[str]]:
    """Name these columns for each object, and for contacts."""
    return {name: links_of(source) for name, source in found.items()} | {CONTACTS: CARD_LINKS.names}


def read_links(ports: Ports, objects: Sequence[str], enabled: Sequence[str]) -> Reading:
    """Take up what the tasks before have listed: what links people, while whole rows go to pages.

    Args:
        ports: What the step talks to.
        objects: The objects that were listed.
        enabled: Every enabled object.

    Raises:
        FatalError: Not all of it was read to its end.
    """
    staging, names = ports.staging, (*objects, CONTACTS)
    _check_listed(staging, names)
    found = sources(ports, enabled)
    columns = links(found)
    frames = {
        name: distinct(read_pages(staging, listed_names(staging, name), rows_of(name), columns[name]), key_of(name))
        for name in names
    }
    pages = [_seen_in(page) for name in names for page in listed_names(staging, name)]
    seen = list(read_pages(staging, pages, SIGHTINGS))
    return _linked(ports, found, frames, seen, FOUND)


def load_links(ports: Ports, prefix: str) -> Reading:
    """Take up what was gathered; whole rows of whoever is read again go to pages with a prefix."""
    staging, found = ports.staging, sources(ports, checked(ports).enabled)
    frames = {name: load_frame(staging, f"{LINKS}.{name}", links_to(name)) for name in (*found, CONTACTS)}
    reading = _linked(ports, found, frames, [load_frame(staging, SIGHTINGS.name, SIGHTINGS)], prefix)
    reading.testimony = _testimony(ports, "")
    reading.dropped = {name: set(ids) for name, ids in staging.read_json(DROPPED).items()}
    return reading


def _linked(
    ports: Ports, found: dict[str, Source], frames: dict[str, pd.DataFrame], seen: list[pd.DataFrame], prefix: str
) -> Reading:
    pages = {name: Pages(ports.staging, f"{prefix}.{name}", rows_of(name)) for name in (*found, CONTACTS)}
    records = {name: frame for name, frame in frames.items() if name != CONTACTS and len(frame.columns)}
    return Reading(ports, found, records, frames[CONTACTS], seen, pages=pages, links=links(found))


def save_links(reading: Reading, news: str | None = None) -> None:
    """Stage what links people, and close the pages of whole rows.

    Args:
        reading: What was read.
        news: The prefix of these pages, where they come after others (`load_links`); else nothing comes after them yet.
    """
    staging = reading.ports.staging
    for name in (*reading.sources, CONTACTS):
        reading.pages[name].close()
    # Before it is noted who was read: whoever is not noted is read again.
    staging.write_json(NEWS, [] if news is None else [*staging.read_json(NEWS), news])
    gone = {name: sorted(ids - set(reading.of(name)[key_of(name)])) for name, ids in reading.dropped.items()}
    staging.write_json(DROPPED, gone)
    for name in (*reading.sources, CONTACTS):
        save_frame(staging, f"{LINKS}.{name}", reading.of(name), links_to(name))
    save_beside(staging, "", reading.testimony, reading.seen())
    staging.write_json(READ_AT, reading.ports.now().isoformat())


def read_at(ports: Ports) -> datetime:
    """When everybody had been read."""
    return datetime.fromisoformat(ports.staging.read_json(READ_AT))


def pages_of(staging: Staging, name: str) -> list[str]:
    """Name the pages of an object or of contacts, in the order of their reading."""
    later = [f"{prefix}.{name}" for prefix in (FOUND, *staging.read_json(NEWS))]
    return [*listed_names(staging, name), *later]


def whole_pages(staging: Staging, name: str) -> Iterable[pd.DataFrame]:
    """Read the pages of an object or of contacts, without whoever was no longer there when asked for once more."""
    dropped = set(staging.read_json(DROPPED).get(name, ()))
    for page in read_pages(staging, pages_of(staging, name), rows_of(name)):
        yield page[~among(page[key_of(name)], dropped)] if dropped else page


def save_whole(reading: Reading, prefix: str) -> None:
    """Stage whole rows of some people."""
    staging = reading.ports.staging
    for name in (*reading.sources, CONTACTS):
        pages = Pages(staging, f"{prefix}.{name}", rows_of(name))
        pages.add(reading.of(name))
        pages.close()
    save_beside(staging, f"{prefix}.", reading.testimony, reading.seen())


def save_beside(staging: Staging, prefix: str, testimony: dict[str, pd.DataFrame], seen: pd.DataFrame) -> None:
    """Stage what goes with the rows of some people: testimony, and for whom the services were asked."""
    for name, frame in testimony.items():
        save_frame(staging, f"{prefix}{TESTIMONY.name}.{name}", frame, TESTIMONY)
    save_frame(staging, f"{prefix}{SIGHTINGS.name}", seen, SIGHTINGS)


def _testimony(ports: Ports, prefix: str) -> dict[str, pd.DataFrame]:
    names = {name: f"{prefix}{TESTIMONY.name}.{name}" for name in checked(ports).witnesses}
    return {name: load_frame(ports.staging, place, TESTIMONY) for name, place in names.items()}


def load_whole(ports: Ports, prefix: str) -> Reading:
    """Read back whole rows of some people."""
    return _whole(ports, lambda name: read_pages(ports.staging, [f"{prefix}.{name}"], rows_of(name)), f"{prefix}.")


def is_staged(staging: Staging, prefix: str) -> bool:
    """Tell whether whole rows of some people were staged."""
    return staging.has(f"{prefix}.{SIGHTINGS.name}.parquet")


def load_everybody(ports: Ports) -> Reading:
    """Read back whole rows of all who were read."""
    return _whole(ports, lambda name: whole_pages(ports.staging, name), "")


def _whole(ports: Ports, pages: Callable[[str], Iterable[pd.DataFrame]], prefix: str) -> Reading:
    staging, found = ports.staging, sources(ports, checked(ports).enabled)
    frames = {name: distinct(pages(name), key_of(name)) for name in (*found, CONTACTS)}
    records = {name: frame for name, frame in frames.items() if name != CONTACTS and len(frame.columns)}
    seen = load_frame(staging, f"{prefix}{SIGHTINGS.name}", SIGHTINGS)
    return Reading(ports, found, records, frames[CONTACTS], [seen], testimony=_testimony(ports, prefix))
