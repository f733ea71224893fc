"""Layout edits: what the set-up changed in Salesforce's page layouts, and the originals that undo it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import layout_edits


def checksum(content: bytes) -> str:
    """Give the SHA-256 of a layout, as hex."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class LayoutEdit:
    """One layout that was edited or made.

    Attributes:
        layout: Its full name.
        kind: edited: a section went into it; made: it is new.
        original: What it was; for a new one, the layout that it was made from.
        deployed: What Salesforce held after the deployment.
        assignments: Who saw another layout before: profile, record type (empty: none), layout.
    """

    layout: str
    kind: Literal["edited", "made"]
    original: bytes
    deployed: bytes
    assignments: tuple[tuple[str, str, str], ...] = ()


class LayoutEdits:
    """The table of layout edits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, org: str, run: str, edits: Iterable[LayoutEdit], now: datetime) -> None:
        """Keep the originals before they are overwritten.

        Args:
            org: Id of the org.
            run: The run that is about to overwrite them.
            edits: What it will do.
            now: The time.
        """
        rows = [
            {
                "org_id": org, "layout": edit.layout, "kind": edit.kind, "run": run, "state": "deployed", "at": now,
                "original": edit.original, "original_sha256": checksum(edit.original),
                "deployed": edit.deployed, "deployed_sha256": checksum(edit.deployed),
                "assignments": json.dumps(edit.assignments),
            }
            for edit in edits
        ]  # fmt: skip
        if rows:
            with self._database.write() as connection:
                connection.execute(sa.insert(layout_edits), rows)

    def read(self, org: str) -> dict[str, LayoutEdit]:
        """Read the edits of an org that are not undone, by layout: the original of the first, the result of the last.

        Raises:
            ValueError: What is stored is not what was stored.
        """
        query = sa.select(layout_edits).where(layout_edits.c.org_id == org, layout_edits.c.state == "deployed")
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(layout_edits.c.id)).all()
        found: dict[str, LayoutEdit] = {}
        for row in rows:
            if checksum(row.original) != row.original_sha256 or checksum(row.deployed) != row.deployed_sha256:
                raise ValueError(f"the ledger's copy of {row.layout} does not match its checksum")
            first = found.get(row.layout)
            before = tuple((str(who), str(kind), str(which)) for who, kind, which in json.loads(row.assignments))
            found[row.layout] = LayoutEdit(
                row.layout,
                first.kind if first is not None else row.kind,
                first.original if first is not None else row.original,
                row.deployed,
                first.assignments if first is not None else before,
            )
        return found

    def note_deployed(self, org: str, layout: str, content: bytes) -> None:
        """Note how Salesforce spells what was deployed."""
        mine = (layout_edits.c.org_id == org, layout_edits.c.layout == layout, layout_edits.c.state == "deployed")
        new = {"deployed": content, "deployed_sha256": checksum(content)}
        with self._database.write() as connection:
            last = sa.select(sa.func.max(layout_edits.c.id)).where(*mine).scalar_subquery()
            connection.execute(sa.update(layout_edits).where(layout_edits.c.id == last).values(new))

    def end(self, org: str, layouts: Iterable[str], state: Literal["undone", "failed"], run: str = "") -> None:
        """Note that edits were taken back, or never came to be.

        Args:
            org: Id of the org.
            layouts: Full names.
            state: What became of them.
            run: Only the edits of this run; empty means all.
        """
        these = [layout_edits.c.org_id == org, layout_edits.c.layout.in_(list(layouts))]
        if run:
            these.append(layout_edits.c.run == run)
        with self._database.write() as connection:
            connection.execute(
                sa.update(layout_edits).where(*these, layout_edits.c.state == "deployed").values(state=state)
            )
