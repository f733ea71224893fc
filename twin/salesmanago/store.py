"""The contacts of the twin's SALESmanago: one row an e-mail address."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from twin.state import State

IDS_AT_ONCE = 500  # below SQLite's limit of variables in one statement
JSON_COLUMNS = frozenset({"owners", "properties", "dictionary", "tags", "notes"})
FLAGS = frozenset({"opted_out", "opted_out_phone", "deleted", "invalid"})


@dataclass(slots=True)
class Contact:
    """A contact as it is stored.

    Attributes:
        birthday: `yyyyMMdd`, or `MMdd` when the year is unknown.
        owners: User e-mails, the main owner first.
        properties: Standard details, name to text.
        dictionary: Dictionary details, name to {type, value}.
        tags: Tag to {score, createdOn in seconds}.
        created_on: Seconds since 1970; the service's clocks have whole seconds.
        modified_on: Seconds since 1970.
    """

    id: str
    email: str
    name: str | None = None
    phone: str | None = None
    fax: str | None = None
    company: str | None = None
    external_id: str | None = None
    state: str = "PROSPECT"
    street: str | None = None
    zip_code: str | None = None
    city: str | None = None
    country: str | None = None
    province: str | None = None
    birthday: str | None = None
    lang: str | None = None
    opted_out: bool = False
    opted_out_phone: bool = False
    score: int = 0
    deleted: bool = False
    invalid: bool = False
    owners: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    dictionary: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[dict[str, object]] = field(default_factory=list)
    created_on: int = 0
    modified_on: int = 0


COLUMNS = tuple(column.name for column in fields(Contact))


def email_key(email: str, *, minds_case: bool = False) -> str:
    """Return the form of an address that identifies a contact."""
    return email.strip() if minds_case else email.strip().lower()


def create_tables(state: State) -> None:
    """Create the tables of the contacts, where they do not exist."""
    columns = ", ".join(f'"{column}"' for column in COLUMNS if column != "id")
    state.db.execute(f"CREATE TABLE IF NOT EXISTS sm_contact (id TEXT PRIMARY KEY, email_key TEXT UNIQUE, {columns})")
    state.db.execute("CREATE INDEX IF NOT EXISTS sm_contact_modified ON sm_contact (modified_on, id)")
    state.db.execute("CREATE INDEX IF NOT EXISTS sm_contact_created ON sm_contact (created_on, id)")
    state.db.execute("CREATE TABLE IF NOT EXISTS sm_job (id INTEGER PRIMARY KEY, token TEXT, polls INTEGER, body TEXT)")
    state.db.execute("CREATE TABLE IF NOT EXISTS sm_confirmation (email TEXT, at INTEGER)")
    state.db.execute("CREATE TABLE IF NOT EXISTS sm_task (id INTEGER PRIMARY KEY, body TEXT)")
    state.db.execute("CREATE TABLE IF NOT EXISTS sm_unmonitored (contact_id TEXT PRIMARY KEY)")


class Contacts:
    """Reads and writes contacts, and nothing more: rules are elsewhere."""

    def __init__(self, state: State) -> None:
        self._db = state.db
        self._minds_case = state.settings["salesmanago"]["address_case"] == "minds"

    def save(self, contacts: Iterable[Contact]) -> None:
        """Insert contacts or replace those with the same id."""
        places = ", ".join("?" * (len(COLUMNS) + 1))
        names = ", ".join(f'"{column}"' for column in COLUMNS)
        self._db.executemany(
            f"INSERT OR REPLACE INTO sm_contact (email_key, {names}) VALUES ({places})",  # noqa: S608 - own columns
            ((self.key(contact.email), *_row(contact)) for contact in contacts),
        )

    def remove(self, contact_id: str) -> None:
        """Remove a contact for good."""
        self._db.execute("DELETE FROM sm_contact WHERE id = ?", (contact_id,))

    def by_id(self, ids: Sequence[str]) -> list[Contact]:
        """Return the contacts with these ids; unknown ones are missing."""
        return list(self._in("id", ids))

    def by_email(self, emails: Sequence[str]) -> list[Contact]:
        """Return the contacts with these addresses; unknown ones are missing."""
        return list(self._in("email_key", [self.key(email) for email in emails]))

    def key(self, email: str) -> str:
        """Return the form of an address that identifies a contact here."""
        return email_key(email, minds_case=self._minds_case)

    def one(self, email: str) -> Contact | None:
        """Return the contact of one address."""
        return next(iter(self.by_email([email])), None)

    def changed(self, clock: str, first: int, last: int) -> list[Contact]:
        """Return contacts whose `created_on` or `modified_on` lies between two times in seconds, both included."""
        return self._select(f"{clock} BETWEEN ? AND ? ORDER BY {clock}, id", (first, last))

    def everyone(self) -> list[Contact]:
        """Return all contacts, oldest first."""
        return self._select("1 ORDER BY created_on, id", ())

    def _in(self, column: str, values: Sequence[str]) -> Iterator[Contact]:
        unique = list(dict.fromkeys(values))
        for start in range(0, len(unique), IDS_AT_ONCE):
            chunk = unique[start : start + IDS_AT_ONCE]
            yield from self._select(f"{column} IN ({', '.join('?' * len(chunk))})", chunk)

    def _select(self, where: str, values: Sequence[object]) -> list[Contact]:
        rows = self._db.execute(f"SELECT * FROM sm_contact WHERE {where}", tuple(values))  # noqa: S608 - own text
        return [_contact(row) for row in rows]


def _row(contact: Contact) -> tuple[object, ...]:
    values = ((name, getattr(contact, name)) for name in COLUMNS)
    return tuple(json.dumps(value) if name in JSON_COLUMNS else value for name, value in values)


def _contact(row: sqlite3.Row) -> Contact:
    return Contact(**{name: _value(name, row[name]) for name in COLUMNS})


def _value(name: str, stored: Any) -> Any:
    if name in JSON_COLUMNS:
        return json.loads(str(stored))
    return bool(stored) if name in FLAGS else stored
