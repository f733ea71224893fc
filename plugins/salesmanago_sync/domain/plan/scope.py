"""Scope: which changes of a plan are meant, where a person chooses some of them."""

from __future__ import annotations

from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from salesmanago_sync.domain.merge.owed import DELETE


class Scope(BaseModel):
    """A part of a plan.

    Attributes:
        objects: These objects; every one, where none is named.
        direction: The side that is written, or both.
        fields: These fields of people who are on both sides: nobody is created or deleted for some fields. Everything,
            where none is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objects: tuple[str, ...] = ()
    direction: Literal["both", "to_salesmanago", "to_salesforce"] = "both"
    fields: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything is meant."""
        return self == Scope()

    def holds(self, changes: pd.DataFrame) -> pd.Series:
        """Say which changes are meant.

        Args:
            changes: `object, direction, field, action`.
        """
        held = pd.Series(True, index=changes.index)
        if self.objects:
            held &= changes["object"].isin(self.objects)
        if self.direction != "both":
            held &= changes["direction"].eq(self.direction)
        if self.fields:
            held &= changes["field"].isin(self.fields) & changes["action"].ne("create") & changes["field"].ne(DELETE)
        return held
