"""What a run was asked to do: its Params, validated again in the task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.frames import text_series
from salesmanago_sync.domain.mapping import ObjectName
from salesmanago_sync.errors import ConfigurationError, Fault


class Request(BaseModel):
    """The Params of a run.

    Attributes:
        objects: The objects to synchronise; none means every enabled mapping.
        direction: Which sides may be written.
        dry_run: Whether to plan only.
        since: Where the window begins, in place of the watermark.
        emails: Only these people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objects: tuple[ObjectName, ...] = ()
    direction: Literal["both", "to_salesmanago", "to_salesforce"] = "both"
    dry_run: bool = False
    since: AwareDatetime | None = None
    emails: tuple[str, ...] = Field((), repr=False)

    @field_validator("objects", "emails", mode="before")
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


class Run(BaseModel):
    """One run of the sync.

    Attributes:
        dag_id: The DAG.
        dag_run_id: Airflow's name of the run.
        mode: Everything, or what changed.
        scheduled: Whether the schedule started it.
        request: What it was asked to do.
        id: Its number in the ledger, once it has one.
        attempt: The number that it works under, once it has the lock.
        backfill: Whether it is one of many runs of a backfill.
    """

    model_config = ConfigDict(frozen=True)

    dag_id: str
    dag_run_id: str
    mode: Literal["full", "incremental"]
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
    def note(self) -> str:
        """A word about the run for others who wait for it."""
        return "dry run" if self.request.dry_run else self.mode

    def restricted(self, watermark: datetime | None, enabled: Iterable[str]) -> bool:
        """Whether the run looks at a part only: then it never moves the watermark.

        Args:
            watermark: The earlier of both sides' watermarks.
            enabled: The objects with an enabled mapping.
        """
        request = self.request
        partial = bool(request.objects) and not set(request.objects) >= set(enabled)
        late = request.since is not None and (watermark is None or request.since > watermark)
        return partial or bool(request.emails) or request.direction != "both" or late


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
                f"Param {'.'.join(str(part) for part in item['loc'])}", f"{item['msg']}.", "Correct it and run again."
            )
            for item in error.errors(include_input=False)
        ]
        raise ConfigurationError(faults) from None


def utc(moment: datetime) -> str:
    """Spell a moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
