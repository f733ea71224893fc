"""Staged frames: everything that the tasks of a run hand to each other as rows, declared once (`declared`).

`steps.frames` holds each of them to this on its way into staging and out of it.
"""

from __future__ import annotations

from salesmanago_sync.domain.declared import Declared, flag, moment, number, text
from salesmanago_sync.domain.frames import (
    ADDRESS_PARTS,
    CARD_FIELDS,
    SALESFORCE_CLOCKS,
    SALESMANAGO_CLOCKS,
    UNREADABLE_COLUMN,
)

_IN_SCOPE = flag("in_scope", "whether it takes part, or only helps to recognise people")
_UNREADABLE = text(UNREADABLE_COLUMN, "the columns whose value came in no readable form, as a JSON list")
_OBJECT = text("object", "the object: Lead, Contact or PersonAccount")
_PAIR = (text("salesforce_id", "the record"), text("salesmanago_id", "the contact"))
_DIRECTION = text("direction", "which side is written: to_salesmanago or to_salesforce")
_OF_RECORDS = (text("Id", "the record"), text("IsDeleted", "whether it lies in the recycle bin"))
_AS_READ = tuple(moment(name, "as Salesforce has it") for name in SALESFORCE_CLOCKS)
_MAPPED = "fields of the mapping and of its criteria, and those by which Salesforce tells how a record goes on"

RECORDS = Declared(
    "records",
    writer="extract_salesforce, gather_counterparts, match, plan, compare",
    meaning="A record as it was read.",
    columns=(*_OF_RECORDS, *_AS_READ, _UNREADABLE, _IN_SCOPE),
    more=_MAPPED,
)
TESTIMONY = Declared(
    "testimony",
    writer="gather_counterparts, match, plan, compare",
    meaning="A record of an object that is not synchronised, which has an address of somebody who was read.",
    columns=(*_OF_RECORDS, *_AS_READ, _UNREADABLE),
    more="its address and its opt-outs",
)
RECORD_LINKS = Declared(
    "links of records",
    writer="gather_counterparts, match",
    meaning="What links a record to other people, and whether its opt-out counts.",
    columns=(*_OF_RECORDS, _IN_SCOPE),
    more="the address, the opt-outs, the id of the contact, and those by which Salesforce tells how a record goes on",
)
CARDS = Declared(
    "cards",
    writer="extract_contacts, gather_counterparts, match, plan, compare",
    meaning="A contact as it was read.",
    columns=(
        text("contactId", "the contact"),
        *(text(name, "as the card has it") for name in CARD_FIELDS),
        *(text(f"address.{part}", "a part of the address of the card") for part in ADDRESS_PARTS),
        text("birthday", "year, where there is one, month and day, as digits"),
        text("tags", "its tags, as `tags.join_tags` writes them"),
        *(moment(name, "as the card has it") for name in SALESMANAGO_CLOCKS),
        _UNREADABLE,
        _IN_SCOPE,
    ),
    more="standard details that a mapping reads, as `properties.NAME`",
)
CARD_LINKS = Declared(
    "links of cards",
    writer="gather_counterparts, match",
    meaning="What links a contact to other people, and whether its opt-out counts.",
    columns=(
        text("contactId", "the contact"),
        text("email", "its address"),
        text("externalId", "the record that it names"),
        text("optedOut", "whether it is opted out of e-mail"),
        text("optedOutPhone", "whether it is opted out of the phone"),
        _IN_SCOPE,
    ),
)
SLICE_IDS = Declared(
    "ids",
    writer="extract_salesmanago",
    meaning="A contact of a slice, whose card is to be read.",
    columns=(text("id", "the contact"),),
)
SIGHTINGS = Declared(
    "seen",
    writer="extract_salesforce, extract_contacts, gather_counterparts, match, plan, compare",
    meaning="A record or contact for which a service was asked, or that a list told of.",
    columns=(
        text("side", "salesforce or salesmanago"),
        text("id", "the record or contact"),
        moment("at", "when the service was asked, at the earliest"),
        flag("by_id", "whether it was ever asked for this very id"),
        flag("found", "whether it knows it"),
    ),
)

