"""The fields of a SALESmanago contact that a mapping may name."""

from __future__ import annotations

READ_ONLY = ("score", "invalid", "mainContactOwner", "contactId")
WRITE_ONLY = ("lang",)
CONSENTS = ("optedOut", "optedOutPhone")
TWO_WAY = (
    "email",
    "name",
    "phone",
    "fax",
    "company",
    "state",
    "address.streetAddress",
    "address.zipCode",
    "address.city",
    "address.country",
    "province",
    "birthday",
    "tags",
)
STANDARD = (*TWO_WAY, *CONSENTS, *READ_ONLY, *WRITE_ONLY)
STATES = ("CUSTOMER", "PROSPECT", "PARTNER", "OTHER", "UNKNOWN")
DETAIL = "properties."
# The sync writes the Salesforce Id here, and owns these flags.
OWNED_BY_SYNC = ("externalId", "deleted", "createdOn", "modifiedOn")


def is_detail(key: str) -> bool:
    """Say whether a field key names a standard detail."""
    return key.startswith(DETAIL) and len(key) > len(DETAIL)
