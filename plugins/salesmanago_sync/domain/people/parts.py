"""Parts: whom the plan must see together, and how everybody else is shared out, so that a plan of many fits anywhere.

Two records or contacts are decided about together where one names the other, where a binding joins them, or where they
have one address; and so on from each of them. What has no such link never touches each other's decisions: the plan of
everybody is the plans of the parts side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

Hashes = npt.NDArray[np.uint64]
# Two thousand million names are enough: it is half of the memory.
Numbers = npt.NDArray[np.int32]
# So many ids or addresses are made objects at a time.
AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Parts:
    """Who is in which part.

    Attributes:
        count: How many parts there are, at least one; they are numbered from 1.
    """

    count: int
    _names: Hashes
    _numbers: Numbers

    @property
    def numbers(self) -> range:
        """Their numbers."""
        return range(1, self.count + 1)

    def of(self, names: pd.Series) -> pd.Series:
        """Say in which part some ids or addresses are; missing for those that nobody linked."""
        hashes = _hashed(names)
        places = np.searchsorted(self._names, hashes).clip(max=max(len(self._names) - 1, 0))
        found = pd.Series(pd.NA, index=names.index, dtype="Int64")
        if len(self._names):
            known = (self._names[places] == hashes) & names.notna().to_numpy()
            found[known] = self._numbers[places[known]]
        return found


@dataclass(slots=True)
class Together:
    """Collects who is linked to whom; only a number is kept of each id and address.

    Two names with one number, of which there are fewer than one in many thousand runs of ten million people, only bring
    two groups into one part.
    """

    _ends: list[tuple[Hashes, Hashes]] = field(default_factory=list)
    _sides: dict[str, list[Hashes]] = field(default_factory=dict)

    def add(self, side: str, ids: pd.Series) -> None:
        """Take in records or contacts, of a side: each counts as a person there."""
        self._sides.setdefault(side, []).append(np.unique(_hashed(ids)))

    def link(self, ones: pd.Series, others: pd.Series) -> None:
        """Take in links between two columns of ids or addresses; a missing value links nobody."""
        there = (ones.notna() & others.notna()).to_numpy()
        self._ends.append((_hashed(ones[there]), _hashed(others[there])))

    def shared_out(self, size: int, most: int) -> Parts:
        """Share everybody out.

        Args:
            size: How many people a part has at most, unless more belong together.
            most: How many parts there are at most, two or more.
        """
        alone = (ids for parts in self._sides.values() for ids in parts)
        names = _distinct([*alone, *(hashes for ends in self._ends for hashes in ends)])
        ones, others = (_places(names, (ends[side] for ends in self._ends)) for side in (0, 1))
        groups = _groups(ones, others, len(names))
        people = self._people(names, groups)
        # Two neighbours among the parts are together larger than one may be.
        least = -(-2 * int(people.sum()) // max(most - 1, 1))
        return _cut(names, groups, people, max(size, least))

    def _people(self, names: Hashes, groups: Numbers) -> Numbers:
        """Count the people of each group: the records or the contacts, whichever are more."""
        people = np.zeros(len(names), dtype=np.int32)
        for parts in self._sides.values():
            ids = np.unique(np.concatenate(parts))
            mine = np.bincount(groups[np.searchsorted(names, ids)], minlength=len(names))
            people = np.maximum(people, mine.astype(np.int32))
        return people


def _distinct(some: Sequence[Hashes]) -> Hashes:
    """Sort all that differ; where they lie, as numpy's own way would copy them."""
    names = np.concatenate([np.empty(0, dtype=np.uint64), *some])
    names.sort()
    first = np.ones(len(names), dtype=bool)
    np.not_equal(names[1:], names[:-1], out=first[1:])
    return names[first]


def _places(names: Hashes, some: Iterable[Hashes]) -> Numbers:
    """Say where each is among all names."""
    found = [np.searchsorted(names, hashes).astype(np.int32) for hashes in some]
    return np.concatenate([np.empty(0, dtype=np.int32), *found])


def _hashed(names: pd.Series) -> Hashes:
    """Give a number for each, a piece at a time: pandas makes an object of each first."""
    pieces = [names.iloc[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
    hashes = [pd.util.hash_array(some.to_numpy(dtype="object", na_value=""), categorize=False) for some in pieces]
    return np.concatenate([np.empty(0, dtype=np.uint64), *hashes])


def _groups(ones: Numbers, others: Numbers, count: int) -> Numbers:
    """Give each name the lowest number that it is linked to, over any number of links."""
    lowest = np.arange(count, dtype=np.int32)
    while True:
        before = lowest.copy()
        low = np.minimum(lowest[ones], lowest[others])
        # A name that was told a lower one tells it to the one that it had followed, too: long chains end soon.
        for ends in (lowest[ones], lowest[others], ones, others):
            np.minimum.at(lowest, ends, low)
        lowest = lowest[lowest]
        if np.array_equal(before, lowest):
            return lowest


def _cut(names: Hashes, groups: Numbers, people: Numbers, size: int) -> Parts:
    leaders = np.unique(groups)
    until = np.cumsum(people[leaders], dtype=np.int64)
    numbers, start, part = np.ones(len(leaders), dtype=np.int32), 0, 1
    while start < len(leaders):
        before = until[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(until, before + size, side="right")))
        numbers[start:end] = part
        start, part = end, part + 1
    return Parts(max(part - 1, 1), names, numbers[np.searchsorted(leaders, groups)])
