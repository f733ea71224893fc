"""What an undo puts back, and what it leaves, with the reason.

A value goes back only where the record still holds what the run wrote. The base then says that both sides hold what
they hold: they may differ, and no run carries either of them over until a person changes one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesmanago_sync.domain.certificate.agreed import note_of
from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.declared import Declared, text
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.canonical import Column
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO, same
from salesmanago_sync.domain.merge.owed import DELETE, OPT_OUTS
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.people.matching import PAIR
from salesmanago_sync.domain.plan.changes import CONSENT, EXTERNAL_ID, FIELDS
from salesmanago_sync.domain.plan.plan import Plan
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.domain.staged_frames import PLANNED_CHANGES

# Why something is left as it is.
LEFT: dict[str, str] = {
    "EDITED": "It no longer holds what the run wrote.",
    "BACK": "It already holds what it held before the run.",
    "CREATED": "The run created the record or contact; it is deleted only when that is asked for.",
    "CREATED_EDITED": "The run created the record or contact, and somebody has edited it since, or opted it out.",
    "OPT_OUT": "An opt-out is never undone.",
    "LINK": "The link between both stays: they are still one person.",
    "DELETED": "The run deleted the record or contact: restore it where it was.",
    "NOT_A_PAIR": "The person is no longer on both sides.",
    "NOT_MAPPED": "The mapping no longer has the field, or it cannot be read.",
    "NOT_SHOWN": "It was not among what was shown before this undo was started.",
    "NOT_APPROVED": "It was not among what was approved.",
}
KEY = ["object", "salesforce_id", "salesmanago_id", "field", "direction"]
LEFT_COLUMNS = ("object", "direction", "action", "salesforce_id", "salesmanago_id", "field", "old", "new", "reason")

UNDONE_CHANGES = Declared(
    "undone changes",
    writer="undo",
    meaning="A field of a person that is put back.",
    columns=(*PLANNED_CHANGES.columns, text("held", "what a service held before in its own spelling, as JSON")),
)


@dataclass(frozen=True, slots=True)
class Undo:
    """What is put back, and what is not.

    Attributes:
        changes: `UNDONE_CHANGES`.
        left: `LEFT_COLUMNS`: `old` is what is held now, `new` what it would have become.
    """

    changes: pd.DataFrame
    left: pd.DataFrame


def first_and_last(written: pd.DataFrame) -> pd.DataFrame:
    """Take the writes of a run to one field together: what was held before the first, and what the last one wrote.

    Args:
        written: Changes that were done, oldest first: `KEY`, `action`, `old`, `new`, `held`.
    """
    ordered = written.groupby(KEY, sort=False)
    first = ordered[["action", "old", "held"]].nth(0).set_axis(written.loc[~written.duplicated(KEY)].index)
    last = written.loc[~written.duplicated(KEY, keep="last")].set_index(KEY)["new"]
    rows = written.loc[first.index, KEY].join(first)
    keys = pd.MultiIndex.from_frame(rows[KEY])
    return rows.assign(new=last.reindex(keys).to_numpy()).reset_index(drop=True)


def undo(
    planned: Plan,
    written: pd.DataFrame,
    run: int,
    kept: Collection[tuple[int, str]],
    *,
    delete_created: bool = False,
    converted_into: Collection[str] = (),
) -> Undo:
    """Decide what goes back.

    Args:
        planned: The people as they are now; of what a run would write only opt-outs matter.
        written: What the run wrote (`first_and_last`), with the ids of the contacts and records that it created.
        run: Its number.
        kept: For a binding, notes of values that a service made of a write (`certificate.agreed`).
        delete_created: Whether records and contacts that the run created are deleted.
        converted_into: Records into which somebody has converted a Lead.
    """
    found = _Found(planned, run, kept, delete_created, converted_into)
    created = written[written["action"].eq("create")]
    made = {(row["direction"], row[f"{row['direction'].removeprefix('to_')}_id"]) for row in created.to_dict("records")}
    for row in _rows(created.drop_duplicates(["direction", "salesforce_id", "salesmanago_id"])):
        found.take_created(row)
    for row in _rows(written[written["action"].ne("create")]):
        # What was written to a record that the run itself had made goes with it.
        if (row["direction"], row[f"{row['direction'].removeprefix('to_')}_id"]) not in made:
            found.take(row)
    return Undo(found.changes(), found.left())


def persons(written: pd.DataFrame) -> Any:
    """Number the people of some writes from nought, each by the record, or by the contact where there is none."""
    return pd.factorize(written["salesforce_id"].mask(written["salesforce_id"].eq(""), written["salesmanago_id"]))[0]


def at_most(written: pd.DataFrame, *, delete_created: bool) -> pd.DataFrame:
    """Say what an undo may write, before anybody was read.

    Args:
        written: What the run wrote (`first_and_last`).
        delete_created: Whether records and contacts that the run created are deleted.

    Returns:
        As of a plan, as far as `limits.measures` counts it.
    """
    rows = written.assign(person=persons(written), old=written["new"], new=written["old"], action="update", rule="undo")
    created = written["action"].eq("create")
    back = rows[~created].assign(lane=FIELDS)
    made = rows[created].drop_duplicates(["direction", "person"]).assign(lane=DELETE)
    return pd.concat([back, made]) if delete_created else back


def as_shown(found: Undo, shown: pd.DataFrame, approved: Scope) -> Undo:
    """Leave what a person has not seen, or not approved, before it goes back.

    Args:
        found: What would go back now.
        shown: What was shown and is meant (`KEY`).
        approved: What of all that was shown a person approved.
    """
    seen = pd.MultiIndex.from_frame(found.changes[KEY]).isin(pd.MultiIndex.from_frame(shown[KEY]))
    news = found.changes[~seen]
    news = news.assign(reason=approved.holds(news).map({True: "NOT_SHOWN", False: "NOT_APPROVED"}).astype(TEXT))
    left = news.reindex(columns=list(LEFT_COLUMNS)).astype(TEXT)
    return Undo(found.changes[seen], pd.concat([found.left, left], ignore_index=True))


class _Found:
    """What was decided so far.

    Args:
        planned: The people as they are now.
        run: The run that is undone.
        kept: As for `undo`.
        delete_created: As for `undo`.
        converted_into: As for `undo`.
    """

    def __init__(
        self,
        planned: Plan,
        run: int,
        kept: Collection[tuple[int, str]],
        delete_created: bool,
        converted_into: Collection[str],
    ) -> None:
        self._run, self._kept, self._delete_created = run, kept, delete_created
        self._converted_into = converted_into
        self._pairs: dict[str, tuple[Pairs, int]] = {}
        self._columns: dict[str, dict[str, Column]] = {}
        for decision in planned.decisions:
            pairs = decision.pairs
            self._columns[pairs.mapping.object] = {column.key: column for column in pairs.columns()}
            living = pairs.people[pairs.people["status"].eq(PAIR) | pairs.paused]
            for person, record in living["salesforce_id"].items():
                self._pairs[str(record)] = (pairs, int(str(person)))
        consent = planned.changes[planned.changes["lane"].eq(CONSENT)]
        self._opt_outs = set(zip(consent["person"], consent["direction"], strict=True))
        self._rows: list[dict[str, Any]] = []
        self._fields: dict[tuple[int, str], list[dict[str, Any]]] = {}
        self._left: list[dict[str, Any]] = []

    def changes(self) -> pd.DataFrame:
        """What is put back."""
        return UNDONE_CHANGES.frame([self._with_end(row) | {"turn": 1, "after": ""} for row in self._rows])

    def _with_end(self, row: dict[str, Any]) -> dict[str, Any]:
        """Say what the other side will hold, where the field goes back on both."""
        others = [
            one["new"]
            for one in self._fields.get((row["person"], row["field"]), ())
            if one["direction"] != row["direction"]
        ]
        return row | {"source": others[0]} if others else row

    def left(self) -> pd.DataFrame:
        """What is left as it is."""
        return pd.DataFrame(self._left, columns=list(LEFT_COLUMNS)).astype(TEXT)

    def take_created(self, row: dict[str, Any]) -> None:
        """Delete what the run created, if that was asked for and nobody has edited it since; or list it."""
        known = self._pairs.get(str(row["salesforce_id"]))
        if known is None:
            self._leave(row, "NOT_A_PAIR", field="", old=None, new=None)
            return
        pairs, person = known
        side = str(row["direction"]).removeprefix("to_")
        if not self._delete_created:
            self._leave(row, "CREATED", field="", old=None, new=None)
        elif self._is_edited(pairs, person, side):
            self._leave(row, "CREATED_EDITED", field="", old=None, new=None)
        else:
            self._put(pairs, person, row, DELETE, old=None, new="true", source=None, lane=DELETE)

    def _is_edited(self, pairs: Pairs, person: int, side: str) -> bool:
        """Tell whether somebody has edited what a run created: before a later write of the sync, too.

        An account may let an opt-out leave the clock as it is: then it is one that the other side has not heard of. So
        may Salesforce where a Lead is converted into a record that is there.
        """
        if side == "salesforce" and pairs.people.at[person, "salesforce_id"] in self._converted_into:
            return True
        edited = not pairs.untouched.at[person, side] or pairs.clock(side).notna().at[person]
        away = TO_SALESFORCE if side == "salesmanago" else TO_SALESMANAGO
        return bool(edited or (person, away) in self._opt_outs)

    def take(self, row: dict[str, Any]) -> None:
        """Put one field back, or say why not."""
        field = str(row["field"])
        fixed = {EXTERNAL_ID: "LINK", DELETE: "DELETED"} | dict.fromkeys(OPT_OUTS, "OPT_OUT")
        if field in fixed:
            self._leave(row, fixed[field])
            return
        known = self._pairs.get(str(row["salesforce_id"]))
        if known is None:
            self._leave(row, "NOT_A_PAIR")
            return
        pairs, person = known
        column = self._columns[pairs.mapping.object].get(field)
        if column is None or field not in pairs.m or not pairs.comparable(column)[person]:
            self._leave(row, "NOT_MAPPED")
            return
        held = _held(pairs, person, field)
        source, target = held if row["direction"] == TO_SALESMANAGO else held[::-1]
        if self._is_ours(pairs, person, column, row["new"], target, source):
            self._put(
                pairs, person, row, field, old=target, new=_text(row["old"]), source=source, held=_text(row["held"])
            )
        elif _alike(column, target, _text(row["old"])):
            self._leave(row, "BACK", old=target, new=row["old"])
        else:
            self._leave(row, "EDITED", old=target, new=row["old"])

    def _is_ours(
        self, pairs: Pairs, person: int, column: Column, new: Any, target: str | None, source: str | None
    ) -> bool:
        """Tell whether a side holds what the run wrote, or what its service is known to have made of that."""
        if _alike(column, target, _text(new)):
            return True
        binding: Any = pairs.bindings.at[person, "id"]
        note = note_of(column.key, *_held(pairs, person, column.key))
        return bool(_alike(column, source, _text(new)) and pd.notna(binding) and (int(binding), note) in self._kept)

    def _put(
        self, pairs: Pairs, person: int, row: dict[str, Any], field: str, lane: str = FIELDS, **values: Any
    ) -> None:
        people = pairs.people
        ids = {name: people.at[person, name] for name in ("object", "salesforce_id", "salesmanago_id")}
        told = {"direction": row["direction"], "action": "update", "rule": f"undo of run {self._run}", "lane": lane}
        self._rows.append({"person": person, **ids, "field": field, **told, **values})
        self._fields.setdefault((person, field), []).append(self._rows[-1])

    def _leave(self, row: dict[str, Any], reason: str, **values: Any) -> None:
        # Of what is not looked at again the ledger's own two values, turned round.
        told = {"old": row["new"], "new": row["old"]} | values
        self._left.append({**{name: row.get(name) for name in LEFT_COLUMNS}, **told, "reason": reason})


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _held(pairs: Pairs, person: int, field: str) -> tuple[str | None, str | None]:
    return _text(pairs.a.at[person, field]), _text(pairs.m.at[person, field])


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)


def _alike(column: Column, left: str | None, right: str | None) -> bool:
    one, other = (pd.Series([value], dtype=TEXT) for value in (left, right))
    if column.kind == "value":
        spelled = converter(column.line)
        one, other = spelled.alike(one), spelled.alike(other)
    return bool(same(one, other)[0])
