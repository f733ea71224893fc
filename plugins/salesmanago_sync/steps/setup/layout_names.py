"""Which layouts and profiles are meant: the names that people write, and those that Salesforce gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from salesmanago_sync.clients.salesforce_metadata import Component
from salesmanago_sync.domain.mapping_files.rules import choices
from salesmanago_sync.domain.setup.card import SECTION
from salesmanago_sync.errors import Fault
from salesmanago_sync.steps.setup.request import SetupRequest

# What the screens of Salesforce call its own profiles → what the Metadata API calls them.
PROFILES = {
    "System Administrator": "Admin",
    "Standard User": "Standard",
    "Read Only": "ReadOnly",
    "Contract Manager": "ContractManager",
    "Marketing User": "MarketingProfile",
    "Solution Manager": "SolutionManager",
}


def object_of(layout: str) -> str:
    """Give the object of a layout: of `PersonAccount-Person Account Layout`, PersonAccount."""
    return layout.partition("-")[0]


def new_layout_of(name: str) -> str:
    """Name our own layout of an object."""
    return f"{name}-{SECTION}"


def readable(layout: str) -> str:
    """Spell a layout's name as people read it."""
    return unquote(layout)


def choose_layouts(
    request: SetupRequest, objects: Sequence[str], present: Iterable[Component], faults: list[Fault]
) -> tuple[list[str], list[str], list[Fault]]:
    """Choose the layouts that get the section.

    Args:
        request: What was asked for.
        objects: The objects that get the card.
        present: Every layout of the org.
        faults: Takes what is wrong.

    Returns:
        The chosen ones, all that could be chosen, and warnings.
    """
    mine = [layout for layout in present if object_of(layout.name) in objects]
    known = sorted(layout.name for layout in mine if not layout.namespace)
    managed = sorted(layout.name for layout in mine if layout.namespace)
    if request.named_layouts:
        chosen = []
        for asked in request.named_layouts:
            chosen += _named(asked, known, managed, faults)
        return list(dict.fromkeys(chosen)), known, []
    warnings = [
        Fault(f"layout {readable(name)}", "belongs to a managed package, and is left alone.") for name in managed
    ]
    # Who asks for a layout of our own keeps his.
    return ([] if request.new_layout else known), known, warnings


def _named(asked: str, known: Sequence[str], managed: Sequence[str], faults: list[Fault]) -> list[str]:
    found = [name for name in known if asked in _spellings(name)]
    if found:
        return found
    if any(asked in _spellings(name) for name in managed):
        what = f"{asked!r} belongs to a managed package, whose layouts cannot be changed."
        faults.append(
            Fault("Param layouts", what, "Leave it out; clone it in Salesforce and assign the clone instead.")
        )
    else:
        fix = choices(asked, [readable(name) for name in known])
        faults.append(Fault("Param layouts", f"there is no layout {asked!r} of these objects.", fix))
    return []


def _spellings(name: str) -> set[str]:
    plain = readable(name)
    return {name, plain, plain.partition("-")[2]}


def profile_of(asked: str) -> tuple[str, str]:
    """Take `Profile:Object.Record_Type` apart; the record type is empty where none is named."""
    name, _, record_type = asked.partition(":")
    return PROFILES.get(name.strip(), name.strip()), record_type.strip()


def profile_faults(asked: Iterable[str], present: Sequence[str]) -> Iterator[Fault]:
    """Say which profiles do not exist."""
    names = {unquote(name) for name in present}
    shown = {name: label for label, name in PROFILES.items()}
    for one in asked:
        name, record_type = profile_of(one)
        if name not in names:
            written = one.partition(":")[0].strip()
            fix = choices(written, [shown.get(name, name) for name in names])
            yield Fault("Param profiles", f"there is no profile {written!r}.", fix)
        if record_type and "." not in record_type:
            yield Fault("Param profiles", f"{record_type!r} is no record type.", "Write Profile:Lead.Record_Type.")
