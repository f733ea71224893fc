"""tags: SALESmanago tags and a Salesforce multi-select picklist.

`values` lists the Salesforce values that are tags, or maps each to its tag. Tags and values outside it are never read
and never touched. Canonical: the tags in upper case, blanks as `_`, sorted, joined by `;`.
"""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.domain.converters.base import (
    Converter,
    LineOptions,
    Scalar,
    as_text,
    per_unique_row,
    value_map,
)
from salesmanago_sync.domain.tags import JOINT, WIDE_JOINT, spell_tag, split_tags


def _joined(tags: set[str]) -> str | None:
    return ";".join(sorted(tags)) if tags else None


class _Tags(Scalar):
    def __init__(self, line: LineOptions) -> None:
        super().__init__(line)
        self._tags = {key: spell_tag(tag) for key, tag in (value_map(line) or {}).items()}
        self._by_value = {key.lower(): tag for key, tag in self._tags.items()}
        self._known = set(self._tags.values())

    def _tag(self, value: str) -> str | None:
        return self._by_value.get(value.lower())

    def read_salesforce(self, text: str) -> str | None:
        # A value of a list of which only one can be chosen may have a semicolon of its own.
        parts = [text] if self.line.single else split_tags(text)
        return _joined({tag for part in parts if (tag := self._tag(part)) is not None})

    def read_salesmanago(self, text: str) -> str | None:
        return _joined({spell_tag(part) for part in split_tags(text)} & self._known)

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        [field] = self.line.salesforce
        chosen = per_unique_row([canonical, as_text(current[field])], self._selection)
        return pd.DataFrame({field: pd.Series(chosen, index=canonical.index, dtype="object")})

    def _selection(self, canonical: str, current: str) -> str | None:
        wanted = set(split_tags(canonical))
        kept = [value for value in split_tags(current) if (tag := self._tag(value)) is None or tag in wanted]
        missing = wanted - {self._tag(value) for value in kept}
        added = {tag: value for value, tag in reversed(self._tags.items()) if tag in missing}
        return ";".join([*kept, *(added[tag] for tag in sorted(missing & added.keys()))]) or None


def _faults(line: LineOptions) -> list[str]:
    tags = value_map(line)
    if not tags:
        return ["values must list the Salesforce values that are tags, or map each to its tag"]
    return [
        f"values: {text!r} cannot be a tag"
        for pair in tags.items()
        for text in pair
        if not text or {JOINT, WIDE_JOINT} & {*text}
    ]


TAGS = Converter("tags", _Tags, options=frozenset({"values"}), required=frozenset({"values"}), faults=_faults)
