"""`airflow salesmanago forget`: everything that the sync keeps of some people, wiped."""

from __future__ import annotations

import getpass
from argparse import Namespace

from salesmanago_sync.actions.people import forget_people
from salesmanago_sync.cli.console import Exit, command, complain, from_input, say, show
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.hooks.ports import console_ports


@command
def forget(args: Namespace) -> Exit:
    """Forget people."""
    with console_ports(pair_of(args)) as ports:
        found = forget_people(ports, from_input(args.people), getpass.getuser())
    if found.rows:
        show(found.spelled(), args.output)
    for text in found.told:
        (say if found.rows else complain)(text)
    return Exit.WELL if found.rows else Exit.FAULT
