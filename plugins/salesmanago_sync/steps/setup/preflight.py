"""Preflight of the set-up: everything that could be in the way, asked before anything is deployed, in one message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from salesmanago_sync.clients.salesforce_metadata import Component
from salesmanago_sync.domain.mapping_files.model import SOBJECTS
from salesmanago_sync.domain.org.describe import Schema
from salesmanago_sync.domain.setup.card import CardField, card_fields, fields_of
from salesmanago_sync.domain.setup.comparison import path_of
from salesmanago_sync.errors import AuthenticationError, ConfigurationError, FatalError, Fault
from salesmanago_sync.steps.setup.layout_names import choose_layouts, profile_faults
from salesmanago_sync.steps.setup.ports import CardSettings, SetupPorts, SetupScope, keep_scope

# Custom fields that one object may have, by edition (Salesforce: Features and Edition Allocations).
MOST_FIELDS = {"Professional Edition": 100, "Enterprise Edition": 500, "Developer Edition": 500}
MOST_FIELDS_ELSEWHERE = 800
MOST_EXTERNAL_IDS = 25
# What a setting's field holds.
LONGEST_SETTING = 255
# What a deployment takes, and what its refusals call it.
NEEDED = {
    "PermissionsModifyMetadata": "Modify Metadata Through Metadata API Functions",
    "PermissionsCustomizeApplication": "Customize Application",
    "PermissionsAuthorApex": "Author Apex",
}
CONNECTION = "connection salesmanago_default"
T = TypeVar("T")


def preflight(ports: SetupPorts) -> list[str]:
    """Make every check.

    Returns:
        The objects that get the card.

    Raises:
        ConfigurationError: With every fault.
    """
    faults: list[Fault] = []
    warnings: list[Fault] = []
    organization = _ask(faults, ports.salesforce.organization)
    # Without API access or the permission, every further question to the org would get the same answer.
    open_org = organization is not None and bool(_ask(faults, lambda: _may_deploy(ports)))
    settings = None if ports.request.undo else _ask(faults, ports.card_settings)
    if settings is not None:
        faults += _setting_faults(settings)
        warnings += _setting_warnings(settings)
    found = _ask(faults, lambda: _scope(ports, organization or {}, faults)) if open_org else None
    if faults or found is None:
        raise ConfigurationError(faults)
    found.warnings.extend(str(warning) for warning in warnings)
    for warning in found.warnings:
        ports.tell(f"Warning: {warning}")
    keep_scope(ports, found)
    return found.objects


def _ask(faults: list[Fault], question: Callable[[], T]) -> T | None:
    """Ask one question and keep its faults, so that the next question is asked too."""
    try:
        return question()
    except ConfigurationError as error:
        faults += error.faults
    except (AuthenticationError, FatalError) as error:
        faults.append(Fault("connection salesforce_default", str(error)))
    return None


def _may_deploy(ports: SetupPorts) -> bool:
    granted = ports.salesforce.permissions()
    # Modify All Data includes the first.
    if granted["PermissionsModifyAllData"]:
        granted["PermissionsModifyMetadata"] = True
    lacking = [label for name, label in NEEDED.items() if not granted[name]]
    if ports.request.undo and not ports.request.delete_fields:
        lacking = [label for label in lacking if label != NEEDED["PermissionsAuthorApex"]]
    if lacking:
        what = f"its user lacks {', '.join(lacking)}."
        fix = "Give it a permission set with them, for as long as the set-up takes."
        raise ConfigurationError([Fault("connection salesforce_default", what, fix)])
    return True


def _setting_faults(settings: CardSettings) -> Iterator[Fault]:
    given = {
        "Endpoint": settings.endpoint,
        "Client Id": settings.client_id,
        "MicroSite Key": settings.microsite_key,
        "iFrame Name": settings.page_name,
    }
    for name, value in given.items():
        if value is not None and len(value) > LONGEST_SETTING:
            yield Fault(f"{CONNECTION}, {name}", f"is longer than {LONGEST_SETTING} characters.", "Correct it.")
    if settings.page_name is not None and settings.microsite_key is None:
        what = "is missing: without it, the address of the landing page cannot be signed."
        yield Fault(f"{CONNECTION}, MicroSite Key", what, "Copy it from SALESmanago, or empty iFrame Name.")


def _setting_warnings(settings: CardSettings) -> Iterator[Fault]:
    if settings.page_name is None:
        what = "is not set: the card shows the synchronised fields instead of a landing page."
        yield Fault(f"{CONNECTION}, iFrame Name", what, "Name a landing page and run the set-up again to show it.")


def _scope(ports: SetupPorts, organization: dict[str, Any], faults: list[Fault]) -> SetupScope:
    schemas = {
        sobject: Schema.from_describe(ports.salesforce.describe(sobject))
        for sobject in dict.fromkeys(SOBJECTS.values())
    }
    objects = _objects(ports, schemas, faults)
    metadata = ports.salesforce.metadata
    fields = metadata.list("CustomField")
    sobjects = [sobject for name, sobject in SOBJECTS.items() if name in objects or _has_card(sobject, fields)]
    if not ports.request.undo:
        edition = str(organization["OrganizationType"])
        faults += _field_faults(ports, sobjects)
        for sobject in sobjects:
            faults += _limit_faults(sobject, schemas[sobject], fields, edition)
    layouts, known, warnings = choose_layouts(ports.request, objects, metadata.list("Layout"), faults)
    if ports.request.new_layout and not ports.request.undo:
        faults += profile_faults(ports.request.profiles, [one.name for one in metadata.list("Profile")])
    return SetupScope(
        str(organization["Id"]), objects, sobjects, layouts, known, [str(warning) for warning in warnings]
    )


def _objects(ports: SetupPorts, schemas: dict[str, Schema], faults: list[Fault]) -> list[str]:
    persons = schemas["Account"].has_person_accounts
    asked = ports.request.objects
    if "PersonAccount" in asked and not persons:
        faults.append(Fault("Param objects", "this org has no Person Accounts.", "Leave PersonAccount out."))
    there = [name for name in SOBJECTS if persons or name != "PersonAccount"]
    return [name for name in there if not asked or name in asked]


def _has_card(sobject: str, fields: Iterable[Component]) -> bool:
    wanted = {f"{sobject}.{field.name}".casefold() for field in card_fields()}
    return wanted <= {field.name.casefold() for field in fields}


def _field_faults(ports: SetupPorts, sobjects: list[str]) -> Iterator[Fault]:
    """Say which names are taken by fields that are something else, those that the user may not see among them."""
    names = [f"{sobject}.{field.name}" for sobject in sobjects for field in card_fields()]
    present = ports.salesforce.metadata.retrieve({"CustomField": names})
    for sobject in sobjects:
        held = {field.name.casefold(): field for field in fields_of(present.get(path_of("CustomObject", sobject)))}
        for field in card_fields():
            yield from _collisions(f"{sobject}.{field.name}", field, held.get(field.name.casefold()))


def _collisions(where: str, ours: CardField, theirs: CardField | None) -> Iterator[Fault]:
    fix = "Rename that field in Salesforce (its API name too), or delete it, and run the set-up again."
    if theirs is None:
        return
    if (theirs.type, theirs.formula) != (ours.type, ours.formula):
        kinds = [f"{field.type} formula" if field.formula else field.type for field in (theirs, ours)]
        yield Fault(where, f"is a field of type {kinds[0]}, not {kinds[1]}: the name is taken.", fix)
    elif ours.length > theirs.length > 0:
        yield Fault(where, f"takes {theirs.length} characters, not {ours.length}: the name is taken.", fix)


def _limit_faults(sobject: str, schema: Schema, fields: Iterable[Component], edition: str) -> Iterator[Fault]:
    # Fields of managed packages do not count.
    own = {
        field.name.partition(".")[2]
        for field in fields
        if field.name.partition(".")[0] == sobject and not field.namespace and field.name.endswith("__c")
    }
    new = [field for field in card_fields() if field.name not in own]
    most = MOST_FIELDS.get(edition, MOST_FIELDS_ELSEWHERE)
    if len(own) + len(new) > most:
        what = f"has {len(own)} custom fields; {len(new)} more would pass the limit of {most} ({edition})."
        yield Fault(sobject, what, "Delete custom fields that nobody uses.")
    external = sum(field.external_id and field.name.endswith("__c") for field in schema.fields.values())
    more = sum(field.external_id for field in new)
    if external + more > MOST_EXTERNAL_IDS:
        what = f"has {external} external id fields, as many as Salesforce allows ({MOST_EXTERNAL_IDS})."
        yield Fault(sobject, what, "Take the mark External ID off one of them.")
