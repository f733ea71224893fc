"""`airflow salesmanago forget`: everything that the sync keeps of some people, wiped."""

from __future__ import annotations

import getpass
from argparse import Namespace

from salesmanago_sync.cli.console import Exit, command, complain, from_input, say, show
from salesmanago_sync.hooks.audit import audit, kept_by_airflow
from salesmanago_sync.hooks.ports import console_ports, staging_root
from salesmanago_sync.hooks.staging import clear
from salesmanago_sync.steps.forgetting import forget as step


@command
def forget(args: Namespace) -> Exit:
    """Forget people."""
    asked, who = from_input(args.people), getpass.getuser()
    with console_ports() as ports:
        found = step(ports, asked, who, lambda: clear(staging_root(ports.settings)))
    ids = sorted(found.ids.salesforce | found.ids.salesmanago)
    left = kept_by_airflow([*asked, *ids])
    if ids:
        audit("forget", who, ids)
        show([{"forgotten": ", ".join(ids), **found.rows}], args.output)
    else:
        complain("The ledger knows nobody of them.")
    if found.living:
        say(f"{found.living} of them are not known to be gone: the next run reads them again unless they are deleted.")
    for one in left:
        say(f"Airflow itself keeps {one.what}: {one.how}")
    return Exit.WELL if ids else Exit.FAULT
