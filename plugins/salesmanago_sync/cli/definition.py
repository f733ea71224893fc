"""The commands below `airflow salesmanago`: names, options and help.

Every call of `airflow` imports this module, so it imports nothing heavy; what a command does is loaded when it runs.
"""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE, ActionCommand, Arg, GroupCommand, lazy_load_command

EXIT_CODES = """\
exit codes:
  0  everything is well
  1  a fault: the message says what and what to do
  2  the command was written wrongly
  3  the sync did its work, and some records need a person
"""


def _action(name: str, module: str, function: str, help: str, *args: Arg, description: str = "") -> ActionCommand:
    return ActionCommand(
        name=name,
        help=help,
        description=description or help,
        func=lazy_load_command(f"salesmanago_sync.cli.{module}.{function}"),
        args=(*args, ARG_OUTPUT, ARG_VERBOSE),
        epilog=EXIT_CODES,
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
