"""Stand-ins: what the sync writes because Salesforce requires a value. Wherever one is read, it is blank.

A stand-in outlives its field: the Company of a Lead becomes the name of an Account when the Lead is converted, and may
have reached a contact before it was one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from salesmanago_sync.domain.converters.base import as_text, known_text
from salesmanago_sync.domain.mapping_files.mapping import Line, Mapping

# Fields that Salesforce requires, and what conversion makes of them.
FIELDS = frozenset({"Company", "LastName", "Name", "Account.Name"})
KEYS = frozenset({"company", "name"})


def stand_in(mapping: Mapping, field: str) -> str | None:
    """Say what is written to a required Salesforce field that has no value, if the mapping fills it."""
    policies = {"Company": mapping.company_when_empty, "LastName": mapping.last_name_when_empty}
    policy = policies.get(field)
    return policy.value if policy is not None and policy.action == "fill" else None


@dataclass(frozen=True, slots=True)
class StandIns:
    """Everything that stands in for a value.

    Attributes:
        words: The stand-ins of all mappings; also of those that no longer fill, for what they once filled is there.
        account: The Account that new Contacts are put under: it is nobody's company.
    """

    words: frozenset[str]
    account: str | None = None

    @classmethod
    def of(cls, mappings: Iterable[Mapping], account: str | None = None) -> StandIns:
        """Gather the stand-ins of some mappings."""
        policies = (policy for each in mappings for policy in (each.company_when_empty, each.last_name_when_empty))
        return cls(frozenset(policy.value.strip() for policy in policies), account)

    def blanked(self, line: Line, field: str, values: pd.Series) -> pd.Series:
        """Empty a column where a stand-in is all that it holds, in any case: a trigger may have changed its letters.

        Args:
            line: The mapping line that is read.
            field: The Salesforce field, or the field key of SALESmanago.
            values: Its column as read.
        """
        if field not in FIELDS and line.key not in KEYS:
            return values
        words = self.words | ({self.account} if field == "Account.Name" and self.account is not None else set())
        return values.mask(as_text(values).str.casefold().isin([known_text(word).casefold() for word in words]))
