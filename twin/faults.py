"""Faults that tests plant: what goes wrong, on which calls, how often."""

from __future__ import annotations

import re
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

System = Literal["salesforce", "salesmanago"]
WireKind = Literal["latency", "status", "reset_before", "reset_after", "truncate"]
InnerKind = Literal["row_lock", "drop_row", "short_pages", "job_pending", "job_failed"]
WIRE_KINDS: frozenset[str] = frozenset(get_args(WireKind))


class Fault(BaseModel):
    """One planted fault. Wire kinds act on any answer; the others are asked for inside the system that knows them.

    Attributes:
        id: Number given by the twin.
        system: Which system it hits.
        kind: What goes wrong.
        method: HTTP method it is limited to.
        path: Regular expression searched in the path.
        holding: Text that the body of the request holds; without it any body will do.
        times: How many calls it hits; null means every one.
        after: How many matching calls pass before the first hit.
        seconds: `latency`: how long the answer is delayed.
        status: `status`: the HTTP status sent instead of the answer.
        body: `status`: the body, JSON or text; `job_failed`: the job's error message.
        retry_after: `status`: value of the `Retry-After` header.
        keep: `truncate`: how many bytes of the body are sent.
        row: `row_lock`, `drop_row`: position in the request, counted from 0.
        size: `short_pages`: largest page.
        polls: `job_pending`: how many polls find the job unfinished.
    """

    model_config = ConfigDict(extra="forbid")

    id: int = 0
    system: System
    kind: WireKind | InnerKind
    method: str | None = None
    path: str = ""
    times: int | None = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    seconds: float = Field(default=1.0, ge=0)
    holding: str = ""
    status: int = Field(default=503, ge=200, le=599)
    body: object = ""
    retry_after: int | None = None
    keep: int = Field(default=20, ge=0)
    row: int = Field(default=0, ge=0)
    size: int = Field(default=1, ge=1)
    polls: int = Field(default=3, ge=1)

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return path

    def matches(self, system: str, method: str | None, path: str, body: str = "") -> bool:
        """Tell whether the fault is meant for this call."""
        if self.holding not in body:
            return False
        wrong_method = self.method is not None and method is not None and self.method.upper() != method.upper()
        return self.system == system and not wrong_method and re.search(self.path, path) is not None


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self._planted: dict[int, Fault] = {}
        self._next_id = 1

    def plant(self, fault: Fault) -> int:
        """Add a fault and return its id."""
        planted = fault.model_copy(update={"id": self._next_id})
        self._planted[planted.id] = planted
        self._next_id += 1
        return planted.id

    def all(self) -> list[Fault]:
        """Return the faults still planted."""
        return list(self._planted.values())

    @property
    def mind_bodies(self) -> bool:
        """Whether what a request holds decides about one of them."""
        return any(fault.holding for fault in self.all())

    def clear(self) -> None:
        """Remove every fault."""
        self._planted.clear()

    def take(self, system: str, method: str, path: str, body: str = "") -> Fault | None:
        """Return the wire fault that hits this call, and use it up by one."""
        return self._take(WIRE_KINDS, system, method, path, body)

    def take_kind(self, system: str, kind: InnerKind, path: str = "") -> Fault | None:
        """Return the inner fault of one kind that hits this call, and use it up by one.

        Give the path so that a fault limited to a path hits nothing else; such a fault never matches an empty one.
        """
        return self._take(frozenset({kind}), system, None, path)

    def _take(self, kinds: frozenset[str], system: str, method: str | None, path: str, body: str = "") -> Fault | None:
        for fault in self.all():
            if fault.kind in kinds and fault.matches(system, method, path, body):
                if fault.after:
                    fault.after -= 1
                    continue
                self._use_up(fault)
                return fault
        return None

    def _use_up(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if not fault.times:
            del self._planted[fault.id]
