"""`airflow salesmanago probe`: what the account does where its documentation is silent."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from salesmanago_sync.actions.probe import show_probe
from salesmanago_sync.cli.console import Exit, command, doing, say, show, working
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.probe_ports import probe_ports
from salesmanago_sync.overview.probe import found
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.probe.ports import ProbePorts
from salesmanago_sync.steps.probe.probing import BY_HAND, remove
from salesmanago_sync.steps.probe.probing import probe as ask


@command
def probe(args: Namespace) -> Exit:
    """Show what a probe would do, ask, or remove what an earlier one left."""
    if args.apply and args.remove:
        raise ConfigurationError([Fault("--apply", "removes its contacts itself.", "Leave --remove out.")])
    pair = pair_of(args)
    if not (args.apply or args.remove):
        with probe_ports(pair, say) as ports:
            return _show(pair, ports, args.output)
    with working("Asking SALESmanago") as status, probe_ports(pair, lambda text: status.update(doing(text))) as ports:
        return _remove(ports, args.output) if args.remove else _ask(ports, args.output)


def _show(pair: Pair, ports: ProbePorts, output: str) -> Exit:
    known = show_probe(pair, ports)
    show(known.spelled(), output)
    for text in (*known.told, pair.spelled("To ask: airflow salesmanago probe --apply")):
        say(text)
    return Exit.WELL


def _ask(ports: ProbePorts, output: str) -> Exit:
    came = ask(ports)
    show(found(came.answers, ports.now(), ports.settings.probe_days), output)
    return _end(came.left)


def _remove(ports: ProbePorts, output: str) -> Exit:
    count, left = remove(ports)
    rows: list[dict[str, Any]] = [{"contacts": count, "removed": count - len(left), "left": len(left)}]
    show(rows, output)
    return _end(left)


def _end(left: list[str]) -> Exit:
    for one in left:
        say(f"Not removed: {one}")
    if left:
        say(BY_HAND)
    return Exit.ISSUES if left else Exit.WELL
