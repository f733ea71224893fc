"""Settings of the sync, from environment variables `SALESMANAGO_SYNC_<NAME>`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from salesmanago_sync.errors import ConfigurationError, Fault

PREFIX = "SALESMANAGO_SYNC_"
SHIPPED_MAPPINGS = Path(__file__).parents[2] / "include" / "mappings"


class Settings(BaseSettings):
    """How the sync runs; every setting has a default that suits most accounts."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    mappings: Path = Field(SHIPPED_MAPPINGS, description="Folder of the mapping files")
    staging: str | None = Field(
        None, description="Where frames travel between tasks: a local folder, or a bucket such as s3://bucket/staging"
    )
    fail_on: Literal["new", "open", "never"] = Field("new", description="Which issues make the report task fail")
    certificates: str | None = Field(
        None, description="Where certificates are kept: a local folder, or a bucket such as s3://bucket/certificates"
    )
    overlap_seconds: int = Field(600, ge=0, description="How far before the watermark a window begins")
    settle_seconds: int = Field(30, ge=0, description="How far before the server's clock a window ends")
    lock_wait_seconds: int = Field(1800, ge=0, description="How long a run started by hand waits for another run")
    people_per_task: int = Field(2000, ge=200, description="How many people one write task takes")
    people_per_part: int = Field(
        50_000, ge=1, description="How many people one task plans; more of them only where they must be seen together"
    )
    contacts_per_task: int = Field(
        20_000, ge=1, description="How many contacts one task reads; more of them only where Airflow allows fewer tasks"
    )
    bulk_above: int = Field(
        2000, ge=1, description="Lists of more Salesforce records than this are read through the Bulk API"
    )
    org_check_seconds: int = Field(
        3600,
        ge=0,
        description="How long scheduled runs rely on what Salesforce said of its fields and of Account Name, while org "
        "and mappings are the same and no run fails; 0 asks in each run",
    )
    history_days: int = Field(90, ge=1, description="How long runs, changes and closed issues are kept")
    consent_sweep_per_run: int = Field(
        2000,
        ge=0,
        description="How many contacts not looked at lately an incremental sync reads once more, for opt-outs",
    )
    vanished_percent: int = Field(
        10,
        ge=0,
        le=100,
        description="A run stops before it writes if more of the bound people it looks at cannot be found at all",
    )
    ask: Literal["always", "first", "limits", "never"] = Field(
        "first",
        description="When a run asks before it writes: always, before the first full sync and beyond the limits, "
        "beyond the limits only, or never",
    )
    approval_hours: int = Field(
        24, ge=1, le=720, description="How long a run waits for the answer; without one it writes nothing"
    )
    limit_creates: int = Field(1000, ge=0, description="How many people a run creates without asking")
    limit_without_partner_percent: int = Field(
        50, ge=0, description="How many people who match nobody a run creates without asking, in percent of those bound"
    )
    limit_overwrites_percent: int = Field(
        30, ge=0, description="Of how many people a run overwrites one field without asking, in percent of those bound"
    )
    limit_blanks: int = Field(100, ge=0, description="How many values a run empties without asking")
    limit_policy_opt_outs: int = Field(
        100, ge=0, description="How many people on_leave and on_delete opt out without asking"
    )
    limit_policy_tags: int = Field(
        1000, ge=0, description="How many people on_leave, on_delete and on_merge tag without asking"
    )
    limit_deletes: int = Field(50, ge=0, description="How many people on_delete and on_merge delete without asking")
    untouched_opt_outs: Literal["ask", "person", "default"] = Field(
        "ask",
        description="Whose opt-out it is where a contact was opted out since it was made, and the sync remembers "
        "nothing: a person's, or the account's default; ask stops the run where nearly all such contacts are opted out",
    )
    consent_after_seconds: int = Field(
        1200,
        ge=0,
        description="How old the last synchronisation may be before salesmanago_consent carries opt-outs by itself",
    )
    requests_per_second: int = Field(
        5, ge=1, le=1000, description="How fast SALESmanago may be asked, by all tasks together"
    )
    export_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts, as a JSON list, that files of SALESmanago's exports may be on beside those of the "
        "Endpoint's domain",
    )
    salesmanago_calls_per_day: int | None = Field(
        None, ge=1, description="How many API calls a day your SALESmanago contract allows; shown, not enforced"
    )
    notifier: str | None = Field(None, description="Class of the Airflow notifier that is told when a run fails")
    notifier_arguments: dict[str, Any] = Field({}, description="Its arguments, as a JSON object")

    @property
    def overlap(self) -> timedelta:
        """How far before the watermark a window begins: late commits keep an older stamp than the commit."""
        return timedelta(seconds=self.overlap_seconds)

    @property
    def settle(self) -> timedelta:
        """How far before the server's clock a window ends."""
        return timedelta(seconds=self.settle_seconds)


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: A variable has a value that cannot be used; all of them are named.
    """
    try:
        return Settings()
    except SettingsError as error:  # a list or an object that is no JSON
        name = f"{PREFIX}{str(error).partition(chr(34))[2].partition(chr(34))[0].upper()}"
        raise ConfigurationError([Fault(name, "is no JSON.", 'Write an object, such as {"a": "b"}.')]) from None
    except ValidationError as error:
        faults = [
            Fault(f"{PREFIX}{str(item['loc'][0]).upper()}", f"{item['msg']}.", "Correct the environment variable.")
            for item in error.errors(include_input=False)
        ]
        raise ConfigurationError(faults) from None
