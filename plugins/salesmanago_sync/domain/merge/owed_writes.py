"""What is owed to people, as writes (`domain.merge.owed`), and what stays owed."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pandas as pd

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.canonical import TAG
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import DELETE, OPT_OUTS
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.tags import holders

LANES = dict.fromkeys(OPT_OUTS, "consent") | {DELETE: DELETE}


@dataclass(frozen=True, slots=True)
class OwedWrite:
    """One owed thing to be written to one side.

    Attributes:
        direction: Where.
        key: The field key, `tags:<TAG>` or `delete`.
        chosen: Whose.
        old: What the side holds.
        why: Why it is owed.
        lane: consent, delete or fields.
    """

    direction: str
    key: str
    chosen: pd.Series
    old: pd.Series
    why: pd.Series
    lane: str


@dataclass(frozen=True, slots=True)
class _Side:
    """One side for one key: where it can hold it, where it holds it, and the values it has."""

    able: pd.Series
    values: pd.Series

    @property
    def holds(self) -> pd.Series:
        return self.able & self.values.eq("true").fillna(False).astype(bool)

    @property
    def lacks(self) -> pd.Series:
        return self.able & ~self.holds


def owed_writes(pairs: Pairs) -> list[OwedWrite]:
    """List the writes of what is owed."""
    found = []
    for key in pairs.owed_keys:
        owes = pairs.owes(key)
        for direction, lacks, side in _lacking(pairs, key):
            why = pairs.why_owed(key)
            found.append(OwedWrite(direction, key, owes & lacks, side.values, why, LANES.get(key, "fields")))
    return found


def _lacking(pairs: Pairs, key: str) -> list[tuple[str, pd.Series, _Side]]:
    """Where each side lacks what it should hold."""
    a, m = _salesforce(pairs, key), _salesmanago(pairs, key)
    if key in OPT_OUTS:
        return [(TO_SALESMANAGO, m.lacks, m), (TO_SALESFORCE, a.lacks, a)]
    if key == DELETE:
        # Restored meanwhile, nobody is deleted any longer.
        return [(TO_SALESMANAGO, m.able & ~a.able, m), (TO_SALESFORCE, a.able & ~m.able, a)]
    return [(TO_SALESMANAGO, m.lacks, m), (TO_SALESFORCE, a.lacks & ~m.able, a)]


def _salesforce(pairs: Pairs, key: str) -> _Side:
    line = pairs.mapping.line("tags" if key.startswith(TAG) else key)
    able = pairs.lives("salesforce")
    if key == DELETE:
        return _Side(able, pairs.blank)
    if line is None or not line.to_salesforce or key not in pairs.a:
        return _Side(able & False, pairs.blank)
    return _Side(able, pairs.a[key])


def _salesmanago(pairs: Pairs, key: str) -> _Side:
    able = pairs.lives("salesmanago")
    if key == DELETE:
        return _Side(able, pairs.blank)
    if key in OPT_OUTS:
        return _Side(able, pairs.contacts[key])
    held = holders(pairs.contacts["tags"], key.removeprefix(TAG))
    return _Side(able, pairs.blank.mask(held, "true"))


def still_owed(pairs: Pairs) -> pd.Series:
    """Say what stays owed after what was read, as JSON objects.

    An opt-out is paid when both sides hold it: a side that was deleted may come back, and finds it then.
    """
    text = pairs.bindings["owed"].fillna("{}")
    if not pairs.owed_keys:
        return text
    open_ = {key: _open(pairs, key) for key in pairs.owed_keys}
    kept = [
        owed if owed == "{}" else json.dumps({key: why for key, why in json.loads(owed).items() if open_[key].iat[row]})
        for row, owed in enumerate(text)
    ]
    return pd.Series(kept, index=text.index, dtype=TEXT)


def _open(pairs: Pairs, key: str) -> pd.Series:
    (_, of_salesmanago, _), (_, of_salesforce, _) = _lacking(pairs, key)
    lacking = of_salesmanago | of_salesforce
    if key in OPT_OUTS:
        line = pairs.mapping.line(key)
        both = line is not None and line.to_salesforce and key in pairs.a
        return lacking | ~pairs.lives("salesmanago") | (~pairs.lives("salesforce") & both)
    return lacking
