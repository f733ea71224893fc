"""Witnesses: objects that are not synchronised, whose records say all the same who has opted out."""

from __future__ import annotations

from salesmanago_sync.domain.mapping_files.model import Mapping, ObjectName
from salesmanago_sync.domain.org.describe import Schema

OBJECTS: tuple[ObjectName, ...] = ("Lead", "Contact", "PersonAccount")
# Salesforce's own fields; those of a Person Account are named for the person.
ADDRESS, FLAGS = "Email", {"optedOut": "HasOptedOutOfEmail", "optedOutPhone": "DoNotCall"}


def witness(name: ObjectName, schema: Schema) -> Mapping | None:
    """Make a mapping that reads the opt-outs of an object and writes nothing.

    Args:
        name: The object.
        schema: What describe says of it.

    Returns:
        None where the org has no such people, or nobody may see their address or their opt-outs.
    """
    prefix = "Person" if name == "PersonAccount" else ""
    flags = {key: prefix + field for key, field in FLAGS.items() if schema.has(prefix + field)}
    if (prefix and not schema.has_person_accounts) or not schema.has(prefix + ADDRESS) or not flags:
        return None
    lines = [{"salesforce": field, "salesmanago": key, "convert": "consent"} for key, field in flags.items()]
    fields = [{"salesforce": prefix + ADDRESS, "salesmanago": "email"}, *lines]
    return Mapping.model_validate({"object": name, "create": {"in_salesmanago": False}, "fields": fields})


def sobject_of(name: ObjectName) -> str:
    """Name the Salesforce object that holds the records."""
    return "Account" if name == "PersonAccount" else name
