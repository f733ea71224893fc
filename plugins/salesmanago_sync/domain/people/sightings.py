"""Sightings: for which records and contacts a service was asked, when, and what it knew of them.

Not seen is not gone. A record was deleted only where a service was asked for that very id and said so: Salesforce shows
what was deleted, and gives no row also for what sharing hides. A person is decided about only on a reading that is
younger than what the ledger last heard of that person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from salesmanago_sync.domain.frames import TEXT, among, places_of, text_array
from salesmanago_sync.domain.staged_frames import SIGHTINGS

# What is known of one side of a binding.
LIVES = "lives"
GONE = "gone"
ABSENT = "absent"
ELSEWHERE = "elsewhere"
UNREAD = "unread"
STANDINGS = (LIVES, GONE, ABSENT, ELSEWHERE, UNREAD)


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
    mine = seen[seen["side"].eq(side)]
    places = places_of(ids, mine["id"])
    # Whoever was not asked for has the place -1, which is the last one.
    flags = {name: np.append(mine[name].to_numpy(dtype=bool), False)[places] for name in ("by_id", "found")}
    return pd.DataFrame({"at": mine["at"].array.take(places, allow_fill=True), **flags}, index=ids.index)


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
    here_now, ended, by_id, found = (flags.to_numpy(dtype=bool) for flags in (here, gone, seen["by_id"], seen["found"]))
    state = np.full(len(here), STANDINGS.index(UNREAD), dtype=np.int8)
    # Of two that hold the later one counts.
    for standing_of, holds in (
        (LIVES, here_now & ~ended),
        (ELSEWHERE, by_id & found & ~here_now),
        (ABSENT, by_id & ~found),
        (GONE, by_id & here_now & ended),
        (UNREAD, (heard_at > seen["at"]).fillna(False).to_numpy(dtype=bool)),
    ):
        state[holds] = STANDINGS.index(standing_of)
    return pd.Series(text_array(STANDINGS).take(state), index=here.index)
