"""Settings of the sync, from environment variables `SALESMANAGO_SYNC_<NAME>`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from salesmanago_sync import shipped
from salesmanago_sync.domain.probe.people import DOMAIN
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.pair import FIRST, Pair
from salesmanago_sync.pair_files import VARIABLE as PAIRS
from salesmanago_sync.schedules import DEFAULTS, schedule_faults, setting_of

PREFIX = "SALESMANAGO_SYNC_"
# Read by docker-compose.yaml, and by nothing inside a container.
IMAGE = "SALESMANAGO_SYNC_IMAGE"


def usual_mappings() -> Path:
    """Say where mapping files are looked for first: in the source tree, else in `include` of the Airflow home."""
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    return home / "include" / "mappings" if shipped.IN_A_WHEEL else shipped.MAPPINGS


class Settings(BaseSettings):
    """How the sync runs; every setting has a default that suits most accounts.

    Descriptions are the rows of docs/reference.md (`make tables`): Markdown, its links as from there.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    mappings: Path = Field(
        default_factory=usual_mappings,
        description="Folder of the mapping files. Without it `include/mappings`, or [beside the DAG "
        "files](mapping.md).",
    )
    staging: str | None = Field(
        None,
        description="Where rows travel between tasks: a folder or a bucket. Several machines need a shared one. "
        "Without it `salesmanago_sync_staging` in the Airflow home.",
    )
    fail_on: Literal["new", "open", "never"] = Field(
        "new",
        description="Which issues make `report` red: `new` ones, all `open` ones, or `never`. A run that did not "
        "come to its end is red in any case.",
    )
    certificates: str | None = Field(
        None,
        description="Where [certificates](certificate.md) are kept: a folder or a bucket. Several machines need a "
        "shared one. Without it `salesmanago_certificates` in the Airflow home.",
    )
    overlap_seconds: int = Field(600, ge=0, description="How far before the watermark a window begins.")
    settle_seconds: int = Field(30, ge=0, description="How far before the service's clock a window ends.")
    lock_wait_seconds: int = Field(1800, ge=0, description="How long a run started by hand waits for another one.")
    people_per_task: int = Field(2000, ge=200, description="How many people one `write` task takes; at least 200.")
    people_per_part: int = Field(
        50_000,
        ge=1,
        description="How many people one `plan` task takes. More only where they must be decided about together: "
        "one address, one binding, one chain of ids.",
    )
    contacts_per_task: int = Field(
        20_000,
        ge=1,
        description="How many contacts one `extract_contacts` task reads. More only where Airflow's "
        "`max_map_length` allows fewer tasks.",
    )
    bulk_above: int = Field(
        2000,
        ge=1,
        description="Lists of more Salesforce records than this are read by a job of Bulk API 2.0, shorter ones "
        "in pages of the REST API: [how it works](how-it-works.md#long-lists).",
    )
    org_check_seconds: int = Field(
        3600,
        ge=0,
        description="How long scheduled runs rely on what Salesforce said of its fields and of Account Name: [how "
        "it works](how-it-works.md#an-idle-run). 0 asks in each run.",
    )
    history_days: int = Field(
        90,
        ge=1,
        description="How long the ledger keeps runs, their changes, closed issues, and values of people who are "
        "gone on both sides.",
    )
    consent_sweep_per_run: int = Field(
        2000,
        ge=0,
        description="How many contacts that were not looked at for half a day an incremental sync reads once "
        "more, for opt-outs that mark nothing as changed. At 96 runs a day the default looks at "
        "190,000 people.",
    )
    vanished_percent: int = Field(
        10,
        ge=0,
        le=100,
        description="A run stops before it writes if more of the bound people it looks at cannot be found at all, "
        "20 people excepted: a permission was probably lost. So does a full sync if SALESmanago "
        "leaves more of them out of its list of all contacts.",
    )
    ask: Literal["always", "first", "limits", "never"] = Field(
        "first",
        description="When a run asks before it writes: `always`, before the `first` full sync and beyond the "
        "limits, beyond the `limits` only, or `never`: [a run that "
        "asks](operations.md#a-run-that-asks).",
    )
    approval_hours: int = Field(
        24, ge=1, le=720, description="How long a run waits for the answer; without one it writes nothing."
    )
    limit_creates: int = Field(
        1000,
        ge=0,
        description="How many people a run creates without asking. This and the next six count for each object "
        "and direction.",
    )
    limit_without_partner_percent: int = Field(
        50,
        ge=0,
        description="How many people who match nobody a run creates without asking, in percent of the people of "
        "the object who are bound; up to 100 people never ask.",
    )
    limit_overwrites_percent: int = Field(
        30,
        ge=0,
        description="Of how many people a run overwrites one field without asking, in percent of those bound; up "
        "to 100 people never ask.",
    )
    limit_blanks: int = Field(100, ge=0, description="How many values a run empties without asking.")
    limit_policy_opt_outs: int = Field(
        100, ge=0, description="How many people `on_leave` and `on_delete` opt out without asking."
    )
    limit_policy_tags: int = Field(
        1000, ge=0, description="How many people `on_leave`, `on_delete` and `on_merge` tag without asking."
    )
    limit_deletes: int = Field(
        50, ge=0, description="How many people `on_delete` and `on_merge` delete without asking."
    )
    untouched_opt_outs: Literal["ask", "person", "default"] = Field(
        "ask",
        description="Whose opt-out it is where only the contact is opted out, nobody has edited it, and the ledger "
        "does not know it: a `person`'s, or the account's `default`. `ask` takes it for the default after a "
        "lost ledger; before a first synchronisation it counts it as a person's, and stops the run before it writes "
        "where nine in ten such contacts are opted out.",
    )
    consent_after_seconds: int = Field(
        1200,
        ge=0,
        description="How old the last synchronisation may be before `salesmanago_consent` carries opt-outs by itself.",
    )
    requests_per_second: int = Field(
        5,
        ge=1,
        le=1000,
        description="How fast SALESmanago may be asked, by all tasks together: "
        "[rate](how-it-works.md#one-rate-for-the-account).",
    )
    export_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts, as a JSON list, that files of SALESmanago's exports may be on beside those of the "
        "Endpoint's domain.",
    )
    probe_domain: str = Field(
        DOMAIN,
        pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        description="Domain of the throw-away contacts of [the probe](probe.md). Nobody receives mail at the "
        "default, which is reserved for examples.",
    )
    probe_days: int = Field(
        180,
        ge=0,
        description="For how many days the sync goes by an answer of [the probe](probe.md). With 0 it goes by none.",
    )
    salesforce_reserve_percent: int = Field(
        20,
        ge=0,
        le=100,
        description="How much of the daily API calls of the Salesforce org is kept for others, in percent: "
        "[reserve](how-it-works.md#calls-are-left-to-others). 0 keeps nothing.",
    )
    salesmanago_calls_per_day: int | None = Field(
        None,
        ge=1,
        description="How many API calls a day your SALESmanago contract allows. The page shows the calls against "
        "it; nothing enforces it.",
    )
    may_edit_mappings: bool = Field(
        False,
        description="Whether the page *Mapping workbench* may replace mapping files, for those who may set the date "
        "of the last synchronisation: [change a mapping safely](change-a-mapping.md).",
    )
    docs: str | None = Field(
        None,
        pattern=r"^https?://[^\s\"'<>]+$",
        description="Where your copy of these pages is served, the site that `make docs` builds: the help of each page "
        "of *CRM sync* then links to its part. Without it the help has its own words only.",
    )
    export: str | None = Field(
        None,
        description="Where `salesmanago_export` puts [runs, changes and issues](production.md#into-a-warehouse): a "
        "folder or a bucket. Without it nothing is exported.",
    )
    export_values: bool = Field(
        False,
        description="Whether what is exported has people's data too: old and new values, texts of issues.",
    )
    notifier: str | None = Field(
        None, description="Class of the Airflow notifier that is told when a run fails or asks: [notifier](#notifier)."
    )
    notifier_arguments: dict[str, Any] = Field({}, description="Its arguments, as a JSON object.")

    @property
    def overlap(self) -> timedelta:
        """How far before the watermark a window begins: late commits keep an older stamp than the commit."""
        return timedelta(seconds=self.overlap_seconds)

    @property
    def settle(self) -> timedelta:
        """How far before the server's clock a window ends."""
        return timedelta(seconds=self.settle_seconds)


