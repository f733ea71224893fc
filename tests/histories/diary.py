"""What people did in a history: the evidence that the laws ask for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Value = str | None
Side = Literal["salesforce", "salesmanago"]


def spelled_alike(address: Value) -> Value:
    """The form in which two spellings of an address are one, made without the sync's own code."""
    if address is None or not address.strip():
        return None
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A value that a person typed."""

    at: float
    side: Side
    value: Value


class Kin:
    """Who may ever have been one person: records and contacts that shared an address, a binding, a merge."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def join(self, *names: str) -> None:
        """Remember that all these belong together."""
        first = self.of(names[0])
        for name in names[1:]:
            self._parents[self.of(name)] = first

    def of(self, name: str) -> str:
        """Name the one who stands for all kin of this one."""
        parent = self._parents.setdefault(name, name)
        while parent != self._parents[parent]:
            parent = self._parents[parent]
        self._parents[name] = parent
        return parent


@dataclass(slots=True)
class Diary:
    """What people did.

    Attributes:
        edits: What was typed since both sides last came to rest, by record or contact and field.
        typed: Every value that a field ever got from a person, by record or contact and field.
        touched: When a person last did anything to a record or contact.
        edited: When a person last did more to one than choose: a choice may leave its clock as it is.
        turned: Records and contacts whose identity a person changed since the last rest: merged, deleted, another
            address and the like.
        made: Records and contacts that people made, and when.
        restored: Contacts that the sync made, and people deleted and restored.
        moved: Addresses that came or went by a person's doing, and when.
        opted_out: Records and contacts that a person opted out, by channel.
        ended: Records and contacts that a person deleted, merged away or converted, and records that left the criteria;
            and when at last.
        flags: The last that is known of a flag, by record or contact and channel.
        ledger_lost: Whether the ledger was lost or restored: nobody knows any more which contacts the sync made.
        rewritten: Contacts of whose last write nobody can tell any more whether it was the sync's: the last run before
            the ledger was lost, which did not come to its end, wrote them after the time until which all was read.
        unheard: Contacts whose last edit, whosesoever, lies where it is noted that the sync wrote contacts: after the
            loss of the ledger it counts for nothing.
        outlived: Records that were there when the ledger was lost last.
        purged: Addresses of contacts that a person removed for good: a write under way may make them anew.
        decided: What a person decided about a field that is held, by pair and field, while nobody has edited it since.
    """

    edits: dict[tuple[str, str], list[Edit]] = field(default_factory=dict)
    typed: dict[tuple[str, str], set[Value]] = field(default_factory=dict)
    touched: dict[str, float] = field(default_factory=dict)
    edited: dict[str, float] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)
    made: dict[str, float] = field(default_factory=dict)
    restored: set[str] = field(default_factory=set)
    moved: dict[str, float] = field(default_factory=dict)
    opted_out: dict[int, set[str]] = field(default_factory=lambda: {0: set(), 1: set()})
    ended: dict[str, float] = field(default_factory=dict)
    flags: dict[tuple[str, int], bool] = field(default_factory=dict)
    ledger_lost: bool = False
    rewritten: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)
    outlived: set[str] = field(default_factory=set)
    purged: set[Value] = field(default_factory=set)
    decided: dict[tuple[tuple[str, str], str], Value] = field(default_factory=dict)
    kin: Kin = field(default_factory=Kin)

    def types(self, at: float, side: Side, identifier: str, values: dict[str, Value]) -> None:
        """Note what a person typed into fields."""
        self.touched[identifier] = self.edited[identifier] = at
        for key, value in values.items():
            self.edits.setdefault((identifier, key), []).append(Edit(at, side, value))
            self.typed.setdefault((identifier, key), set()).add(value)
            self._undecide(identifier, key)

    def addresses(self, at: float, identifier: str, *addresses: Value) -> None:
        """Note that a person gave somebody an address, or took it away."""
        self.turned.add(identifier)
        for address in map(spelled_alike, addresses):
            if address is not None:
                self.moved[address] = at
                self.kin.join(identifier, f"address {address}")

    def chooses(self, at: float, identifier: str, channel: int, out: bool) -> None:
        """Note that a person opted somebody out, or in."""
        self.touched[identifier] = at
        self.unheard.discard(identifier)
        self.flags[identifier, channel] = out
        if out:
            self.opted_out[channel].add(identifier)

    def ends(self, at: float, identifiers: Iterable[str]) -> None:
        """Note that a person deleted, restored, merged or converted somebody."""
        for identifier in identifiers:
            self.touched[identifier] = self.edited[identifier] = at
            self.turned.add(identifier)
            self.ended[identifier] = at

    def decides(self, pair: tuple[str, str], key: str, value: Value) -> None:
        """Note what a person decided that both sides shall hold in a field."""
        self.decided[pair, key] = value
        for identifier in pair:
            self.typed.setdefault((identifier, key), set()).add(value)

    def _undecide(self, identifier: str, key: str) -> None:
        for pair, field_key in list(self.decided):
            if identifier in pair and field_key == key:
                del self.decided[pair, field_key]

    def rests(self) -> None:
        """Both sides agree: whatever was typed has arrived."""
        self.edits.clear()
        self.turned.clear()
        self.decided.clear()

    def forgets(self, identifiers: Iterable[str], key: str) -> None:
        """Both sides have agreed on what they hold in a field: whatever was typed there is settled."""
        for identifier in identifiers:
            self.edits.pop((identifier, key), None)
            self._undecide(identifier, key)

    def related(self, identifier: str, others: Iterable[str]) -> bool:
        """Whether any of the others may ever have been the same person."""
        mine = self.kin.of(identifier)
        return any(self.kin.of(other) == mine for other in others)
