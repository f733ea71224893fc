"""What both systems of the twin share: the store, the clock, settings, credentials, faults and the call log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from twin.calls import Calls
from twin.clock import Clock
from twin.credentials import Credentials
from twin.faults import Faults
from twin.lies import Lies

SETTINGS: dict[str, dict[str, Any]] = {
    "salesforce": {
        "person_accounts": True,
        "api_enabled": True,
        "bulk_enabled": True,
        "null_mode": "include",
        "hidden_fields": {},
        "organization_type": "Developer Edition",
        "permissions": {},
        "daily_limit": 15_000,
        "page_size": 2_000,
        "is_sandbox": False,
        "read_only_fields": {},
        "duplicate_rules": {},
        "duplicate_key": None,
        "list_twice": False,
        "keeps": "as_sent",
    },
    "salesmanago": {
        "clear": "clears",
        "address_parts": "kept",
        "tag_case": "upper",
        "address_case": "folds",
        "bounds": "both",
        "export": "there",
        "shown_after": 0,
        "tags_move_clock": False,
        "bad_rows": "missing",
        "new_opted_out": False,
        "max_length": 255,
        "users": ["sync@example.com", "marketing@example.com"],
        "strict_time": False,
        "optout_moves_clock": True,
        "job_polls": 1,
        "null_contact_data": False,
        "list_limit": None,
        "page_limit": None,
        "list_twice": False,
        "keeps": "as_sent",
        "cut_at": None,
    },
}


class State:
    """The twin's whole state.

    Args:
        path: SQLite file, or `:memory:`.
        clock: The clock of both systems.
        seed: The same seed makes the same ids of contacts; without it they are random.

    Attributes:
        db: SQLite in autocommit mode, rows by name; use `transaction()` for all-or-nothing writes.
        clock: The clock of both systems.
        settings: Switches of each system, `settings["salesforce"]` and `settings["salesmanago"]`.
        credentials: What opens each system.
        faults: Faults still to happen.
        lies: What the systems say that is not so.
        calls: The call log.
        unshown: By contact id, the contact before a write and how many look-ups still show that.
    """

    def __init__(self, path: str = ":memory:", clock: Clock | None = None, seed: int | None = None) -> None:
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        # The twin may lose its store in a power cut; waiting for the disk would only make it slow.
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.execute("PRAGMA journal_mode = MEMORY")
        self.clock = clock or Clock()
        self._seed, self._random = seed, Random(seed)  # noqa: S311 - ids are no secrets
        self.settings = deepcopy(SETTINGS)
        self.credentials = Credentials()
        self.faults = Faults()
        self.lies = Lies()
        self.calls = Calls()
        self.unshown: dict[str, list[Any]] = {}
        self._savepoints = count()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep the writes of the block together; an exception undoes them. May be nested."""
        name = f"s{next(self._savepoints)}"
        self.db.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.db.execute(f"ROLLBACK TO {name}")
            raise
        finally:
            self.db.execute(f"RELEASE {name}")

    def new_id(self) -> str:
        """Make an id as SALESmanago does."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def reset(self) -> None:
        """Go back to the start, with no tables: whoever owns tables creates them again."""
        tables = self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for (name,) in tables.fetchall():
            self.db.execute(f'DROP TABLE "{name}"')
        self.clock.reset()
        self._random.seed(self._seed)
        self.settings.clear()
        self.settings.update(deepcopy(SETTINGS))
        self.credentials.salesforce.close_sessions()
        self.faults.clear()
        self.lies.forget()
        self.calls.clear()
        self.unshown.clear()
