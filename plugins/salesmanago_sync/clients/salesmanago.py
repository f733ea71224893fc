"""SALESmanago as the sync sees it: ids of what changed, cards by id, upserts with one outcome a contact."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

import requests

from salesmanago_sync.clients.batches import accounted, in_batches, write
from salesmanago_sync.clients.http import Gate, Replay, RetryPolicy
from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesmanago_errors import RefusedError, refused_contact
from salesmanago_sync.clients.salesmanago_ids import ContactIds, clock, contact_id
from salesmanago_sync.clients.salesmanago_trials import Trials
from salesmanago_sync.clients.salesmanago_upsert import Upserts
from salesmanago_sync.clients.salesmanago_wire import Credentials, SalesmanagoWire
from salesmanago_sync.clients.shapes import Row as Card
from salesmanago_sync.clients.shapes import identified, listed, rows_of
from salesmanago_sync.domain.frames import is_id
from salesmanago_sync.domain.probe.people import real

CARDS_AT_ONCE = 50
WORKERS = 4


class Salesmanago:
    """A client of one account.

    Args:
        credentials: The account and its Data Owner.
        session: Session to send with, with time-outs.
        policy: How requests are repeated.
        pace: Holds requests back; its own, of 5 a second, where none is given.
        export_hosts: Hosts beside those of the endpoint's domain that files of exports may be on.

    Attributes:
        trials: Single requests, for the probe.
    """

    def __init__(
        self,
        credentials: Credentials,
        session: requests.Session,
        policy: RetryPolicy | None = None,
        pace: Pace | None = None,
        export_hosts: Collection[str] = (),
    ) -> None:
        self._wire = SalesmanagoWire(credentials, session, policy or RetryPolicy(), pace, export_hosts=export_hosts)
        self._ids = ContactIds(self._wire)
        self._upserts = Upserts(self._wire)
        self.trials = Trials(self._wire)

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._wire.calls

    @property
    def gate(self) -> Gate:
        """What every request that writes passes just before it leaves."""
        return self._wire.gate

    @property
    def account(self) -> str:
        """Which account this is, as a hash."""
        return self._wire.account

    def go_by(self, *, page: int | None, list_cut: int | None, has_export: bool) -> None:
        """List contacts by what is known of the account.

        Args:
            page: How many contacts a page holds at most; None where nobody knows.
            list_cut: At how many contacts a list is cut; None where nobody knows.
            has_export: Whether the export is worth asking for.
        """
        self._ids.go_by(page, list_cut, has_export=has_export)

    def users(self) -> list[str]:
        """List the e-mail addresses of the account's users."""
        method = "user/listByClient"
        users = listed(self._wire.call(method).body, "users", f"SALESmanago {method}")
        return [str(user.get("email")) if isinstance(user, Mapping) else str(user) for user in users]

    def server_time(self) -> datetime:
        """Read the clock of SALESmanago, in UTC."""
        return clock(self._wire)

    @property
    def heard_at(self) -> datetime | None:
        """The clock of SALESmanago in its last answer, in UTC."""
        return self._wire.heard_at

    def moved(self, since: datetime, until: datetime, pages: int) -> tuple[list[Mapping[str, Any]], bool]:
        """List contacts modified in a time, page by page.

        Args:
            since: First instant.
            until: Last instant.
            pages: How many pages to read at most.

        Returns:
            `id` and `email` of each, and whether these are all.
        """
        return self._ids.modified(since, until, pages)

    def recent_ids(self, created: datetime, modified: datetime, until: datetime) -> list[str]:
        """List the ids of some contacts created or modified of late, in two requests (`ContactIds.recent`)."""
        return self._ids.recent(created, modified, until)

    def changed_ids(self, since: datetime, until: datetime) -> Iterator[list[str]]:
        """List the ids of contacts created or changed in a time, each once."""
        return self._ids.changed(since, until)

    def all_ids(self, *, by_export: bool = True) -> Iterator[list[str]]:
        """List the ids of all contacts, each once.

        Args:
            by_export: Whether by the export, if the account has one; else by the paginated list.
        """
        return self._ids.every(by_export=by_export)

    def living(self, ids: Iterable[str]) -> list[str]:
        """Say which contacts of the owner are there, and not deleted, when they are asked for by id."""
        pages = [self._listed("contact/listById", "contactId", some) for some in in_batches(ids, CARDS_AT_ONCE)]
        cards = (card for page in pages for card in page if card.get("deleted") is not True)
        return [name for card in cards if (name := contact_id(card)) is not None]

    def cards(self, ids: Iterable[str]) -> Iterator[list[Card]]:
        """Read full cards by id; unknown contacts do not come, nor do those of a probe.

        Args:
            ids: Contact ids.

        Yields:
            Up to 50 cards, those of other users' contacts after others.
        """
        names = (name for name in ids if is_id(name))
        return self._cards(names, "contactId", "contact/listById", "contact/listAllById", contact_id)

    def cards_by_email(self, emails: Iterable[str]) -> Iterator[list[Card]]:
        """Read full cards by e-mail address; unknown contacts do not come."""
        return self._cards(emails, "email", "contact/list", "contact/listAll", _address)

    def upsert(self, rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Create or change contacts.

        Args:
            rows: Rows of `upsertDetails`, with `contact.email`. A consent flag that is not given is sent as false.

        Returns:
            One outcome a row, in order. `created` is always false: the service does not tell.
        """
        return self._upserts.send(rows)

    def delete(self, emails: Sequence[str]) -> list[Outcome]:
        """Delete contacts so that a person can restore them.

        Args:
            emails: Their present addresses.

        Returns:
            One outcome an address, in order.
        """
        return accounted(emails, write([[email] for email in emails], self._delete))

    def _delete(self, emails: list[str]) -> list[Outcome]:
        # Repeatable: what is deleted already stays so. The default of `permanently` is not documented.
        if not isinstance(emails[0], str):
            return [Outcome(ok=False, reason="NO_EMAIL")]
        body = {"email": emails[0], "permanently": False}
        try:
            self._wire.ask("contact/delete", body, Replay.REPEATABLE, may_be_empty=True)
        except RefusedError as error:
            return [refused_contact(error)]
        return [Outcome(ok=True)]

    def _cards(
        self, names: Iterable[str], key: str, method: str, wider: str, name_of: Callable[[Card], str | None]
    ) -> Iterator[list[Card]]:
        def folded(card: Card) -> str | None:
            name = name_of(card)
            return None if name is None else name.lower()

        def fetch(way: str, some: list[str]) -> list[Card]:
            return _once(identified(some, partial(self._listed, way, key), key, folded))

        def rest_of(some: list[str], page: list[Card]) -> list[str]:
            known = {folded(card) for card in page}
            return [name for name in some if name.lower() not in known]

        batches = in_batches(dict.fromkeys(names), CARDS_AT_ONCE)
        with ThreadPoolExecutor(WORKERS) as pool:
            # A few batches ahead: all at once would hold every card in memory.
            for asked in in_batches(batches, 4 * WORKERS):
                way = method
                while asked:
                    pages = list(pool.map(partial(fetch, way), asked))
                    # Nobody who reads people sees the contacts of a probe.
                    yield from filter(None, map(real, pages))
                    rests = [(some, rest_of(some, page)) for some, page in zip(asked, pages, strict=True)]
                    # Another user's contact shows only in the wider list; not seeing it would overwrite it unread. And
                    # an answer that names somebody may be cut: only one that names nobody says that nobody is there.
                    missing = [name for some, rest in rests if way == method or len(rest) < len(some) for name in rest]
                    asked, way = list(in_batches(missing, CARDS_AT_ONCE)), wider

    def _listed(self, method: str, key: str, names: list[str]) -> list[Card]:
        where = f"SALESmanago {method}"
        return rows_of(listed(self._wire.call(method, {key: names}).body, "contacts", where), where)


def _once(cards: Iterable[Card]) -> list[Card]:
    """Keep one card of each contact, the last: an answer may name a contact twice."""
    found: dict[object, Card] = {}
    for number, card in enumerate(cards):
        identifier = contact_id(card)
        found[number if identifier is None else identifier] = card
    return list(found.values())


def _address(card: Card) -> str | None:
    email = card.get("email")
    return email if isinstance(email, str) and email.strip() else None