def load_settings(pair: Pair) -> Settings:
    """Read what the file of the pair says, and the environment for the rest.

    Args:
        pair: Whose settings.

    Raises:
        ConfigurationError: A value cannot be used, or the file has a setting that does not exist; all of them are
            named.
    """
    faults = list(_unknown_settings(pair))
    given = {name: value for name, value in pair.settings.items() if name in Settings.model_fields}
    try:
        found = Settings(**_placed(pair, given))
    except SettingsError as error:  # a list or an object that is no JSON
        name = f"{PREFIX}{str(error).partition(chr(34))[2].partition(chr(34))[0].upper()}"
        raise ConfigurationError([Fault(name, "is no JSON.", 'Write an object, such as {"a": "b"}.')]) from None
    except ValidationError as error:
        wrong = {str(item["loc"][0]): f"{item['msg']}." for item in error.errors(include_input=False)}
        faults += [_wrong(pair, name, what, in_file=name in given) for name, what in wrong.items()]
        raise ConfigurationError(faults) from None
    if faults:
        raise ConfigurationError(faults)
    return found


def _placed(pair: Pair, given: dict[str, Any]) -> dict[str, Any]:
    """Find the mapping files of a pair from its file on: each pair has its own, unless it names those of another."""
    if pair.file is None:
        return given
    named = given.get("mappings", pair.name)
    # What is no text is told by its type.
    return {**given, "mappings": pair.file.parent / Path(named).expanduser() if isinstance(named, str) else named}


