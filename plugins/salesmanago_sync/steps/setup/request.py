"""What a set-up was asked to do: its Params, validated again in the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from salesmanago_sync.domain.mapping_files.mapping import ObjectName
from salesmanago_sync.domain.setup.card import SECTION
from salesmanago_sync.errors import ConfigurationError, Fault


class SetupRequest(BaseModel):
    """The Params of a set-up.

    Attributes:
        objects: The objects that get the card; none means every one that the org has.
        layouts: The layouts that get the section; none means all of the objects. `SALESmanago` asks for a new one.
        profiles: Who sees the new layout: a profile, or `Profile:Object.Record_Type`.
        check_only: Whether to show the differences only.
        undo: Whether to take the section out again.
        delete_fields: Whether undo also deletes the fields, with everything in them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objects: tuple[ObjectName, ...] = ()
    layouts: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    check_only: bool = True
    undo: bool = False
    delete_fields: bool = False

    @field_validator("objects", "layouts", "profiles", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return () if value is None else value

    @model_validator(mode="after")
    def _fits_together(self) -> SetupRequest:
        if self.profiles and not self.new_layout and not self.undo:
            raise ValueError(f"profiles need layouts: [{SECTION}], the new layout that they are to see")
        if self.new_layout and not self.profiles and not self.undo:
            raise ValueError(f"the layout {SECTION} needs profiles, or nobody would see it")
        if self.delete_fields and not self.undo:
            raise ValueError("delete_fields is for undo only")
        if self.delete_fields and (self.objects or self.layouts):
            raise ValueError("delete_fields undoes everything: leave objects and layouts empty")
        return self

    @property
    def new_layout(self) -> bool:
        """Whether a layout of our own is asked for."""
        return any(name.casefold() == SECTION.casefold() for name in self.layouts)

    @property
    def named_layouts(self) -> tuple[str, ...]:
        """The existing layouts that were named."""
        return tuple(name for name in self.layouts if name.casefold() != SECTION.casefold())


def read_setup_request(params: Mapping[str, Any]) -> SetupRequest:
    """Validate the Params of a set-up.

    Raises:
        ConfigurationError: With every Param that is wrong.
    """
    try:
        return SetupRequest.model_validate(dict(params))
    except ValidationError as error:
        faults = [_fault(dict(item)) for item in error.errors(include_input=False)]
        raise ConfigurationError(faults) from None


def _fault(item: dict[str, Any]) -> Fault:
    name = ".".join(str(part) for part in item["loc"])
    what = str(item["msg"]).removeprefix("Value error, ")
    return Fault(f"Param {name}" if name else "Params", f"{what}.", "Correct it and run again.")
