"""What is wrong with a component or a package, as a deploy result says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One sentence of a deploy result and, where it is known, its place in the file, counted from 1."""

    text: str
    line: int | None = None
    column: int | None = None


class RefusedError(Exception):
    """A component or package that the org does not take."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(one.text for one in problems))
        self.problems: Sequence[Problem] = problems


class MetadataError(Exception):
    """A call that the Metadata API refuses as a whole: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
