"""The commands below `airflow salesmanago`: names, options and help.

Every call of `airflow` imports this module, so it imports nothing heavy; what a command does is loaded when it runs.
"""

from __future__ import annotations

from typing import Any

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE, ActionCommand, Arg, GroupCommand, lazy_load_command

EXIT_CODES = """\
exit codes:
  0  everything is well
  1  a fault: the message says what and what to do
  2  the command was written wrongly
  3  the sync did its work, and some records need a person
"""


def _option(*flags: str, **how: Any) -> Arg:
    return Arg(flags, **how)  # type: ignore[no-untyped-call]  # Airflow gives it no types


def _action(name: str, module: str, function: str, help: str, *args: Arg, description: str = "") -> ActionCommand:
    return ActionCommand(
        name=name,
        help=help,
        description=description or help,
        func=lazy_load_command(f"salesmanago_sync.cli.{module}.{function}"),
        args=(*args, ARG_OUTPUT, ARG_VERBOSE),
        epilog=EXIT_CODES,
    )


FOLDER = _option(
    "--folder", help="Folder of the mapping files (default: SALESMANAGO_SYNC_MAPPINGS, else the shipped ones)"
)
LIVE = _option("--live", help="Compare with the org too: fields, types, permissions", action="store_true")
FORCE = _option("--force", help="Overwrite a file that is there", action="store_true")
OBJECT = _option("object", help="The Salesforce object", choices=("Lead", "Contact", "PersonAccount"))

MAPPING_COMMANDS = (
    _action(
        "check",
        "mapping",
        "check",
        "Check the mapping files",
        FOLDER,
        LIVE,
        description="Check the mapping files: every fault of every file, with file, line, key and the valid choices.",
    ),
    _action(
        "init",
        "mapping",
        "init",
        "Write a first mapping file of an object",
        OBJECT,
        FOLDER,
        FORCE,
        description="Write a first mapping file from the description of the org. It is switched off; what cannot be "
        "guessed is a comment. A file that is there is not overwritten.",
    ),
)
COMMANDS = (
    _action(
        "doctor",
        "doctor",
        "doctor",
        "Check mappings, connections, permissions and settings",
        description="Make every check of the task preflight, without a run, and say what to do about each fault. "
        "Nothing is written.",
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
