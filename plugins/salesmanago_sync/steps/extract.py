"""Extract: what each side holds, and then the counterparts, so that the merge always sees both current values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd

from salesmanago_sync.clients.listing import Listing
from salesmanago_sync.domain.converters.email import has_spellings, normalise_email
from salesmanago_sync.domain.frames import among, are_full_ids, full_ids, looked_up, text_series, texts_of
from salesmanago_sync.domain.org.schema import CONTACT_ID_FIELD
from salesmanago_sync.domain.people.identities import is_true
from salesmanago_sync.domain.people.sightings import sightings
from salesmanago_sync.domain.reasons import EVIDENCE
from salesmanago_sync.domain.staged_frames import RECORDS
from salesmanago_sync.steps.long_list import close_list, open_list
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import SCHEMA, checked
from salesmanago_sync.steps.reading import KEY_PREFIX, SALESFORCE, WHO, Reading, Source, flagged, sources
from salesmanago_sync.steps.staged import Listed, listed_name, read_links, save_links
from salesmanago_sync.steps.window import Window, span_of

# Whoever was looked at more recently is left out of the sweep; half a day, so that nobody is left out for a whole one.
SWEEP_ANEW = timedelta(hours=12)


def extract_salesforce(ports: Ports, name: str, window: Window | None) -> int:
    """Read one object: everything that meets its criteria, what changed in the window, or some people.

    Args:
        ports: What the step talks to.
        name: The object.
        window: The window of both sides.

    Returns:
        How many records were read.
    """
    source = sources(ports, [name])[name]
    reading, listed = Reading(ports, {name: source}), Listed(ports.staging, listed_name(name), RECORDS)
    request = ports.run.request
    if request.of_people:
        reading.find_records(request.emails, in_scope=True)
        mine = [one for one in request.salesforce_ids if one.startswith(KEY_PREFIX[name])]
        reading.fetch_records(name, mine, in_scope=True)
        listed.add(reading.records[name], reading.seen())
    else:
        at, pages = open_list(ports, source, lambda: _salesforce_list(ports, source, window))
        for page in pages:
            ports.keep_lock(read=len(page))
            rows = flagged(page, in_scope=True)
            listed.add(rows, sightings(SALESFORCE, rows["Id"], at, rows["Id"], by_id=False))
    count = listed.close()
    # Only now: until all is staged, a repeated task needs the job again.
    close_list(ports, source)
    return count


def _salesforce_list(ports: Ports, source: Source, window: Window | None) -> Listing:
    sobject, fields = source.mapping.sobject, source.fields
    if ports.run.reads_everybody:
        return ports.salesforce.matching(sobject, fields, source.condition(ports.now()))
    # Criteria are applied afterwards: filtered here, nobody would ever be seen to leave.
    return ports.salesforce.changed(sobject, fields, *span_of(window, "salesforce"), source.kind)


def gather_counterparts(ports: Ports) -> dict[str, int]:
    """Look up everybody that the merge must see beside what was read.

    Args:
        ports: What the step talks to.

    Returns:
        How many records of each object, and contacts, are known in the end.
    """
    ports.keep_lock()
    objects = checked(ports).objects
    reading = read_links(ports, objects, checked(ports).enabled)
    _add_due(reading, objects)
    add_least_checked(reading, objects)
    add_counterparts(reading, objects)
    save_links(reading)
    return {name: len(frame) for name, frame in reading.records.items()} | {"contacts": len(reading.contacts)}


def add_counterparts(reading: Reading, objects: Sequence[str]) -> None:
    """Add to a reading whoever the merge must see beside it: the other sides, namesakes, and who has a new address."""
    _add_partners(reading, objects)
    _ask_for_ended(reading)
    reading.add_successors()
    _add_namesakes(reading)
    _add_partners(reading, objects)
    _add_takers(reading)
    reading.add_testimony(everybody=reading.ports.run.reads_everybody)


def _add_due(reading: Reading, objects: Sequence[str]) -> None:
    """Add the records of issues whose next attempt has come."""
    ports = reading.ports
    if ports.run.reads_everybody or ports.run.request.of_people:
        return
    issues = _due_issues(ports, objects)
    for name in objects:
        mine = issues[issues["object"].eq(name)]
        reading.fetch_records(name, mine["salesforce_id"][mine["salesforce_id"].ne("")], in_scope=True)
    of_run = issues[issues["object"].isin([*objects, ""])]
    reading.fetch_contacts(of_run["salesmanago_id"][of_run["salesmanago_id"].ne("")], in_scope=True)


def _due_issues(ports: Ports, objects: Sequence[str]) -> pd.DataFrame:
    """Read the issues to try again: at once where the mapping or the schema is not what it was in the run before."""
    due, opened = ports.ledger.issues.read_due(ports.now(), EVIDENCE), ports.ledger.issues.read_open()
    digests = ports.line()["mapping_digests"] or {}
    before = _digests_before(ports)
    changed = [name for name in objects if any(digests.get(key) != before.get(key) for key in (name, SCHEMA + name))]
    return pd.concat([due, opened[opened["object"].isin(changed)]]).drop_duplicates("id")


def _digests_before(ports: Ports) -> dict[str, str]:
    runs = ports.ledger.runs.read_newest()
    earlier = runs.loc[runs["id"].lt(ports.run.id), "mapping_digests"]
    return next((digests for digests in earlier if isinstance(digests, dict) and digests), {})


def add_least_checked(reading: Reading, objects: Sequence[str]) -> None:
    """Add the contacts that were not looked at for the longest time.

    SALESmanago may record an opt-out without marking the contact as changed: without this sweep nobody would see it.
    """
    ports = reading.ports
    if ports.run.reads_everybody or ports.run.request.of_people:
        return
    before = ports.now() - SWEEP_ANEW
    least = ports.ledger.bindings.least_checked(ports.settings.consent_sweep_per_run, before)
    reading.fetch_contacts(least.loc[least["object"].isin(objects), "salesmanago_id"], in_scope=True)


def _add_partners(reading: Reading, objects: Sequence[str]) -> None:
    """Add the other side of everybody who is bound; in a full sync also those who no longer meet the criteria."""
    ports = reading.ports
    everybody = ports.run.reads_everybody
    bindings = ports.ledger.bindings.read(objects=objects, columns=WHO) if everybody else reading.who()
    for name in objects:
        mine = bindings[bindings["object"].eq(name)]
        reading.fetch_records(name, mine["salesforce_id"], in_scope=everybody)
    reading.fetch_contacts(bindings.loc[bindings["object"].isin(objects), "salesmanago_id"], in_scope=everybody)


def _ask_for_ended(reading: Reading) -> None:
    """Ask for the bound records that a list calls deleted or converted: they may have come back since."""
    bound = reading.who()
    for name, frame in reading.records.items():
        ended = is_true(frame, "IsDeleted") | is_true(frame, "IsConverted")
        mine = frame.loc[ended & among(frame["Id"], bound["salesforce_id"]), "Id"]
        reading.read_again({name: [identifier for identifier in mine if not reading.was_asked(identifier)]})


def _add_namesakes(reading: Reading) -> None:
    """Add whoever may be the same person as somebody who was read: by id or by address.

    Also of people who are bound: the opt-out of every record of an address counts.
    """
    bindings = reading.who()
    unbound = ~among(reading.contacts["contactId"], bindings["salesmanago_id"])
    contacts = reading.contacts.loc[unbound, ["externalId", "email"]]
    _add_records_by_claim(reading, full_ids(contacts["externalId"]).dropna())
    strangers = _unbound_addresses(reading, bindings)
    present = normalise_email(reading.contacts["email"])
    absent = set(texts_of(strangers[~among(strangers, present)]))
    mine = normalise_email(contacts["email"]).dropna()
    if not reading.ports.run.reads_everybody:
        # Of a contact that is spelled in another way only one may have changed.
        doubles = set(filter(has_spellings, texts_of(present.dropna())))
        reading.find_contacts(absent | doubles, in_scope=False)
        reading.find_records(reading.emails(), in_scope=False)
        _add_forgotten(reading, {*texts_of(strangers), *texts_of(mine)})
    else:
        reading.find_contacts(absent, in_scope=False)
        _add_namesakes_to_full_sync(reading, pd.concat([strangers, mine]))


def _add_forgotten(reading: Reading, emails: set[str]) -> None:
    """Ask for people who were forgotten and had the address of a newcomer: they may be gone, and nobody noticed."""
    if not reading.ports.ledger.bindings.has_tombstones():
        return
    forgotten = reading.ports.ledger.bindings.forgotten(emails)
    for name in reading.sources:
        mine = forgotten.loc[forgotten["object"].eq(name), "salesforce_id"]
        reading.fetch_records(name, mine, in_scope=False)
    reading.fetch_contacts(forgotten["salesmanago_id"], in_scope=False)


def _add_namesakes_to_full_sync(reading: Reading, doubtful: pd.Series) -> None:
    """Add the namesakes that a full sync has not read: it has read everybody whom no criterion keeps out."""
    read = checked(reading.ports).objects
    partial = [
        name
        for name, source in reading.sources.items()
        if name not in read or source.mapping.criteria.salesforce is not None
    ]
    for name in partial:
        reading.add_opted_out(name)
    if partial:
        emails = {*texts_of(doubtful), *reading.opted_out_emails()}
        reading.find_records(emails, in_scope=False, objects=partial)


def _add_records_by_claim(reading: Reading, claimed: pd.Series) -> None:
    for name, source in reading.sources.items():
        # Salesforce refuses a whole request because of one id that is none.
        ids = claimed[are_full_ids(claimed) & claimed.str.startswith(KEY_PREFIX[name])]
        if CONTACT_ID_FIELD in source.fields or len(ids):
            reading.fetch_records(name, ids, in_scope=False)


def _unbound_addresses(reading: Reading, bindings: pd.DataFrame) -> pd.Series:
    found = [text_series([])]
    for name, source in reading.sources.items():
        records = reading.records[name]
        links = [name for name in (CONTACT_ID_FIELD, source.email_field) if name in records]
        free = records.loc[~among(records["Id"], bindings["salesforce_id"]), links]
        if CONTACT_ID_FIELD in free:
            reading.fetch_contacts(free[CONTACT_ID_FIELD].dropna(), in_scope=False)
        found.append(normalise_email(free[source.email_field]).dropna())
    return pd.concat(found, ignore_index=True)


def _add_takers(reading: Reading) -> None:
    """Add whoever already has the new address of somebody whose address changed on one side."""
    bindings = reading.who()
    for name, source in reading.sources.items():
        mine = bindings[bindings["object"].eq(name)]
        here = normalise_email(looked_up(reading.records[name], "Id", source.email_field, mine["salesforce_id"]))
        there = normalise_email(looked_up(reading.contacts, "contactId", "email", mine["salesmanago_id"]))
        moved = here.ne(there) & here.notna() & there.notna()
        reading.find_contacts(here[moved], in_scope=False)
        reading.find_records(there[moved], in_scope=False)
