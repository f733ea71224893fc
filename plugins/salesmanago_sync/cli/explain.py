"""`airflow salesmanago explain`: one e-mail address or id in, the whole story of that person out."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.cli.console import Exit, answer, command, complain, from_input, show, working
from salesmanago_sync.domain.explain.explanation import as_json
from salesmanago_sync.domain.explain.past import as_json as past_as_json
from salesmanago_sync.domain.explain.past import as_text as past_as_text
from salesmanago_sync.domain.explain.past import read_moment
from salesmanago_sync.domain.explain.wording import as_text
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.ports import account, console_ports
from salesmanago_sync.steps.explaining import explain_person
from salesmanago_sync.steps.recalling import recall_person


def _recall(asked: str, args: Namespace) -> Exit:
    """Say what both sides held at a moment."""
    with console_ports() as ports:
        past = recall_person(ports, asked, read_moment(args.at))
    if args.output in ("json", "yaml"):
        show([past_as_json(past)], args.output)
    else:
        answer(f"{past_as_text(past)}\n")
    return Exit.WELL if past.people else Exit.FAULT


@command
def explain(args: Namespace) -> Exit:
    """Explain one person."""
    asked = from_input([args.person])
    if len(asked) != 1:
        raise ConfigurationError([Fault("standard input", f"names {len(asked)} people.", "Give one.")])
    if args.at:
        return _recall(asked[0], args)
    with working("Reading both services"), console_ports() as ports:
        explanation = explain_person(ports, asked[0], account)
    if args.output in ("json", "yaml"):
        show([as_json(explanation)], args.output)
    else:
        # The text has tables of its own.
        answer(f"{as_text(explanation)}\n")
    if not explanation.stories:
        complain("Nobody was found.")
    return Exit.WELL if explanation.stories else Exit.FAULT
