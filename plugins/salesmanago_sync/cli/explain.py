"""`airflow salesmanago explain`: one e-mail address or id in, the whole story of that person out."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.actions.people import explain as action
from salesmanago_sync.actions.people import recall
from salesmanago_sync.cli.console import Exit, answer, command, complain, from_input, show, working
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.domain.explain.past import as_text as past_as_text
from salesmanago_sync.domain.explain.wording import as_text
from salesmanago_sync.errors import Fault, QuestionError
from salesmanago_sync.hooks.ports import console_ports


def _recall(asked: str, args: Namespace) -> Exit:
    """Say what both sides held at a moment."""
    with console_ports(pair_of(args)) as ports:
        found = recall(ports, asked, args.at)
    [past] = found.rows
    if args.output in ("json", "yaml"):
        show(found.spelled(), args.output)
    else:
        answer(f"{past_as_text(past)}\n")
    return Exit.WELL if past.people else Exit.FAULT


@command
def explain(args: Namespace) -> Exit:
    """Explain one person."""
    asked = from_input([args.person])
    if len(asked) != 1:
        raise QuestionError([Fault("standard input", f"names {len(asked)} people.", "Give one.")])
    if args.at:
        return _recall(asked[0], args)
    with working("Reading both services"), console_ports(pair_of(args)) as ports:
        found = action(ports, asked[0])
    [explanation] = found.rows
    if args.output in ("json", "yaml"):
        show(found.spelled(), args.output)
    else:
        # The text has tables of its own.
        answer(f"{as_text(explanation)}\n")
    for text in found.told:
        complain(text)
    return Exit.WELL if explanation.stories else Exit.FAULT
