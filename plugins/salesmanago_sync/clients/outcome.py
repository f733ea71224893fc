"""What happened to one record of a batch write."""

from __future__ import annotations

from dataclasses import dataclass

# The reason of a record that did not leave because what is said of it was read too long ago: it is looked at once more
# and sent again.
OUTDATED = "OUTDATED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a service about one record.

    Attributes:
        ok: Whether the record was accepted.
        id: The id that the service reports for the record.
        created: Whether the record is new.
        reason: Our reason code (`domain.reasons`) when not ok.
        code: The service's own code, such as `REQUIRED_FIELD_MISSING`.
        text: The service's own words, with e-mail addresses masked.
        fields: Field names that the service blames.
        candidates: Ids of existing records that the service offers instead.
    """

    ok: bool
    id: str | None = None
    created: bool = False
    reason: str | None = None
    code: str | None = None
    text: str = ""
    fields: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
