"""What the control port understands: the bodies of its requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class ControlOrder(BaseModel):
    """A body of the control port; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class ClockMove(ControlOrder):
    """How many seconds the clock is moved."""

    advance: float


class NewField(ControlOrder):
    """A custom field for an object: name, type, length and so on, as describe names them."""

    sobject: str
    field: dict[str, Any]


class Conversion(ControlOrder):
    """Into which account and contact a lead is converted; new ones where none is named."""

    account: str | None = None
    contact: str | None = None


class Merge(ControlOrder):
    """One or two records that are merged into another, and what the winner takes over."""

    losers: list[str]
    changes: dict[str, Any] = {}


class HostileLayout(ControlOrder):
    """A page layout that is hard to edit.

    Attributes:
        kind: `many` items, an `unknown` element of a later release, `namespaced` fields, `special` characters in the
            name, a section of the same name in another case (`cased`), or one of a `managed` package.
        owner: Its object.
    """

    kind: Literal["many", "unknown", "namespaced", "special", "cased", "managed"]
    owner: Literal["Lead", "Contact", "Account", "PersonAccount"]


class NewSession(ControlOrder):
    """The user of a session that is opened without a log-in."""

    user: str


class SalesforceSettings(ControlOrder):
    """Switches of the Salesforce side.

    Attributes:
        bulk_enabled: Whether the user may make Bulk jobs.
        duplicate_rules: By object: `alert`, which a header lets pass, or `block`.
        duplicate_key: How an answer spells the key of its matches; null goes by the API version.
        custom_field_limit: Custom fields that an object may have; null goes by the edition.
        known_elements: Metadata elements that this org knows besides those of the twin's table.
        list_twice: Whether the answer to a query names every record twice.
        keeps: What a trigger of the org makes of a text that the API writes.
    """

    person_accounts: bool = True
    state_country_picklists: bool = False
    api_enabled: bool = True
    bulk_enabled: bool = True
    null_mode: Literal["include", "strict"] = "include"
    hidden_fields: dict[str, list[str]] = {}
    read_only_fields: dict[str, list[str]] = {}
    organization_type: str = "Developer Edition"
    permissions: dict[str, bool] = {}
    daily_limit: int = Field(default=15_000, ge=0)
    page_size: int = Field(default=2_000, ge=1)
    is_sandbox: bool = False
    duplicate_rules: dict[Literal["Lead", "Contact", "Account"], Literal["alert", "block"]] = {}
    duplicate_key: Literal["duplicateResult", "duplicateResut"] | None = None
    custom_field_limit: int | None = Field(default=None, ge=0)
    known_elements: list[str] = []
    list_twice: bool = False
    keeps: Literal["as_sent", "upper"] = "as_sent"


class SalesmanagoSettings(ControlOrder):
    """Switches for what the sources on SALESmanago do not settle.

    Attributes:
        clear: What empties a field: an empty text, only null, or nothing.
        address_parts: What becomes of the parts of an address that a write leaves out.
        tag_case: How tags are kept and compared: in upper case, as sent and without regard to case, or as they are.
        address_case: Whether one address in two spellings is one contact.
        bounds: Which bounds of a time span belong to it.
        export: Whether there is the export of all contacts.
        shown_after: How many look-ups by address still show a contact as it was before a write.
        tags_move_clock: Whether a change of tags moves `modifiedOn`.
        optout_moves_clock: Whether a change of consent moves `modifiedOn`.
        bad_rows: How a batch reports a row that it cannot write.
        new_opted_out: Whether a new contact without opt flags is opted out.
        max_length: Longest text of a field.
        users: E-mails of the account's users.
        strict_time: Whether an old `requestTime` is refused.
        job_polls: How many polls find a new job unfinished.
        null_contact_data: Whether the first entry of an export has nothing but nulls.
        list_limit: How many contacts a list without pages names at most; null does not cut it.
        page_limit: How many contacts a page names at most, whatever was asked for; the rest of it is lost.
        list_twice: Whether lists name everybody twice.
        keeps: What becomes of a text on its way in.
        cut_at: At how many characters a text is cut on its way in; null means nowhere.
    """

    clear: Literal["clears", "null", "ignored"] = "clears"
    address_parts: Literal["kept", "emptied"] = "kept"
    tag_case: Literal["upper", "folds", "minds"] = "upper"
    address_case: Literal["folds", "minds"] = "folds"
    bounds: Literal["both", "from", "to", "neither"] = "both"
    export: Literal["there", "refused"] = "there"
    shown_after: int = Field(default=0, ge=0)
    tags_move_clock: bool = False
    optout_moves_clock: bool = True
    bad_rows: Literal["missing", "null", "refuse_all"] = "missing"
    new_opted_out: bool = False
    max_length: int = Field(default=255, ge=1)
    users: list[str] = []
    strict_time: bool = False
    job_polls: int = Field(default=1, ge=0)
    null_contact_data: bool = False
    list_limit: int | None = Field(default=None, ge=1)
    page_limit: int | None = Field(default=None, ge=1)
    list_twice: bool = False
    keeps: Literal["as_sent", "trimmed", "upper"] = "as_sent"
    cut_at: int | None = Field(default=None, ge=1)


class Address(ControlOrder):
    """The address of a contact."""

    streetAddress: str | None = None  # noqa: N815 - the service's spelling
    zipCode: str | None = None  # noqa: N815
    city: str | None = None
    country: str | None = None


class ContactEdit(ControlOrder):
    """A contact as a person sees it on the card; only the given keys are changed.

    Attributes:
        birthday: `yyyyMMdd` or `MMdd`.
        tags: All tags of the contact.
        properties: Standard details to set; null removes one.
        createdOn: Milliseconds; the present time when absent.
        modifiedOn: Milliseconds; the present time when absent.
    """

    email: Annotated[str, StringConstraints(min_length=1)] = ""
    name: str | None = None
    phone: str | None = None
    fax: str | None = None
    company: str | None = None
    externalId: str | None = None  # noqa: N815 - the service's spelling
    state: Literal["CUSTOMER", "PROSPECT", "PARTNER", "OTHER", "UNKNOWN"] = "PROSPECT"
    address: Address = Address()
    province: str | None = None
    birthday: Annotated[str, StringConstraints(pattern=r"^(\d{4})?\d{4}$")] | None = None
    optedOut: bool = False  # noqa: N815
    optedOutPhone: bool = False  # noqa: N815
    score: int = 0
    deleted: bool = False
    invalid: bool = False
    mainContactOwner: str | None = None  # noqa: N815
    tags: list[str] = []
    properties: dict[str, str | None] = {}
    createdOn: int | None = None  # noqa: N815
    modifiedOn: int | None = None  # noqa: N815
