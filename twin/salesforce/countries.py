"""State and country picklists: the text must be on the list, and text and code set each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pycountry

from twin.salesforce.errors import ApiError
from twin.salesforce.schema import SObject

# The countries whose states a new org lists.
WITH_STATES = ("AU", "BR", "CA", "CN", "IE", "IN", "IT", "MX", "US")
REFUSAL = (
    "There's a problem with this {what}, even though it may appear correct. "
    "Please select a {kind} from the list of valid {plural}.: {label}"
)
PLURALS = {"country": "countries", "state": "states"}
Choices = Mapping[str, str]


@cache
def countries() -> Choices:
    """Return code -> name of every country."""
    return {one.alpha_2: one.name for one in pycountry.countries}


@cache
def states(country: str | None) -> Choices:
    """Return code -> name of a country's states; most countries have none on the list."""
    if country not in WITH_STATES:
        return {}
    listed = pycountry.subdivisions.get(country_code=country)  # type: ignore[no-untyped-call]
    return {one.code.partition("-")[2]: one.name for one in listed}


def settle(sobject: SObject, stored: dict[str, Any], known: Mapping[str, Any] | None) -> Iterator[ApiError]:
    """Fill in codes and names that belong to written ones; yield a refusal for each that is on no list."""
    for name in sobject.fields:
        prefix = name.removesuffix("CountryCode")
        # With one of the four hidden from the user there is nothing to keep together.
        whole = {f"{prefix}{part}" for part in ("Country", "State", "StateCode")} <= sobject.fields.keys()
        if name.endswith("CountryCode") and whole:
            yield from _settle_address(sobject, stored, known or {}, prefix)


def _settle_address(
    sobject: SObject, stored: dict[str, Any], known: Mapping[str, Any], prefix: str
) -> Iterator[ApiError]:
    yield from _settle_pair(sobject, stored, f"{prefix}Country", countries(), "country", "country/territory")
    state = {f"{prefix}State", f"{prefix}StateCode"} & stored.keys()
    country = stored.get(f"{prefix}CountryCode", known.get(f"{prefix}CountryCode"))
    if country is None and any(stored[name] is not None for name in state):
        label = sobject.fields[f"{prefix}State"].label
        message = f"A country/territory must be specified before specifying a state value for field: {label}"
        yield ApiError("FIELD_INTEGRITY_EXCEPTION", message, (f"{prefix}State",))
    elif country is not None:
        yield from _settle_pair(sobject, stored, f"{prefix}State", states(country), "state", "state")
        left = None if state else known.get(f"{prefix}StateCode")
        if left is not None and left not in states(country):
            # The state stays where only the country is written, and is judged again.
            label = sobject.fields[f"{prefix}State"].label
            message = REFUSAL.format(what="state", kind="state", plural=PLURALS["state"], label=label)
            yield ApiError("FIELD_INTEGRITY_EXCEPTION", message, (f"{prefix}State",))


def _settle_pair(
    sobject: SObject, stored: dict[str, Any], name: str, choices: Choices, what: str, kind: str
) -> Iterator[ApiError]:
    """Bring a name and its code together; a name alone decides, then a code."""
    code_name = f"{name}Code"
    if name in stored:
        code = _code(choices, stored[name])
    elif code_name in stored:
        code = stored[code_name] if stored[code_name] in choices else None
    else:
        return
    written = next((stored[one] for one in (name, code_name) if stored.get(one) is not None), None)
    disagree = name in stored and stored.get(code_name) not in {None, code}
    if written is not None and (code is None or disagree):
        message = REFUSAL.format(what=what, kind=kind, plural=PLURALS[what], label=sobject.fields[name].label)
        yield ApiError("FIELD_INTEGRITY_EXCEPTION", message, (name,))
        return
    stored[name], stored[code_name] = (choices[code], code) if code else (None, None)


def _code(choices: Choices, text: str | None) -> str | None:
    if text is None:
        return None
    folded = text.lower()
    return next((code for code, name in choices.items() if folded in {name.lower(), code.lower()}), None)
