"""Judging: what was read, turned into an answer. What fits no answer is unclear, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesmanago_sync.domain.probe.answers import Conclusion, unclear

Card = Mapping[str, Any]
DETAIL = "salesmanago_sync_probe"
TAG = "Salesmanago_Sync_Probe"
# A list of fewer says little about where one is cut.
FEW = 500


def is_blank(value: object) -> bool:
    """Tell whether a card holds nothing in a place."""
    return value is None or value == ""


def part(card: Card, name: str) -> object:
    """Read a part of the address."""
    address = card.get("address")
    return address.get(name) if isinstance(address, Mapping) else None


def detail(card: Card) -> object:
    """Read the standard detail of the probe."""
    for item in card.get("properties") or []:
        if isinstance(item, Mapping) and item.get("name") == DETAIL:
            return item.get("value")
    return None


def tags(card: Card) -> list[str]:
    """Read the spellings of the tag of the probe."""
    named = (item.get("tag") for item in card.get("contactTags") or [] if isinstance(item, Mapping))
    return [name for name in named if isinstance(name, str) and name.casefold() == TAG.casefold()]


def emptying(filled: object, after_empty: object, after_null: object) -> Conclusion:
    """Judge what empties a place.

    Args:
        filled: What was there first.
        after_empty: What an empty text left of it.
        after_null: What null left of it.
    """
    if is_blank(filled):
        return unclear("the value was not there before either")
    if is_blank(after_empty):
        return Conclusion("empty")
    return Conclusion("null") if is_blank(after_null) else Conclusion("neither")


def address_parts(before: object, by_batch: object, alone: object) -> Conclusion:
    """Judge what becomes of a part that is left out, by the method for many and by that for one."""
    if is_blank(before):
        return unclear("the street was not there before either")
    if is_blank(by_batch) and is_blank(alone):
        return Conclusion("emptied")
    if is_blank(by_batch) or is_blank(alone):
        return unclear("the method for many contacts and that for one differ")
    return Conclusion("kept")


def new_consent(card: Card) -> Conclusion:
    """Judge the flags of a contact that was just made without any."""
    flags = [card.get("optedOut"), card.get("optedOutPhone")]
    if not all(isinstance(flag, bool) for flag in flags):
        return unclear("the card does not tell")
    if flags[0] is not flags[1]:
        return Conclusion("out" if flags[0] else "in", f"by mail only; by phone opted {'out' if flags[1] else 'in'}")
    return Conclusion("out" if flags[0] else "in")


def clock(*, listed: bool) -> Conclusion:
    """Judge whether a change is among those of the time in which it was made."""
    return Conclusion("moves" if listed else "stays")


def refused_rows(named: Mapping[str, Any] | None, good: str, bad: str) -> Conclusion:
    """Judge the answer to a batch with a good and a bad row.

    Args:
        named: The ids by address in lower case; None where the batch was refused.
        good: The address of the good row.
        bad: That of the bad one.
    """
    if named is None:
        return Conclusion("whole")
    if is_blank(named.get(good)):
        return unclear("the good row has no id either")
    if not is_blank(named.get(bad)):
        return unclear("the service took a row that it should refuse")
    return Conclusion("null" if bad in named else "missing")


def tag_case(spelled: list[str], left: list[str]) -> Conclusion:
    """Judge how a tag of mixed case is kept, and whether removing it in upper case helps."""
    if len(spelled) != 1:
        return unclear(f"the contact has {len(spelled)} tags instead of one")
    if spelled[0] == TAG:
        return Conclusion("minds" if left else "folds")
    if spelled[0] == TAG.upper() and not left:
        return Conclusion("upper")
    return unclear(f"the tag is kept in another spelling{' and was not removed' if left else ''}")


def address_case(mixed: str | None, lower: str | None) -> Conclusion:
    """Judge the ids of one address in two spellings."""
    if mixed is None or lower is None:
        return unclear("the service gave no id")
    return Conclusion("folds" if mixed == lower else "minds")


def bounds(*, at_first: bool, at_last: bool) -> Conclusion:
    """Judge whether a contact is named whose moment is the first, or the last, of a time span."""
    answers = {(True, True): "both", (True, False): "from", (False, True): "to", (False, False): "neither"}
    return Conclusion(answers[at_first, at_last])


def cut(whole: int, *, hides: bool) -> Conclusion:
    """Judge how many a list names.

    Args:
        whole: How many it named when it was asked for as a whole.
        hides: Whether there are more.
    """
    if hides:
        return Conclusion("cut", number=whole)
    if whole < FEW:
        return unclear(f"the account has too few contacts to tell: {whole} were listed")
    return Conclusion("whole", number=whole)
