"""`airflow salesmanago audit`: a certificate made, and what it says."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.actions.certificate import list_certificates, read_certificate
from salesmanago_sync.actions.start import AuditQuestion, start_audit
from salesmanago_sync.cli.console import Exit, asker, command, complain, say, show
from salesmanago_sync.cli.following import follow
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.hooks.ports import certificates_root, console_ports
from salesmanago_sync.steps.ports import Ports


@command
def audit(args: Namespace) -> Exit:
    """Make a certificate."""
    with console_ports(pair_of(args)) as ports:
        started = start_audit(ports, AuditQuestion.read(repair=args.repair, unpause=args.unpause), asker())
    say(started.told[0])
    if args.no_wait:
        show(started.spelled(), args.output)
        return Exit.WELL
    [run] = started.rows
    with console_ports(pair_of(args)) as ports:
        state = follow(ports.ledger, run.dag_id, run.run_id, ports.now)
        kept = ports.ledger.runs.find(run.dag_id, run.run_id)
        if kept is None or kept["state"] != "success":
            complain(f"The audit failed, in: {', '.join(state.failed)}. Read the log of that task in Airflow.")
            return Exit.FAULT
        return _tell(ports, int(kept["id"]), args.output)


def _tell(ports: Ports, run: int, output: str) -> Exit:
    """Print what the certificate of a run says."""
    name = next(one.name for one in list_certificates(ports.pair, ports.settings).rows if one.run == run)
    certificate = read_certificate(ports.pair, ports.settings, name)
    [found] = certificate.spelled()
    rows = [{"reason": code, **reason} for code, reason in found["reasons"].items()]
    show([found] if output in ("json", "yaml") else rows, output)
    say(f"Kept in {certificates_root(ports.pair, ports.settings)}: {name}.json and {name}.html")
    if found["totals"]["unexplained"]:
        complain(f"Unexplained differences: {found['totals']['unexplained']}. See the certificate, or use --repair.")
        return Exit.ISSUES
    return Exit.WELL
