"""What a run was asked to do: its Params, validated again in the task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.explain.person_key import read_person_key
from salesmanago_sync.domain.frames import text_series
from salesmanago_sync.domain.mapping_files.mapping import ObjectName
from salesmanago_sync.errors import ConfigurationError, Fault

# How to write what is often written wrongly.
EXAMPLES = {
    "since": "Write it with its time zone, as 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00.",
    "ids": "Write them as the pages show them.",
}

Mode = Literal["full", "incremental", "audit", "undo"]


class Request(BaseModel):
    """The Params of a run.

    Attributes:
        objects: The objects to synchronise; none means every enabled mapping.
        direction: Which sides may be written.
        dry_run: Whether to plan only.
        since: Where the window begins, in place of the watermark.
        emails: Only these people, by address.
        ids: Only these people, by Salesforce Id of 18 characters or contactId.
        fields: Of a full sync: only these fields, of people who are on both sides.
        canary: So many people are written first, and read back, before anybody else is written.
        repair: Of an audit: whether to synchronise anew whoever it finds unexplained.
        run: Of an undo: the number of the run to undo.
        field: Of an undo: only this field.
        record: Of an undo: only this person, by Salesforce Id or contactId.
        delete_created: Of an undo: whether what the run created is deleted.
        shown: Of an undo: the number of its dry run; only what that one has shown goes back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objects: tuple[ObjectName, ...] = ()
    direction: Literal["both", "to_salesmanago", "to_salesforce"] = "both"
    dry_run: bool = False
    since: AwareDatetime | None = None
    emails: tuple[str, ...] = Field((), repr=False)
    ids: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    canary: int | None = Field(None, ge=1, le=2000)
    repair: bool = False
    run: int | None = Field(None, ge=1)
    field: str = ""
    record: str = ""
    delete_created: bool = False
    shown: int | None = Field(None, ge=1)

    @field_validator("objects", "emails", "ids", "fields", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return () if value is None else value

    @field_validator("emails", mode="after")
    @classmethod
    def _usable(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        addresses = normalise_email(text_series(values))
        if addresses.isna().any():
            number = int(addresses.isna().to_numpy().argmax()) + 1
            raise ValueError(f"address {number} is not a usable e-mail address")
        return tuple(dict.fromkeys(addresses))

    @field_validator("ids", mode="after")
    @classmethod
    def _spelled(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        try:
            keys = [read_person_key(value) for value in values]
        except ConfigurationError:
            keys = []
        if len(keys) != len(values) or any(key.kind == "email" for key in keys):
            raise ValueError("not all of them are Salesforce Ids of 15 or 18 characters or contactIds")
        return tuple(dict.fromkeys(key.value for key in keys))

    @property
    def of_people(self) -> bool:
        """Whether it is about some people only, changed or not."""
        return bool(self.emails or self.ids)

    @property
    def salesforce_ids(self) -> tuple[str, ...]:
        """The records that were asked for."""
        return tuple(name for name in self.ids if "-" not in name)

    @property
    def contact_ids(self) -> tuple[str, ...]:
        """The contacts that were asked for."""
        return tuple(name for name in self.ids if "-" in name)


class Run(BaseModel):
    """One run of the sync.

    Attributes:
        dag_id: The DAG.
        dag_run_id: Airflow's name of the run.
        mode: Everything, what changed, everything for a certificate, or what a run wrote, to undo it.
        scheduled: Whether the schedule started it.
        request: What it was asked to do.
        id: Its number in the ledger, once it has one.
        attempt: The number that it works under, once it has the lock.
        backfill: Whether it is one of many runs of a backfill.
    """

    model_config = ConfigDict(frozen=True)

    dag_id: str
    dag_run_id: str
    mode: Mode
    scheduled: bool
    request: Request
    id: int = 0
    attempt: int = 0
    backfill: bool = False

    @property
    def owner(self) -> str:
        """Who holds the lock."""
        return f"{self.dag_id}/{self.dag_run_id}"

    @property
    def reads_everybody(self) -> bool:
        """Whether it looks at everybody who meets the criteria, changed or not."""
        return self.mode in ("full", "audit") and not self.request.of_people

    @property
    def note(self) -> str:
        """A word about the run for others who wait for it."""
        return "dry run" if self.request.dry_run and self.mode in ("full", "incremental") else self.mode

    def restricted(self, watermark: datetime | None, enabled: Iterable[str]) -> bool:
        """Whether the run looks at a part only: then it never moves the watermark.

        Args:
            watermark: The earlier of both sides' watermarks.
            enabled: The objects with an enabled mapping.
        """
        request = self.request
        partial = bool(request.objects) and not set(request.objects) >= set(enabled)
        late = request.since is not None and (watermark is None or request.since > watermark)
        of_part = partial or request.of_people or bool(request.fields)
        return of_part or request.direction != "both" or late


def read_request(params: Mapping[str, Any]) -> Request:
    """Validate the Params of a run.

    Raises:
        ConfigurationError: With every Param that is wrong.
    """
    try:
        return Request.model_validate(dict(params))
    except ValidationError as error:
        faults = [
            Fault(
                f"Param {'.'.join(str(part) for part in item['loc'])}",
                f"{item['msg'].removeprefix('Value error, ')}.",
                EXAMPLES.get(str(item["loc"][0]), "Correct it and run again."),
            )
            for item in error.errors(include_input=False)
        ]
        raise ConfigurationError(faults) from None


def utc(moment: datetime) -> str:
    """Spell a moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
