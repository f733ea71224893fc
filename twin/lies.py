"""Lies: values that a system gives of one record in its answers, whatever it holds.

A lie is written as the text that stands in the answer, so that it can be anything that a service may send, also what is
no JSON at all: `NaN`, half a character, a key that comes twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

System = Literal["salesforce", "salesmanago"]
_IDS = {"salesforce": ("Id",), "salesmanago": ("id", "contactId")}
_MARK = "\ue000lie {}\ue000"


class Lie(BaseModel):
    """One lie.

    Attributes:
        system: Which system lies.
        id: About which record or contact.
        field: About which field: a key, or a path such as `Account.Name`, `address.city` or `properties.note`.
        raw: What stands in the answer instead of the value; null leaves the key out.
    """

    model_config = ConfigDict(extra="forbid")

    system: System
    id: str
    field: str
    raw: str | None


class Lies:
    """The lies that are told until they are forgotten."""

    def __init__(self) -> None:
        self._told: list[Lie] = []

    def tell(self, lies: Iterable[Lie]) -> None:
        """Tell more lies."""
        self._told += lies

    def forget(self) -> None:
        """Tell the truth again."""
        self._told = []

    def about(self, system: str) -> list[Lie]:
        """The lies of one system."""
        return [lie for lie in self._told if lie.system == system]

    def distort(self, system: str, body: bytes) -> bytes:
        """Put the lies into the body of an answer."""
        lies = self.about(system)
        if not lies or not body.startswith((b"{", b"[")):
            return body
        content = json.loads(body)
        for found in list(_objects(content)):
            known = [found.get(key) for key in _IDS[system]]
            for number, lie in enumerate(lies):
                if lie.id in known:
                    _place(found, lie.field.split("."), None if lie.raw is None else _MARK.format(number))
        text = json.dumps(content, ensure_ascii=False)
        for number, lie in enumerate(lies):
            text = text.replace(f'"{_MARK.format(number)}"', str(lie.raw))
        return text.encode("utf-8", "surrogatepass")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)


def _place(found: dict[str, Any], path: list[str], value: str | None) -> None:
    for part in path[:-1]:
        held = found.get(part)
        if isinstance(held, list):  # standard details: a list of names and values
            found = next((item for item in held if item.get("name") == path[-1]), {})
            path = ["value"]
            break
        if not isinstance(held, dict):
            return
        found = held
    if path[-1] not in found:
        return
    if value is None:
        del found[path[-1]]
    else:
        found[path[-1]] = value