def _wrong(pair: Pair, name: str, what: str, *, in_file: bool) -> Fault:
    if in_file:
        return Fault(f"{pair.file} settings.{name}", what, "Correct the file.")
    return Fault(f"{PREFIX}{name.upper()}", what, "Correct the environment variable.")


def _unknown_settings(pair: Pair) -> Iterator[Fault]:
    names = {*Settings.model_fields, *map(setting_of, DEFAULTS)}
    for name in pair.settings:
        if name not in names:
            guess = _guess(str(name), names, "")
            yield Fault(f"{pair.file} settings.{name}", "is no setting of the sync: nobody reads it.", guess)


def environment_faults(pair: Pair = FIRST) -> list[Fault]:
    """Find variables of the sync that nobody reads, and schedules that cannot be used.

    Args:
        pair: Whose schedules.
    """
    return [*_unknown_names(), *schedule_faults(pair)]


def _unknown_names() -> Iterator[Fault]:
    names = {name.upper() for name in Settings.model_fields}
    names |= {name.removeprefix(PREFIX) for name in (*DEFAULTS, IMAGE, PAIRS)}
    for variable in sorted(os.environ):
        name = variable.upper().removeprefix(PREFIX)
        # The names of settings are read in either case, as is usual in pydantic.
        if variable.upper().startswith(PREFIX) and name not in names:
            guess = _guess(name, names, PREFIX)
            yield Fault(variable, "is no setting of the sync: nobody reads it.", f"{guess} Rename it, or remove it.")


def _guess(name: str, names: Iterable[str], prefix: str) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {prefix}{near[0]}?" if near else "docs/reference.md lists those that there are."