MATCHED_PEOPLE = Declared(
    "matched people",
    writer="plan, compare",
    meaning="A person, and what becomes of him.",
    columns=(
        _OBJECT,
        *_PAIR,
        text("matched_by", "how both sides were recognised as one person"),
        text("status", "pair, create_in_salesmanago, create_in_salesforce, skip or issue"),
        text("reason", "why, where it is skip or issue (`reasons`)"),
        text("text", "more about the reason"),
    ),
)
PEOPLE = Declared(
    "people",
    writer="plan, compare",
    meaning="A person, and what becomes of him.",
    columns=(
        *MATCHED_PEOPLE.columns,
        text("email", "the address that SALESmanago knows, or will know"),
        moment("salesforce_clock", "when a person touched the record last"),
        moment("salesmanago_clock", "when a person touched the contact last"),
        moment("salesforce_seen", "that clock of the record as read"),
        moment("salesmanago_seen", "that clock of the contact as read"),
    ),
    index="person",
)
CHANGES = Declared(
    "decided changes",
    writer="plan, compare",
    meaning="A field of a person that is to be written.",
    columns=(
        number("person", "the number of the person in its part"),
        _OBJECT,
        _DIRECTION,
        text("action", "update or create"),
        *_PAIR,
        text("field", "the key of the field in the mapping"),
        text("old", "what the side holds that is written"),
        text("new", "what it will hold"),
        text("source", "what the other side will hold then"),
        text("rule", "why it is written"),
        text("lane", "what is written together: consent, moves N, fields or delete"),
    ),
)
PLANNED_CHANGES = Declared(
    "changes",
    writer="plan, compare",
    meaning="A field of a person that the run will write.",
    columns=(
        *CHANGES.columns,
        number("turn", "how often in a row the field was changed at once after it was written, this time included"),
        text("after", "the record or contact that must have given its address up before"),
    ),
)
BINDING_MOVES = Declared(
    "moves",
    writer="plan, compare",
    meaning="A binding that goes on with another record or contact.",
    columns=(
        number("id", "the binding in the ledger"),
        _OBJECT,
        *_PAIR,
        text("event", "converted, merged, replaced or lost"),
        text("from_salesforce_id", "the record until now, where it changes"),
        text("from_salesmanago_id", "the contact until now, where it changes"),
        text("base", "what of the base still holds, as JSON"),
    ),
)
AGREEMENT = Declared(
    "agreement",
    writer="plan, compare",
    meaning="A pair, or a bound person, of whom the ledger learns something without a write.",
    columns=(
        _OBJECT,
        *_PAIR,
        text("matched_by", "how both sides were recognised as one person"),
        text("status", "active, paused, deleted or merged"),
        text("base", "the fields to set in the base, as JSON"),
        flag("echo_salesforce", "whether the echo of our last write to Salesforce was seen"),
        flag("echo_salesmanago", "whether the echo of our last write to SALESmanago was seen"),
        text("owed", "what is still to be written, as JSON (`merge.owed`)"),
        text("email", "the address by which somebody who was deleted is known again"),
    ),
)
FOUND_ISSUES = Declared(
    "issues",
    writer="plan, compare",
    meaning="Something that could not be synchronised; nothing is missing, what does not apply is the empty text.",
    columns=(
        _OBJECT,
        *_PAIR,
        text("field", "the key of the field in the mapping; empty for the whole person"),
        text("direction", "which side could not be written"),
        text("reason", "its code (`reasons`)"),
        text("text", "more about the reason"),
        text("values", "the values that it is about, as JSON"),
        text("fingerprint", "tells whether what was tried has changed since"),
    ),
)
SEEN_OPT_OUTS = Declared(
    "seen_opt_outs",
    writer="plan, compare",
    meaning="What was seen of the opt-out of a record or contact of which no write tells (`plan.consent`).",
    columns=(
        text("side", "salesforce or salesmanago"),
        text("id", "the record or contact"),
        text("field", "the key of the opt-out"),
        flag("out", "whether this one is opted out"),
        flag("told", "whether somebody of the address hears of it in this run"),
    ),
)
MEASURES = Declared(
    "measures",
    writer="plan, compare",
    meaning="How much of one thing a part of the plan does (`plan.limits`).",
    columns=(
        text("measure", "what is counted"),
        _OBJECT,
        _DIRECTION,
        text("field", "the field, where each is counted by itself; else empty"),
        number("count", "how many there are"),
        text("examples", "ids of a few records or contacts, apart by spaces"),
    ),
)
SIZES = Declared(
    "sizes",
    writer="plan, compare",
    meaning="Whom one batch of a part writes (`steps.batches.sizes`).",
    columns=(
        _OBJECT,
        _DIRECTION,
        text("lane", "what is written together"),
        number("people", "how many people there are"),
        number("created", "how many of them are created"),
        number("told_cards", "how often cards are asked for of people whose contact an earlier batch has written"),
        number("moved_in", "how many requests have people of whose contact it has written more than opt-outs"),
        number("moved_cards", "how often cards of such people are asked for"),
        number("heard_in", "how many requests have people of whom an earlier batch has written either side"),
        number("heard_cards", "how often cards of such people are asked for"),
    ),
)
VANISHED = Declared(
    "vanished",
    writer="plan, compare",
    meaning="How many bound people are nowhere to be found on a side.",
    columns=(
        text("side", "Salesforce or SALESmanago"),
        number("known", "how many are bound"),
        number("vanished", "how many of them cannot be found"),
    ),
)
MEETING = Declared(
    "meeting",
    writer="plan, compare",
    meaning="How many contacts meet the criteria of a mapping, where everybody is read.",
    columns=(
        _OBJECT,
        text("mapping", "the digest of the mapping"),
        number("take_part", "how many take part"),
        number("wanted", "how many are wanted as records"),
    ),
)
ORIGIN = Declared(
    "origin",
    writer="plan, compare",
    meaning="How many contacts there are of which nobody knows who opted them out; one row.",
    columns=(
        number("untouched", "how many the ledger does not know and nobody has edited"),
        number("alone", "how many of them are opted out, and their records are not"),
    ),
)
REASON_COUNTS = Declared(
    "counts",
    writer="compare",
    meaning="How often a reason of the certificate holds.",
    columns=(
        text("object", "the object, or a dash"),
        text("field", "the key of the field; empty for the people themselves"),
        text("reason", "its code (`certificate.reasons`)"),
        number("count", "of how many people it holds"),
    ),
)
DIFFERENCES = Declared(
    "unexplained",
    writer="compare",
    meaning="A difference that no reason explains; nothing is missing, what does not apply is the empty text.",
    columns=(
        text("object", "the object, or a dash"),
        *_PAIR,
        text("field", "the key of the field; empty for a person"),
    ),
)

STAGED = (
    *(RECORDS, CARDS, SLICE_IDS, SIGHTINGS, RECORD_LINKS, CARD_LINKS, TESTIMONY),
    *(PEOPLE, PLANNED_CHANGES, BINDING_MOVES, AGREEMENT, FOUND_ISSUES, SEEN_OPT_OUTS),
    *(MEASURES, SIZES, VANISHED, MEETING, ORIGIN, REASON_COUNTS, DIFFERENCES),
)
