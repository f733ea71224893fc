"""Person key: what a person is asked for by, an e-mail address or an id of either side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.frames import full_id, text_series
from salesmanago_sync.errors import ConfigurationError, Fault

SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")
CONTACT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIX = (
    "Give an e-mail address, a Salesforce id of 15 or 18 characters, or a SALESmanago contactId "
    "(as 01234567-89ab-cdef-0123-456789abcdef)."
)


@dataclass(frozen=True, slots=True)
class PersonKey:
    """What was asked for, in the one spelling that the sync uses.

    Attributes:
        kind: What it is.
        value: A normalised address, a Salesforce Id of 18 characters, or a contactId.
    """

    kind: Literal["email", "salesforce_id", "salesmanago_id"]
    value: str


def read_person_key(text: str) -> PersonKey:
    """Tell what a text names.

    Raises:
        ConfigurationError: It can be none of them; the text is not repeated, for it may be an address.
    """
    asked = text.strip()
    if "@" in asked:
        [address] = normalise_email(text_series([asked]))
        if isinstance(address, str):
            return PersonKey("email", address)
        raise ConfigurationError([Fault("person", "is not a usable e-mail address.", FIX)])
    if SALESFORCE_ID.fullmatch(asked):
        return PersonKey("salesforce_id", full_id(asked))
    if CONTACT_ID.fullmatch(asked.lower()):
        return PersonKey("salesmanago_id", asked.lower())
    raise ConfigurationError([Fault("person", "is neither an address nor an id.", FIX)])
