"""The commands below `airflow salesmanago`: names, options and help.

Every call of `airflow` imports this module, so it imports nothing heavy; what a command does is loaded when it runs.
"""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE, ActionCommand, Arg, GroupCommand, lazy_load_command

from salesmanago_sync.cli import options

EXIT_CODES = """\
exit codes:
  0    everything is well
  1    a fault: the message says what and what to do
  2    the command was written wrongly
  3    the sync did its work, and some records need a person
  130  you stopped looking (Ctrl-C); a run that was started goes on
"""


def _action(name: str, module: str, function: str, help: str, *args: Arg, description: str = "") -> ActionCommand:
    return ActionCommand(
        name=name,
        help=help,
        description=description or help,
        func=lazy_load_command(f"salesmanago_sync.cli.{module}.{function}"),
        args=(*args, options.PAIR, ARG_OUTPUT, ARG_VERBOSE),
        epilog=EXIT_CODES,
    )


MAPPING_COMMANDS = (
    _action(
        "check",
        "mapping",
        "check",
        "Check the mapping files",
        options.FOLDER,
        options.LIVE,
        description="Check the mapping files: every fault of every file, with file, line, key and the valid choices.",
    ),
    _action(
        "init",
        "mapping",
        "init",
        "Write a first mapping file of an object",
        options.OBJECT,
        options.FOLDER,
        options.FORCE,
        description="Write a first mapping file from the description of the org. It is switched off; what cannot be "
        "guessed is a comment. A file that is there is not overwritten.",
    ),
)
COMMANDS = (
    _action(
        "init",
        "init",
        "init",
        "Lay out DAG files and mapping files in a folder",
        options.DIRECTORY,
        description="Lay out what a person keeps of the sync: DAG files of three lines, the mapping files with their "
        "JSON Schema, and lines of .airflowignore. Files that are there stay as they are, and are told. Then it says "
        "what comes next.",
    ),
    _action(
        "doctor",
        "doctor",
        "doctor",
        "Check mappings, connections, permissions and settings",
        description="Make every check of the task preflight, without a run, and say what to do about each fault. "
        "Nothing is written.",
    ),
    _action(
        "plan",
        "plan",
        "plan",
        "Show what a run would write, or did",
        options.RUN,
        options.TRY_MAPPINGS,
        options.SAMPLE,
        options.FULL,
        options.OBJECTS,
        options.DIRECTION,
        options.SINCE,
        options.EMAILS,
        options.PERSON_IDS,
        options.FIELDS,
        options.FIELD,
        options.RULE,
        options.CHANGE_KIND,
        options.CHANGE_STATE,
        options.LIMIT,
        options.UNPAUSE,
        description="Make a dry run and show every change field by field: old value, new value and the rule that "
        "decided. With --run, show those of a past run. With --mappings, make no run: read a sample of people of "
        "both services and say who would enter, pause or be created with the mapping files of a folder, and what they "
        "would write beside the present ones; nothing is written anywhere. The values are personal data.",
    ),
    _action(
        "sync",
        "sync",
        "sync",
        "Start a synchronisation and follow it",
        options.FULL,
        options.OBJECTS,
        options.DIRECTION,
        options.SINCE,
        options.EMAILS,
        options.PERSON_IDS,
        options.FIELDS,
        options.DRY_RUN,
        options.CANARY,
        options.NO_WAIT,
        options.UNPAUSE,
        description="Start a run in Airflow, follow it to its end and print its totals. Who stops looking (Ctrl-C) "
        "does not stop the run.",
    ),
    _action(
        "audit",
        "audit",
        "audit",
        "Make a certificate: is everything equal, or why not",
        options.REPAIR,
        options.NO_WAIT,
        options.UNPAUSE,
        description="Read both sides whole, as a full sync does, and say of every person and every mapped field "
        "whether both sides are equal, different for a stated reason, or different without one. Nothing is written; "
        "with --repair whoever has an unexplained difference is synchronised anew. The certificate is kept as a JSON "
        "file and an HTML page.",
    ),
    _action(
        "undo",
        "undo",
        "undo",
        "Put back what a run wrote",
        options.RUN_TO_UNDO,
        options.UNDO_FIELD,
        options.UNDO_RECORD,
        options.UNDO_APPLY,
        options.UNDO_SHOWN,
        options.DELETE_CREATED,
        options.UNPAUSE,
        description="Put back what a run wrote on both sides, where it is still there: all of it, one field, or one "
        "person. Without --apply it is only shown, and with --apply --shown only what that run has shown goes back. "
        "What somebody edited since is left, and listed with both values. Opt-outs are never undone. The values are "
        "personal data.",
    ),
    _action(
        "explain",
        "explain",
        "explain",
        "Explain one person",
        options.PERSON,
        options.AT,
        description="Read one person from both services and explain: bindings, criteria, every field with both values "
        "and who wins, what was sent, what came back and what the next run would do. Nothing is written. With --at "
        "the ledger says what both sides held then, as far as it knows, and what had changed it. The answer is "
        "personal data.",
    ),
    _action(
        "export",
        "export",
        "export",
        "Export runs, changes and issues for a warehouse",
        description="Store runs that have ended since the last time, with their changes, and the issues as they are "
        "now, as Parquet files in SALESMANAGO_SYNC_EXPORT, a folder or a bucket. People's values go along only with "
        "SALESMANAGO_SYNC_EXPORT_VALUES=true.",
    ),
    _action(
        "forget",
        "forget",
        "forget",
        "Forget people",
        options.PEOPLE_TO_FORGET,
        description="Wipe what the sync keeps of people: base values, changes, issues, free text of history and "
        "evidence, and everything in staging. Ids and a keyed hash of the address stay, so that nobody who was deleted "
        "is created again. The services are not asked: delete people there first. What Airflow itself keeps is listed.",
    ),
    _action(
        "issues",
        "issues",
        "issues",
        "List, count, retry, dismiss or decide what could not be synchronised",
        options.ISSUE_ACTION,
        options.TAKE,
        options.VALUE,
        options.DECIDE_ALL,
        options.IDS,
        options.REASON,
        options.ISSUE_OBJECT,
        options.ISSUE_STATE,
        options.SEARCH,
        options.LIMIT,
        options.CSV,
        description="List the records and fields that could not be synchronised, with what to do; have them tried "
        "again, or dismiss them, singly (--id) or by reason (--reason). Decide conflicts that the mapping holds, for "
        "one side (--take) or another value (--value); the next run carries it out.",
    ),
    _action(
        "probe",
        "probe",
        "probe",
        "Ask the SALESmanago account what its documentation leaves open",
        options.PROBE_APPLY,
        options.PROBE_REMOVE,
        description="Find out with throw-away contacts how this SALESmanago account behaves: what empties a field, how "
        "tags are spelled, where lists are cut. Without --apply it shows what it would do, and what is known already. "
        "The answers are kept in the ledger, and the sync goes by them.",
    ),
    _action(
        "setup",
        "setup",
        "setup",
        "Set up Salesforce: fields, landing page, layout section",
        options.CHECK,
        options.APPLY,
        options.UNDO,
        options.OBJECTS,
        options.LAYOUTS,
        options.PROFILES,
        options.DELETE_FIELDS,
        description="Put the SALESmanago fields and landing page on the record pages of Salesforce, or take them off "
        "again. Without --apply and --undo nothing is changed: the differences are shown, and Salesforce says whether "
        "it would take them. Does what the DAG salesmanago_setup does, without a run.",
    ),
    GroupCommand(
        name="mapping",
        help="Check mapping files, or write a first one",
        description="Work on mapping files.",
        subcommands=MAPPING_COMMANDS,
    ),
)


def get_cli_commands() -> list[GroupCommand]:
    """Describe the commands; called by Airflow through the provider entry point."""
    return [
        GroupCommand(
            name="salesmanago",
            help="Synchronise Salesforce and SALESmanago",
            description="Look at the two-way sync between Salesforce and SALESmanago, and run it.",
            subcommands=COMMANDS,
        )
    ]
