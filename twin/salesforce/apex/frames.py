"""What a running body knows: its object and its variables, block in block."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twin.salesforce.apex.syntax import ApexClass
from twin.salesforce.apex.values import Instance


class Returned(Exception):  # noqa: N818 - no error
    """The value of a return statement on its way out of the method."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass
class Running:
    """A body under way: its object, its class and its variables."""

    this: Instance | None
    unit: ApexClass
    names: dict[str, Any] = field(default_factory=dict)


class Scope(dict[str, Any]):
    """Variables of a block; those of the blocks around it can be read and set."""

    def __init__(self, outer: dict[str, Any]) -> None:
        super().__init__()
        self._outer = outer

    def declare(self, name: str, value: Any) -> None:
        """Add a variable to this block."""
        super().__setitem__(name, value)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._outer

    def __missing__(self, name: str) -> Any:
        return self._outer[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if super().__contains__(name):
            super().__setitem__(name, value)
        else:
            self._outer[name] = value
