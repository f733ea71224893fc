"""Which Salesforce field types each converter reads and writes."""

from __future__ import annotations

from salesmanago_sync.domain.mapping_files.model import Line
from salesmanago_sync.domain.org.describe import TEXT_TYPES, FieldSchema

NUMBER_TYPES = frozenset({"int", "long", "double", "currency", "percent"})
# Describe types that each converter can write; text shows any type in SALESmanago, and constant fits all.
WRITES: dict[str, frozenset[str]] = {
    "text": TEXT_TYPES,
    "email": frozenset({"email", "string"}),
    "phone": frozenset({"phone", "string"}),
    "full_name": frozenset({"string"}),
    "date": frozenset({"date"}),
    "boolean": frozenset({"boolean"}),
    "number": NUMBER_TYPES,
    "country": frozenset({"string", "picklist"}),
    "state": frozenset({"string", "picklist"}),
    "picklist": frozenset({"picklist", "combobox", "string"}),
    "tags": frozenset({"multipicklist"}),
    "consent": frozenset({"boolean"}),
}
# What a converter also reads, on a line that does not write to Salesforce.
READS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("email", "phone", "country", "state", "picklist"), TEXT_TYPES),
    "tags": frozenset({"picklist", "multipicklist", "combobox"}),
    "date": frozenset({"datetime"}),
}
SHOWS_ANY = ("text", "constant")
# Addresses and places are read by their parts.
COMPOUND_TYPES = frozenset({"address", "location", "complexvalue", "anyType"})


def fits(line: Line, field: FieldSchema) -> bool:
    """Whether the converter of a line can read, and where it must write, a field."""
    if field.type in COMPOUND_TYPES:
        return False
    if line.convert == "constant" or (line.convert in SHOWS_ANY and not line.to_salesforce):
        return True
    types = WRITES.get(line.convert, frozenset())
    return field.type in (types if line.to_salesforce else types | READS.get(line.convert, frozenset()))


def fitting(field: FieldSchema) -> str:
    """Say which converters would fit a field."""
    if field.type in COMPOUND_TYPES:
        return "Map its parts, such as the street or the city."
    names = sorted(name for name, types in WRITES.items() if field.type in types)
    one_way = "" if "text" in names else " Or text, with direction: to_salesmanago."
    return f"Use {' or '.join(names)}.{one_way}" if names else f"{one_way.strip()}"
