"""`airflow salesmanago explain`: one e-mail address or id in, the whole story of that person out."""

from __future__ import annotations

import sys
from argparse import Namespace

from salesmanago_sync.cli.console import Exit, command, complain, notices, show
from salesmanago_sync.domain.explanation import as_json
from salesmanago_sync.domain.explanation_text import as_text
from salesmanago_sync.hooks.ports import account, console_ports
from salesmanago_sync.steps.explaining import explain_person


@command
def explain(args: Namespace) -> Exit:
    """Explain one person."""
    with notices().status("Reading both services"), console_ports() as ports:
        explanation = explain_person(ports, args.person, account)
    if args.output in ("json", "yaml"):
        show([as_json(explanation)], args.output)
    else:
        # The text has tables of its own.
        sys.stdout.write(f"{as_text(explanation)}\n")
    if not explanation.stories:
        complain("Nobody was found.")
    return Exit.WELL if explanation.stories else Exit.FAULT
