"""Tags: the one spelling that they have, and many of them in one text column.

SALESmanago keeps tags in upper case; the sync spells their blanks `_`. In a column they are joined by semicolons, as
Salesforce joins the values of a multi-select picklist. A tag with a semicolon of its own is one tag nevertheless, and
can be mapped to nothing: there it is spelled with the full-width one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd

JOINT, WIDE_JOINT = ";", "；"


def spell_tag(text: str) -> str:
    """Spell a tag the one way in which tags are compared and sent."""
    # A letter in upper case may be two characters, and one when they are composed again.
    return "_".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).upper()).split())


def join_tags(names: Iterable[str]) -> str | None:
    """Join tags for a column, each by itself; None where there are none."""
    composed = (unicodedata.normalize("NFC", name).replace(JOINT, WIDE_JOINT) for name in names)
    return JOINT.join(sorted({name for name in composed if name})) or None


def split_tags(text: str) -> list[str]:
    """Part what `join_tags` joined."""
    return [part for part in map(str.strip, text.split(JOINT)) if part]


def holders(column: pd.Series, tag: str) -> pd.Series:
    """Tell who has a tag, spelled the one way.

    Args:
        column: Joined tags.
        tag: The tag.
    """
    codes, uniques = pd.factorize(column)
    # A blank has the code -1, which is the last place.
    has = [any(spell_tag(part) == tag for part in split_tags(text)) for text in uniques]
    return pd.Series(np.array([*has, False], dtype=bool)[codes], index=column.index)
