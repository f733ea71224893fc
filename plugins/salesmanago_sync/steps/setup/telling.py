"""Tell: what was done, what a person must do in Salesforce's own Setup, and what undo will leave."""

from __future__ import annotations

from salesmanago_sync.domain.setup.card import SECTION
from salesmanago_sync.steps.setup.layout_names import readable
from salesmanago_sync.steps.setup.ports import SetupPorts, plan, scope

FIRST = (
    "The card of people who are synchronised already stays empty until salesforce_card: true is in the mapping files "
    "and a full sync has run."
)
# What no API does, with the way to it.
MANUAL = (
    "Give people the card: Setup → Permission Sets → SALESmanago card → Manage Assignments.",
    "Record pages with Dynamic Forms show fields of their own instead of the layout's: "
    "Setup → Object Manager → the object → Lightning Record Pages → Edit; drag Visualforce, page SALESmanago, and the "
    "SALESmanago fields where you want them.",
    "Compact layouts, list views and reports: add SALESmanago Score or State where people should see them.",
    "SALESmanago must allow Salesforce to show the landing page in a frame "
    "(frame-ancestors *.vf.force.com *.lightning.force.com *.my.salesforce.com).",
)


def tell(ports: SetupPorts) -> str:
    """Say how it went and what is left to a person.

    Returns:
        The result in one line.
    """
    found, decided = scope(ports), plan(ports)
    line = _result(ports, [edit["layout"] for edit in decided.edits], empty=decided.package.is_empty)
    ports.tell(line)
    if ports.request.undo:
        if not ports.request.delete_fields:
            ports.tell("The fields stay, with what is in them. Undo with delete_fields deletes them.")
    else:
        ports.tell(FIRST)
        ports.tell("By hand in Salesforce:\n" + "\n".join(f"  - {step}" for step in MANUAL))
    for warning in found.warnings:
        ports.tell(f"Warning: {warning}")
    ports.staging.remove()
    return line


def _result(ports: SetupPorts, layouts: list[str], *, empty: bool) -> str:
    what = "undo" if ports.request.undo else "set-up"
    if empty:
        return f"{what}: nothing to do."
    names = ", ".join(readable(name) for name in layouts) or "none"
    if ports.request.check_only:
        return f"{what}, check only: nothing was changed. Layouts that would change: {names}."
    word = "without the section again" if ports.request.undo else f"with the section {SECTION}"
    return f"{what} done. Layouts {word}: {names}."
