"""Doctor: every check of `airflow salesmanago doctor`, made when somebody asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from salesmanago_sync.actions.settings import tell_findings
from salesmanago_sync.errors import SyncError
from salesmanago_sync.hooks.diagnosis import diagnose_everything
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.hooks.variables import ServedVariables
from salesmanago_sync.overview.diagnosis import LAST_CHECK, LastCheck, read_last_check
from salesmanago_sync.overview.mappings import read_digests
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.checks import Findings
from salesmanago_sync.steps.watermark import now_utc
from salesmanago_sync.ui.access import MAY_TRIGGER, VisitorDep
from salesmanago_sync.ui.asking import diagnosing_ports
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

# No check begins later; one alone is bounded by the patience of the clients.
SECONDS = 60

router = APIRouter(dependencies=[Depends(MAY_TRIGGER["full"])])


class TooLongError(SyncError):
    """The services answered too slowly for a page."""


@router.get("/doctor")
def ask(request: Request, visitor: VisitorDep, pair: PairDep) -> HTMLResponse:
    """Say what the last diagnosis found, and offer another; nobody is asked."""
    return show(request, "doctor.html", visitor, rows=None, cut=False, last=read_last_check(ServedVariables(pair)))


@router.post("/doctor", dependencies=[Depends(same_site)])
def examine(request: Request, visitor: VisitorDep, pair: PairDep) -> HTMLResponse:
    """Make every check."""
    findings, cut = diagnosed(pair, with_words=visitor.may_see_people)
    return show(request, "doctor.html", visitor, rows=tell_findings(pair, findings).rows, cut=cut, last=None)


def diagnosed(pair: Pair, *, with_words: bool) -> tuple[Findings, bool]:
    """Make every check, for a minute at most.

    Args:
        pair: Whose settings are examined.
        with_words: Whether to tell the words of a service, which may hold what somebody typed there.

    Returns:
        What was found, and whether the time was too short for all of it.
    """
    findings = Findings(caught=(SyncError,), announce=_until(SECONDS), with_words=with_words)
    try:
        diagnose_everything(pair, partial(diagnosing_ports, pair), findings)
    except TooLongError:
        return findings, True
    _remember(pair, findings)
    return findings, False


def _until(seconds: float) -> Callable[[str], None]:
    """Make what lets no check begin once the time is over."""
    end = time.monotonic() + seconds

    def announce(name: str) -> None:
        if time.monotonic() > end:
            raise TooLongError(name)

    return announce


def _remember(pair: Pair, findings: Findings) -> None:
    """Keep the names of what is wrong for the first page."""
    faults = tuple(check.name for check in findings.checks if check.faults)
    digests = findings.gather(lambda: read_digests(settings_here(pair).mappings))
    ServedVariables(pair).set(LAST_CHECK, LastCheck(now_utc(), faults, digests or {}).spelled())
