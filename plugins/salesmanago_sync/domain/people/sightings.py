"""Sightings: for which records and contacts a service was asked, when, and what it knew of them.

Not seen is not gone. A record was deleted only where a service was asked for that very id and said so: Salesforce shows
what was deleted, and gives no row also for what sharing hides. A person is decided about only on a reading that is
younger than what the ledger last heard of that person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd
from pandas.api.extensions import ExtensionArray

from salesmanago_sync.domain.frames import TEXT, aligned, among, text_array
from salesmanago_sync.domain.staged_frames import SIGHTINGS

# What is known of one side of a binding.
LIVES = "lives"
GONE = "gone"
ABSENT = "absent"
ELSEWHERE = "elsewhere"
UNREAD = "unread"


def sightings(side: str, ids: Iterable[str], at: datetime, found: Iterable[str], *, by_id: bool) -> pd.DataFrame:
    """Note what was asked for, and what came.

    Args:
        side: salesforce or salesmanago.
        ids: The ids that were asked for, or that came in a list.
        at: The local clock before the service was asked.
        found: Those of them that the service knows.
        by_id: Whether it was asked for these very ids.

    Returns:
        `SIGHTINGS`, one row an id.
    """
    asked = pd.Series(_once(ids))
    return pd.DataFrame(
        {
            "side": pd.Series(side, index=asked.index, dtype=TEXT),
            "id": asked,
            "at": pd.Series(pd.Timestamp(at), index=asked.index, dtype="datetime64[us, UTC]"),
            "by_id": pd.Series(by_id, index=asked.index, dtype="bool"),
            "found": among(asked, found if isinstance(found, pd.Series) else list(found)),
        }
    )


def _once(ids: Iterable[str]) -> ExtensionArray:
    """Name each id once, in the order in which they came."""
    if not isinstance(ids, pd.Series):
        return text_array(list(dict.fromkeys(ids)))
    found: ExtensionArray = ids.array.unique()
    return found


def newest(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put sightings together, in the order in which they were made: the newest counts, one row a side and id.

    Whether an id was ever asked for by itself stays.
    """
    some = [part for part in parts if len(part)]
    if not some:
        return SIGHTINGS.empty()
    together = pd.concat(some, ignore_index=True) if len(some) > 1 else some[0]
    keys = ["side", "id"]
    if not together.duplicated(keys).any():
        return together
    asked = together.groupby(keys)["by_id"].transform("any").astype("bool")
    return together.assign(by_id=asked).drop_duplicates(keys, keep="last", ignore_index=True)


def of_side(seen: pd.DataFrame, side: str, ids: pd.Series) -> pd.DataFrame:
    """Look up the sightings of some ids of one side.

    Returns:
        `at`, `by_id` and `found` on the index of `ids`.
    """
    mine = aligned(seen[seen["side"].eq(side)].set_index("id")[["at", "by_id", "found"]], ids)
    return mine.assign(**{name: mine[name].eq(True).fillna(False).astype("bool") for name in ("by_id", "found")})


def standing(seen: pd.DataFrame, here: pd.Series, gone: pd.Series, heard_at: pd.Series) -> pd.Series:
    """Say what is known of one side of some bindings.

    Args:
        seen: Its sightings (`of_side`).
        here: Whether it was read.
        gone: Whether it says of itself that it was deleted or converted.
        heard_at: When the ledger last heard of the person.

    Returns:
        LIVES, GONE, ABSENT (asked for by its id, and nothing came), ELSEWHERE (there, but no longer of the object that
        is bound) or UNREAD (nobody asked for it, or not since the ledger heard of the person).
    """
    state = pd.Series(UNREAD, index=here.index, dtype=TEXT).mask(here & ~gone, LIVES)
    state = state.mask(seen["by_id"] & seen["found"] & ~here, ELSEWHERE)
    state = state.mask(seen["by_id"] & ~seen["found"], ABSENT).mask(seen["by_id"] & here & gone, GONE)
    return state.mask((heard_at > seen["at"]).fillna(False).astype("bool"), UNREAD)
