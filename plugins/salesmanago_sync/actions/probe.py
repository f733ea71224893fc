"""Probe: what is known of the account, and what asking would do."""

from __future__ import annotations

from typing import Any

from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.overview.probe import planned
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.probe.ports import ProbePorts
from salesmanago_sync.steps.probe.probing import BEFORE, BY_HAND
from salesmanago_sync.steps.probe.telling import effort


def show_probe(pair: Pair, ports: ProbePorts) -> Rows[dict[str, Any]]:
    """Show each question with its answer, if there is one, and what a person should know before they ask.

    Args:
        pair: Whose account it is.
        ports: What is read; nothing is sent.
    """
    account = ports.salesmanago.account
    rows = planned(ports.ledger.probe_answers.read(account), ports.now(), ports.settings.probe_days)
    told = [effort(ports), *BEFORE]
    if left := ports.ledger.probe_contacts.list_left(account):
        told.append(f"{len(left)} contacts of an earlier probe may still be there. {pair.spelled(BY_HAND)}")
    return Rows[dict[str, Any]].of(rows, *told, "Nothing was sent.")
