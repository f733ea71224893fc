"""Options of the commands: what each is called and what its help says."""

from __future__ import annotations

from typing import Any

from airflow.cli.cli_config import Arg

PEOPLE = ("Lead", "Contact", "PersonAccount")


# More than any ledger holds.
MOST_ROWS = 10**9


def _option(*flags: str, **how: Any) -> Arg:
    return Arg(flags, **how)  # type: ignore[no-untyped-call]  # Airflow gives it no types


def _positive(text: str) -> int:
    number = int(text)
    if not 0 < number <= MOST_ROWS:
        raise ValueError(text)
    return number


_positive.__name__ = "whole number from 1"  # argparse says: invalid … value


def _listed(text: str) -> tuple[str, ...]:
    names = tuple(one.strip() for one in text.split(","))
    if "" in names:  # nothing named would mean everything
        raise ValueError(text)
    return names


_listed.__name__ = "list of names"

PAIR = _option("--pair", help="Which pair of accounts (default: the first)", default="default", metavar="NAME")
DIRECTORY = _option("directory", metavar="DIR", help="A folder in or below the DAGs folder")
FOLDER = _option("--folder", help="Folder of the mapping files (default: that of the sync)")
LIVE = _option("--live", help="Compare with the org too: fields, types, permissions", action="store_true")
FORCE = _option("--force", help="Overwrite a file that is there", action="store_true")
OBJECT = _option("object", help="The Salesforce object", choices=PEOPLE)

FULL = _option(
    "--full",
    help="Everybody who meets the criteria (Initial Sync), not only what changed (Instant Sync)",
    action="store_true",
)
OBJECTS = _option(
    "--object", help="Only this object; may be given several times", action="append", choices=PEOPLE, metavar="OBJECT"
)
DIRECTION = _option("--direction", help="Write one side only", choices=("both", "to_salesmanago", "to_salesforce"))
SINCE = _option(
    "--since", help="Read changes since this time, with its time zone, in place of the last synchronisation"
)
EMAILS = _option(
    "--email",
    help="Only this person; may be given several times; - reads addresses from standard input",
    action="append",
)
PERSON_IDS = _option(
    "--id", help="Only this person, by Salesforce Id or contactId; may be given several times", action="append"
)
FIELDS = _option(
    "--fields",
    help="With --full: only these SALESmanago fields, separated by commas, of people who are on both sides",
    type=_listed,
    default=(),
    metavar="FIELDS",
)
REPAIR = _option("--repair", help="Synchronise anew whoever has an unexplained difference", action="store_true")
CANARY = _option(
    "--canary",
    help="Write so many people first, and the others only if these hold what was planned",
    type=_positive,
    metavar="PEOPLE",
)
DRY_RUN = _option("--dry-run", help="Plan only; write nothing", action="store_true")
UNPAUSE = _option(
    "--unpause",
    help="Switch the DAG on first, where it is paused; it stays on, and so does its schedule",
    action="store_true",
)
NO_WAIT = _option("--no-wait", help="Start the run and do not follow it", action="store_true")
RUN = _option("--run", help="A past run: its number in the ledger, or last; without it a dry run is made")
TRY_MAPPINGS = _option(
    "--mappings",
    help="Try the mapping files of this folder on a sample, beside the present ones, in place of a run",
    metavar="DIR",
)
SAMPLE = _option(
    "--sample",
    help="With --mappings: how many people of each object are looked at (default: 20, at most 200)",
    type=_positive,
    default=20,
)
FIELD = _option("--field", help="Only changes of this SALESmanago field", default="")
RULE = _option("--rule", help="Only changes that this rule decided", default="")
CHANGE_KIND = _option("--action", help="Only changes of this kind", choices=("create", "update"), default="")
CHANGE_STATE = _option(
    "--state", help="Only changes with this end", choices=("planned", "done", "failed", "dropped"), default=""
)
LIMIT = _option("--limit", help="How many rows at most (default: 1000)", type=_positive, default=1000)
ISSUE_ACTION = _option(
    "action",
    help="What to do (default: list)",
    nargs="?",
    choices=("list", "count", "retry", "dismiss", "decide"),
    default="list",
)
TAKE = _option("--take", help="decide: the side whose value counts", choices=("salesforce", "salesmanago"), default="")
VALUE = _option("--value", help="decide: another value for both sides; an empty one empties the field")
DECIDE_ALL = _option(
    "--apply",
    help="decide: do so for everything that the filter finds; without this it is only counted",
    action="store_true",
)
IDS = _option("--id", help="Only this issue; may be given several times", type=int, action="append")
REASON = _option("--reason", help="Only issues of this reason code", default="")
ISSUE_OBJECT = _option("--object", help="Only issues of this object", choices=PEOPLE, default="")
ISSUE_STATE = _option(
    "--state", help="Only issues in this state (default: open)", choices=("open", "dismissed", "closed"), default="open"
)
SEARCH = _option("--search", help="Only issues with this in an id, a field or the text", default="")
CSV = _option("--csv", help="Write a CSV file in place of rows; - is standard output")
CHECK = _option("--check", help="Show the differences only (default); with --undo: those of undo", action="store_true")
APPLY = _option("--apply", help="Deploy to Salesforce", action="store_true")
RUN_TO_UNDO = _option("run", help="The run to undo: its number in the ledger, or last")
UNDO_FIELD = _option("--field", help="Only this SALESmanago field", default="")
UNDO_RECORD = _option("--record", help="Only this person, by Salesforce Id or contactId", default="")
UNDO_APPLY = _option("--apply", help="Write it; without this it is only shown", action="store_true")
UNDO_SHOWN = _option(
    "--shown", help="Put back only what this run, a dry run of the same undo, has shown", type=int, default=None
)
PROBE_APPLY = _option("--apply", help="Make the contacts and ask; without this it is only shown", action="store_true")
PROBE_REMOVE = _option(
    "--remove", help="Remove the throw-away contacts that earlier probes left behind", action="store_true"
)
DELETE_CREATED = _option(
    "--delete-created", help="Delete what the run created, where nobody has edited it since", action="store_true"
)
UNDO = _option("--undo", help="Give the layouts and their assignments back what they were", action="store_true")
LAYOUTS = _option(
    "--layout",
    help="Only this layout, as 'Lead Layout'; SALESmanago makes a new one; may be given several times",
    action="append",
)
PROFILES = _option(
    "--profile",
    help="Who sees the new layout: 'Standard User', or 'Standard User:Lead.Record_Type'; may be given several times",
    action="append",
)
DELETE_FIELDS = _option(
    "--delete-fields", help="With --undo: delete the fields too, with everything in them", action="store_true"
)
PERSON = _option(
    "person", help="A Salesforce Id, a SALESmanago contactId or an e-mail address; - reads it from standard input"
)
AT = _option("--at", help="What both sides held on this day (its end, UTC) or at this moment, from the ledger alone")
PEOPLE_TO_FORGET = _option(
    "people",
    help="Salesforce Ids, SALESmanago contactIds or e-mail addresses; - reads them from standard input, one a line",
    nargs="+",
)
