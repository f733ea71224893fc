"""The mapping of one object: what a mapping file means, as frozen models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator

from salesmanago_sync.domain.criteria.language import Criterion
from salesmanago_sync.domain.frames import as_text
from salesmanago_sync.domain.mapping_files.card_lines import CARD, CARD_LINES
from salesmanago_sync.domain.mapping_files.file import KeyPath, MappingFile, spell
from salesmanago_sync.domain.tags import JOINT, WIDE_JOINT, spell_tag
from salesmanago_sync.errors import Place

ObjectName = Literal["Lead", "Contact", "PersonAccount"]
# Where the records of an object are, by its API name; and the file of its mapping, as shipped and as started.
SOBJECTS: dict[str, str] = {"Lead": "Lead", "Contact": "Contact", "PersonAccount": "Account"}
FILES: dict[ObjectName, str] = {
    "Lead": "lead.yaml",
    "Contact": "contact.yaml",
    "PersonAccount": "person_account.yaml",
}
Direction = Literal["both", "to_salesmanago", "to_salesforce"]
ConflictRule = Literal["newest", "salesforce", "salesmanago", "hold"]
BlankRule = Literal["keep", "propagate"]

FILLER = "[not provided]"


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _as_texts(value: Any) -> Any:
    """Spell the values of a list as frames do: an unquoted 5 or true is a picklist value too."""
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    return tuple(_as_text(item) for item in value) if isinstance(value, list) else value


def _as_text(value: Any) -> Any:
    return as_text(value) if isinstance(value, bool | int | float) else value


def _as_tag(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if {JOINT, WIDE_JOINT} & {*value}:
        raise ValueError("a tag of the sync has no semicolon")
    return spell_tag(value)


def _kind(value: Any) -> str:
    return "criterion" if isinstance(value, dict | BaseModel) else "switch"


Scalar = bool | int | float | str
Text = Annotated[str, Field(min_length=1)]
ValueList = Annotated[
    Annotated[dict[str, str], Tag("map")] | Annotated[tuple[str, ...], Tag("list")],
    Discriminator(lambda value: "map" if isinstance(value, dict) else "list"),
    BeforeValidator(_as_texts, json_schema_input_type=dict[str, Scalar] | list[Scalar]),
]
SalesforceFields = Annotated[tuple[Text, ...], BeforeValidator(_as_list, json_schema_input_type=Text | list[Text])]
Switch = Annotated[
    Annotated[bool, Tag("switch")] | Annotated[Criterion, Tag("criterion")],
    Discriminator(_kind),
]


class Model(BaseModel):
    """A part of a mapping: frozen, and an unknown key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Entry(Model):
    """What an entry of `fields` and one of `details` share."""

    salesforce: SalesforceFields = Field(
        (), description="Salesforce field, or a list of fields; a parent as Account.Name"
    )
    convert: Text = Field("text", description="How the value is converted")
    blank: BlankRule = Field("keep", description="propagate: an emptied value empties the other side too")
    truncate: bool = Field(False, description="Cut a value that is too long for the other side")
    region: Text | None = Field(None, description="Country of numbers without a prefix, as PL")
    values: ValueList | None = Field(None, description="Value list, or Salesforce value: SALESmanago value")
    value: Scalar | None = Field(None, description="The constant")


