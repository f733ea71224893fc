"""List questions: whom the lists of the service name, and whom they leave out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from salesmanago_sync.clients.salesmanago_errors import RefusedError
from salesmanago_sync.clients.salesmanago_ids import PAGE, SECOND, WIDEST
from salesmanago_sync.domain.probe import judging
from salesmanago_sync.domain.probe.answers import Conclusion, unclear
from salesmanago_sync.domain.probe.judging import TAG
from salesmanago_sync.steps.probe.throw_aways import NotShownError, ThrowAways, ids_of

# Clocks of services have whole seconds: so much later is surely another one.
APART = timedelta(seconds=2)
MINUTE = timedelta(minutes=1)
WAITS = 10
# The clocks of two machines are never quite the same.
AHEAD = timedelta(hours=1)
AROUND = timedelta(seconds=10)
CHANGED = "the list changed while it was looked at"


def ask_clocks(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Opt one contact out, tag another, and rename a third: who is among the modified ones?

    The third shows when the list has caught up.
    """
    # Where the account makes contacts opted out, an opt-out would change nothing.
    cards = {
        "out": contacts.make("out", forceOptIn=True),
        "tagged": contacts.make("tagged"),
        "renamed": contacts.make("renamed"),
    }
    ids = {role: _id(card) for role, card in cards.items()}
    made = _later(contacts)
    emails = {role: {"email": contacts.name(role)} for role in cards}
    contacts.requests.write(
        [
            {"contact": emails["out"], "forceOptOut": True},
            {"contact": emails["tagged"], "tags": [TAG]},
            {"contact": {**emails["renamed"], "name": "p2"}},
        ]
    )
    contacts.shown("out", lambda card: card.get("optedOut") is True)
    contacts.shown("tagged", lambda card: bool(judging.tags(card)))
    listed = _modified(contacts, made + SECOND, ids["renamed"])
    out = judging.clock(listed=ids["out"] in listed)
    return {
        "optout_clock": out if cards["out"].get("optedOut") is False else unclear("no contact was opted in before"),
        "tag_clock": judging.clock(listed=ids["tagged"] in listed),
    }


def _modified(contacts: ThrowAways, since: datetime, surely: str) -> set[str]:
    """List who was modified, once the list names a contact that surely was."""

    def look() -> set[str] | None:
        listed = ids_of(contacts.requests.modified(since, contacts.clock() + AHEAD))
        return listed if surely in listed else None

    what = "a contact that was renamed in its list of modified contacts"
    contacts.found(look, what)
    contacts.pause(APART.total_seconds())  # others may show a little later
    return contacts.found(look, what)


def _id(card: judging.Card) -> str:
    return next(iter(ids_of([card])), "")


def _later(contacts: ThrowAways) -> datetime:
    """Wait until the clock of the service is so far on that a change cannot be taken for what was before.

    Returns:
        The time before the wait.

    Raises:
        NotShownError: The clock stands.
    """
    before = contacts.clock()
    for _ in range(WAITS):
        contacts.pause(APART.total_seconds())
        contacts.requests.card(contacts.name("out"))
        if contacts.clock() >= before + APART:
            return before
    raise NotShownError("SALESmanago told the same time again and again.")


def ask_bounds(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Ask for the contacts of a time that begins, and of one that ends, when a contact was made."""
    card = contacts.make("bound")
    created = card.get("createdOn")
    if not isinstance(created, int):
        return {"bounds": unclear("the card does not tell when the contact was made")}
    moment, mine = datetime.fromtimestamp(created / 1000, UTC), _id(card)

    def names(since: datetime, until: datetime) -> bool:
        return mine in ids_of(contacts.requests.created(since, until))

    contacts.found(lambda: names(moment - AROUND, moment + AROUND) or None, "a new contact in its list of new contacts")
    at_first, at_last = names(moment, moment + AROUND), names(moment - AROUND, moment)
    return {"bounds": judging.bounds(at_first=at_first, at_last=at_last)}


def ask_list_cut(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Compare the list of the contacts made in the last month with those of its parts."""
    until = contacts.clock() + AHEAD
    since = until - WIDEST
    whole = contacts.requests.created(since, until)
    return {"list_cut": judging.cut(len(whole), hides=_hides(contacts, since, until, whole))}


def _hides(contacts: ThrowAways, since: datetime, until: datetime, whole: list[Any]) -> bool:
    """Tell whether parts of a time name somebody whom the whole leaves out.

    A part that names fewer than the whole was not cut; one that names as many is parted further.
    """
    named, begin, full = ids_of(whole), since, len(whole)
    while until - since > MINUTE:
        middle = since + (until - since) / 2
        newer = contacts.requests.created(middle, until)
        if ids_of(newer) - named:
            return True
        if len(newer) >= full:
            since = middle
            continue
        older = contacts.requests.created(since, middle)
        if ids_of(older) - named:
            return True
        if len(older) < full:
            break
        until = middle
    return since > begin and bool(ids_of(contacts.requests.created(begin, since)) - named)


def ask_page_cut(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Ask for a page, and for what would come behind it if it ended where it does."""
    until = contacts.clock() + AHEAD
    verdicts = [
        _page_cut(contacts.requests.page),
        _page_cut(lambda page, size: contacts.requests.modified(until - WIDEST, until, page, size)),
    ]
    odd = [one for one in verdicts if one.words == CHANGED]
    cut = [one for one in verdicts if one.answer == "cut"]
    return {"page_cut": odd[0] if odd else min(cut or verdicts, key=lambda one: one.number or 0)}


def _page_cut(fetch: Callable[[int, int], list[Any]]) -> Conclusion:
    first = fetch(1, PAGE)
    if not first or len(first) >= PAGE:
        return judging.cut(len(first), hides=False)
    behind = fetch(2, len(first))
    if len(fetch(1, PAGE)) != len(first):
        return unclear(CHANGED)
    return judging.cut(len(first), hides=bool(ids_of(behind) - ids_of(first)))


def ask_export(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Ask for an export of one contact, and fetch its file."""
    try:
        job = contacts.requests.begin_export()
    except RefusedError:
        return {"export": Conclusion("refused")}
    if job is None:
        return {"export": unclear("the service made no job")}
    url = contacts.found(lambda: contacts.requests.file_of(job), "the file of an export")
    contacts.requests.open_file(url)
    return {"export": Conclusion("there")}
