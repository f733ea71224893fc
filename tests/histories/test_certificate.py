"""Law 11: whenever both sides have come to rest, the certificate explains everything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from salesmanago_sync.domain.certificate.certificate import Certificate
from salesmanago_sync.steps.certifying import certify, compare_part
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.contacts import list_contacts, read_cards
from salesmanago_sync.steps.extract import extract_salesforce, gather_counterparts
from salesmanago_sync.steps.parts import share_out
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.request import Request, Run
from salesmanago_sync.steps.start import start
from salesmanago_sync.steps.window import fix_window
from tests.histories.bench import Bench
from tests.histories.cases import CASES
from tests.histories.conftest import Play
from tests.histories.history import Player

pytestmark = pytest.mark.slow


def audit(bench: Bench, number: int) -> Certificate:
    """Read everybody and make a certificate, as the DAG does."""
    asked = Request(dry_run=True)
    run = Run(dag_id="salesmanago_audit", dag_run_id=str(number), mode="audit", scheduled=False, request=asked)
    began = start(bench.ports_of(run), timedelta(0))
    assert began is not None
    ports = bench.ports_of(run.model_copy(update=began))
    objects = preflight(ports, bench.account, lambda settings: None)
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    for some in list_contacts(ports, window):
        read_cards(ports, some)
    gather_counterparts(ports)
    for part in share_out(ports):
        compare_part(ports, part)
    found = certify(ports)
    close(ports)
    return found


def test_at_rest_everything_is_explained(play_on_sqlite: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Certificate] = []
    check = Player._check_rest

    def checked(self: Player, now: Any) -> None:
        check(self, now)
        found.append(audit(self.bench, len(found)))

    monkeypatch.setattr(Player, "_check_rest", checked)
    for history in [*CASES.values()][::9]:
        play_on_sqlite(history)
    assert [one for certificate in found for one in certificate.unexplained] == []
    assert sum(certificate.totals["equal"] for certificate in found) > 50
