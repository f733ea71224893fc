"""The card of a person in Salesforce: its fields, its page and its section, as the package's files declare them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree as ET

from salesmanago_sync.domain.setup.org_files import read_xml

PACKAGE = "salesmanago_sync.domain.setup"
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
SECTION = "SALESmanago"
SETTINGS = "SALESmanago_Settings__c"
CONTROLLER = "SALESmanagoCard"
CONTROLLER_TEST = "SALESmanagoCardTest"
SYNC_PERMISSIONS = "SALESmanago_Sync"
CARD_PERMISSIONS = "SALESmanago_Card"
TRUSTED_SITE = "SALESmanago"

# What people look for first stands first.
SHOWN = (
    "SALESmanago_Score__c",
    "SALESmanago_State__c",
    "SALESmanago_Tags__c",
    "SALESmanago_Opted_Out__c",
    "SALESmanago_Last_Sync__c",
    "SALESmanago_Link__c",
    "SALESmanago_Contact_Id__c",
)


@dataclass(frozen=True, slots=True)
class CardField:
    """One custom field of the card.

    Attributes:
        name: API name.
        label: What people read.
        type: Its metadata type, as Text.
        length: Characters that it takes; 0 where that means nothing.
        external_id: Whether records are found by it.
        formula: Whether Salesforce computes it.
    """

    name: str
    label: str
    type: str
    length: int
    external_id: bool
    formula: bool


def template(path: str) -> str:
    """Read a file of the package's templates."""
    return files(PACKAGE).joinpath("templates", *path.split("/")).read_text(encoding="utf-8")


def page_of(sobject: str) -> str:
    """Name the Visualforce page of a Salesforce object."""
    return f"SALESmanago{sobject}"


@cache
def card_fields() -> tuple[CardField, ...]:
    """List the fields that every object gets."""
    return fields_of(template("objects/person.object").encode())


def fields_of(content: bytes | None) -> tuple[CardField, ...]:
    """List the fields that the file of an object declares.

    Args:
        content: The file; none where the org has nothing to tell.
    """
    if content is None:
        return ()
    root = read_xml(content, "the fields of an object")
    return tuple(_field(element) for element in root.iter(f"{NAMESPACE}fields"))


def _field(element: ET.Element) -> CardField:
    def text(name: str, absent: str) -> str:
        return element.findtext(NAMESPACE + name, absent)

    return CardField(
        name=text("fullName", ""),
        label=text("label", ""),
        type=text("type", ""),
        length=int(length) if (length := text("length", "0").strip()).isdecimal() else 0,
        external_id=text("externalId", "false") == "true",
        formula=element.find(f"{NAMESPACE}formula") is not None,
    )