class Line(_Entry):
    """One mapped field.

    Attributes:
        salesmanago: The SALESmanago target, which is the line's key.
    """

    salesmanago: Text = Field(description="SALESmanago field, properties.<name> or tags")
    direction: Direction = Field("both", description="Which way values travel")
    conflict: ConflictRule | None = Field(None, description="Who wins when both sides changed; default: the mapping's")

    @model_validator(mode="before")
    @classmethod
    def _email_is_converted_as_email(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("salesmanago") == "email":
            return {"convert": "email", **values}
        return values

    _places: dict[str, str] | None = PrivateAttr(None)

    @property
    def places(self) -> dict[str, str] | None:
        """What the org calls each country, by ISO code, once its describe was read."""
        return self._places

    def know_places(self, places: dict[str, str]) -> None:
        """Remember what the org calls each country."""
        self._places = places

    _states: dict[str, dict[str, str]] | None = PrivateAttr(None)

    @property
    def states(self) -> dict[str, dict[str, str]] | None:
        """What the org calls the states of each country, once its describe was read."""
        return self._states

    def know_states(self, states: dict[str, dict[str, str]]) -> None:
        """Remember what the org calls the states of each country."""
        self._states = states

    _single: bool = PrivateAttr(False)

    @property
    def single(self) -> bool:
        """Whether the Salesforce field holds one value of a list, as its describe says."""
        return self._single

    def know_single(self) -> None:
        """Remember that the Salesforce field holds one value of a list."""
        self._single = True

    @property
    def key(self) -> str:
        """The field key, unique in a mapping."""
        return self.salesmanago

    @property
    def to_salesforce(self) -> bool:
        """Whether values travel to Salesforce."""
        return self.direction != "to_salesmanago"

    @property
    def to_salesmanago(self) -> bool:
        """Whether values travel to SALESmanago."""
        return self.direction != "to_salesforce"

    def rule(self, mapping: Mapping) -> ConflictRule:
        """Say who wins when both sides changed."""
        return mapping.conflict if self.conflict is None else self.conflict


class Detail(_Entry):
    """A Salesforce value shown among the SALESmanago details; one way.

    Attributes:
        salesmanago: Name of the detail, without `properties.`.
    """

    salesmanago: Text = Field(description="Name of the detail")
    direction: Literal["to_salesmanago"] = Field("to_salesmanago", description="Details travel one way")

    @property
    def line(self) -> Line:
        """The same as a line of fields."""
        entry = self.model_dump(exclude_unset=True)
        return Line(**{**entry, "salesmanago": f"properties.{self.salesmanago}", "direction": "to_salesmanago"})


class Criteria(Model):
    """Which records take part, each side by its own fields."""

    salesforce: Criterion | None = Field(None, description="Salesforce records that take part")
    salesmanago: Criterion | None = Field(None, description="SALESmanago contacts that take part")


class Create(Model):
    """Where a person known to one side only is created."""

    in_salesmanago: bool = Field(True, description="Create SALESmanago contacts for Salesforce records")
    in_salesforce: Switch = Field(
        False,
        description="Create Salesforce records for SALESmanago contacts: true, false, or a criterion they must meet",
    )


class WhenEmpty(Model):
    """What to do when Salesforce requires a value and there is none."""

    action: Literal["fill", "skip"] = Field(
        description="fill: write a stand-in, read back as blank; skip: do not create"
    )
    value: Text = Field(FILLER, description="The stand-in")


def card_entries() -> tuple[tuple[KeyPath, Line], ...]:
    """Give the lines of the card, each with the key that adds it."""
    return tuple(
        (
            ("salesforce_card",),
            Line(
                salesforce=(field,),
                salesmanago=CARD + source,
                convert=convert,
                direction="to_salesforce",
                blank="propagate" if blank == "propagate" else "keep",
                truncate=source == "tags",
            ),
        )
        for field, source, convert, blank in CARD_LINES
    )


class OnDelete(Model):
    """What happens on one side to a person who was deleted on the other."""

    in_salesmanago: Literal["nothing", "tag", "opt_out", "delete"] = Field(
        "opt_out", description="What becomes of the SALESmanago contact when the Salesforce record is deleted"
    )
    in_salesforce: Literal["nothing", "tag", "opt_out", "delete"] = Field(
        "nothing", description="What becomes of the Salesforce record when the SALESmanago contact is deleted"
    )


class Mapping(Model):
    """The mapping of one object."""

    object: ObjectName = Field(description="The Salesforce object")
    enabled: bool | Literal["auto"] = Field(
        True, description="auto (PersonAccount only): taken where the org has Person Accounts"
    )
    criteria: Criteria = Field(Criteria(), description="Which records take part")
    create: Create = Field(Create(), description="Where a person known to one side only is created")
    company_when_empty: WhenEmpty = Field(
        WhenEmpty(action="skip"), description="Lead only: Salesforce requires Company"
    )
    last_name_when_empty: WhenEmpty = Field(WhenEmpty(action="skip"), description="Salesforce requires LastName")
    on_leave: Literal["pause", "tag", "opt_out"] = Field(
        "pause", description="What happens to a synchronised person who no longer meets the criteria"
    )
    leave_tag: Annotated[Text, BeforeValidator(_as_tag)] = Field(
        "LEFT_CRM_CRITERIA", description="The tag of on_leave: tag"
    )
    on_delete: OnDelete = Field(OnDelete(), description="What happens to a person who was deleted on one side")
    delete_tag: Annotated[Text, BeforeValidator(_as_tag)] = Field(
        "DELETED_IN_CRM", description="The tag of on_delete: tag"
    )
    on_merge: Literal["keep", "tag", "delete"] = Field(
        "tag", description="What becomes of the loser's contact when two synchronised records are merged in Salesforce"
    )
    merge_tag: Annotated[Text, BeforeValidator(_as_tag)] = Field(
        "MERGED_IN_CRM", description="The tag of on_merge: tag"
    )
    conflict: ConflictRule = Field("newest", description="Who wins when both sides changed a field")
    opt_in: Literal["keep_opt_out", "salesmanago"] = Field(
        "keep_opt_out", description="salesmanago: believe a person who subscribes again in SALESmanago"
    )
    salesforce_card: bool = Field(
        False, description="Keep the SALESmanago fields that salesmanago_setup made in Salesforce up to date"
    )
    accept_hidden_opt_out: bool = Field(
        False, description="Create SALESmanago contacts although the integration user cannot see who has opted out"
    )
    fields: tuple[Line, ...] = Field(min_length=1, description="Mapped fields")
    details: tuple[Detail, ...] = Field(
        (), description="Salesforce values shown among the SALESmanago details; one way"
    )

    _file: MappingFile | None = PrivateAttr(None)
    _is_whole: bool = PrivateAttr(True)

    def read_from(self, file: MappingFile, *, is_whole: bool = True) -> Mapping:
        """Remember the file, so that later faults can name its lines.

        Args:
            file: The file.
            is_whole: Whether nothing of it was left out for its faults.
        """
        self._file, self._is_whole = file, is_whole
        return self

    @property
    def is_whole(self) -> bool:
        """Whether nothing of its file was left out; of a part, what is missing says nothing."""
        return self._is_whole

    def where(self, path: KeyPath) -> Place:
        """Name the file, line and key of a path."""
        return Place("", key=f"{self.object} {spell(path)}".rstrip()) if self._file is None else self._file.where(path)

    @property
    def sobject(self) -> str:
        """The API name of the Salesforce object."""
        return SOBJECTS[self.object]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Fields and details in one list."""
        return tuple(line for _, line in self.entries)

    @property
    def entries(self) -> tuple[tuple[KeyPath, Line], ...]:
        """The lines, each with its place in the file."""
        fields = ((("fields", number), line) for number, line in enumerate(self.fields))
        details = ((("details", number), detail.line) for number, detail in enumerate(self.details))
        return (*fields, *details, *(card_entries() if self.salesforce_card else ()))

    @cached_property
    def email_line(self) -> Line:
        """The line that carries the e-mail address."""
        return next(line for line in self.lines if line.key == "email")

    def line(self, key: str) -> Line | None:
        """Find the line of a field key."""
        return next((line for line in self.lines if line.key == key), None)

    def country_beside(self, line: Line) -> Line | None:
        """Find the line of the country of the same address, for a line of a state."""
        [name] = line.salesforce
        prefix = name.removesuffix("Code").removesuffix("State")
        countries = {f"{prefix}Country", f"{prefix}CountryCode"}
        return next((one for one in self.lines if one.convert == "country" and countries & {*one.salesforce}), None)

    @cached_property
    def digest(self) -> str:
        """A hash of what the mapping means: not of comments, order, spelling or stated defaults."""
        return self.digest_of({line.key for line in self.lines})

    def digest_of(self, keys: Collection[str]) -> str:
        """Give the digest that the mapping would have with these of its lines only.

        Args:
            keys: Field keys; those without a line count for nothing.
        """
        meaning = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude={"enabled", "fields", "details"}
        )
        lines = [line.model_dump(mode="json", exclude_defaults=True) for line in self.lines if line.key in keys]
        meaning["lines"] = sorted(lines, key=lambda line: str(line["salesmanago"]))
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
