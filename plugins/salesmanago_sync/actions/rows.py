"""Rows: what an action answers. A command prints them, and a JSON route sends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from salesmanago_sync.errors import Fault, QuestionError
from salesmanago_sync.visible import visible

Row = TypeVar("Row")
# More than any ledger holds.
MOST_ROWS = 10**9


def _plain(text: str) -> str:
    # A database takes neither a NUL nor half a character, and no id, name or address holds one.
    if visible(text, keep="") != text:
        raise ValueError("holds characters that cannot be seen")
    return text


# What a person types: an id, a name, a part of a text.
Words = Annotated[str, Field(max_length=320), AfterValidator(_plain)]


class Asked(BaseModel):
    """What an action is asked to do; a name that it does not know is told, not left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, **given: Any) -> Self:
        """Take a question as a command was typed.

        Raises:
            QuestionError: With everything that is wrong in it.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise QuestionError(faults_of(error.errors(include_input=False))) from None


def faults_of(errors: Sequence[Any]) -> list[Fault]:
    """Say what pydantic found, without the values: they may be anybody's."""
    return [
        Fault(".".join(map(str, one["loc"])), f"{str(one['msg']).removeprefix('Value error, ')}.", "") for one in errors
    ]


class Rows(BaseModel, Generic[Row]):
    """What an action answers.

    Attributes:
        rows: One for each thing that it is about.
        total: How many there are, where some were left out; else how many rows there are.
        told: What is said beside them, in words.
    """

    rows: list[Row]
    total: int
    told: list[str] = []

    @classmethod
    def of(cls, rows: list[Row], *told: str, total: int | None = None) -> Rows[Row]:
        """Put an answer together.

        Args:
            rows: One for each thing that it is about.
            *told: What is said beside them.
            total: How many there are, where some were left out.
        """
        return cls(rows=rows, total=len(rows) if total is None else total, told=list(told))

    def spelled(self) -> list[dict[str, Any]]:
        """Spell the rows as JSON values."""
        spelled: list[dict[str, Any]] = self.model_dump(mode="json")["rows"]
        return spelled
