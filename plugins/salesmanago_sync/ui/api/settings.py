"""Mapping files and settings examined, and certificates read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from salesmanago_sync.actions import certificate, plan, probe, settings
from salesmanago_sync.actions.certificate import KeptCertificate
from salesmanago_sync.actions.plan import TrialQuestion
from salesmanago_sync.actions.rows import Rows, Words
from salesmanago_sync.actions.settings import CheckedLine, CheckedSetting, Starter
from salesmanago_sync.domain.mapping_files.mapping import ObjectName
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.hooks.probe_ports import probe_ports
from salesmanago_sync.overview.mappings import read_files, read_overview
from salesmanago_sync.overview.trials import TrialOverview
from salesmanago_sync.settings import load_settings
from salesmanago_sync.ui.access import MAY_PROBE, MAY_SEE_PEOPLE, MAY_TRIGGER, VisitorDep
from salesmanago_sync.ui.api.asked import as_command
from salesmanago_sync.ui.asking import asking_ports
from salesmanago_sync.ui.doctor_page import diagnosed
from salesmanago_sync.ui.forgery import deliberate
from salesmanago_sync.ui.pairs import PairDep

router = APIRouter(tags=["Settings"])
Live = Annotated[bool, Query(description="Compare with the org too: fields, types, permissions.")]


@router.get("/mappings/check", openapi_extra=as_command("mapping check"))
def check_mappings(pair: PairDep, live: Live = False) -> Rows[CheckedLine]:
    """Check the mapping files of the sync."""
    if not live:
        return settings.tell_mappings(read_files(settings_here(pair).mappings))
    with asking_ports(pair) as ports:
        return settings.tell_mappings(read_overview(ports))


@router.get("/mappings/starter/{object}", openapi_extra=as_command("mapping init"))
def begin_mapping(pair: PairDep, object: ObjectName) -> Rows[Starter]:
    """Write a first mapping from what the org says of an object; nothing is stored."""
    with asking_ports(pair) as ports:
        return settings.begin_mapping(ports, object)


@router.post(
    "/mappings/try",
    dependencies=[Depends(MAY_SEE_PEOPLE), Depends(deliberate)],
    openapi_extra=as_command("plan --mappings"),
)
def try_mappings(pair: PairDep, asked: TrialQuestion) -> Rows[TrialOverview]:
    """Say what mapping files would do to a sample of people, beside the present ones; nothing is written."""
    with asking_ports(pair) as ports:
        return plan.show_trial(ports, asked.draft, asked.sample)


@router.get("/probe", dependencies=[Depends(MAY_PROBE)], openapi_extra=as_command("probe"))
def show_probe(pair: PairDep) -> Rows[dict[str, Any]]:
    """Show what the probe knows of the account, and what asking would do; nothing is sent."""
    with probe_ports(pair, lambda text: None) as ports:
        return probe.show_probe(pair, ports)


# By POST: it asks both services, and what it found is kept for the first page.
@router.post(
    "/doctor",
    dependencies=[Depends(MAY_TRIGGER["full"]), Depends(deliberate)],
    openapi_extra=as_command("doctor"),
)
def examine(pair: PairDep, visitor: VisitorDep) -> Rows[CheckedSetting]:
    """Make every check of the preflight, without a run."""
    findings, cut = diagnosed(pair, with_words=visitor.may_see_people)
    found = settings.tell_findings(pair, findings)
    slow = "The services answered so slowly that the checks were ended: what would follow is missing."
    return found.model_copy(update={"told": [slow]}) if cut else found


@router.get("/certificates", dependencies=[Depends(MAY_SEE_PEOPLE)])
def list_certificates(pair: PairDep) -> Rows[KeptCertificate]:
    """List the certificates of audits, the newest first."""
    return certificate.list_certificates(pair, load_settings(pair))


@router.get("/certificates/{name}", dependencies=[Depends(MAY_SEE_PEOPLE)], openapi_extra=as_command("audit"))
def read_certificate(
    pair: PairDep,
    name: Annotated[Words, Path(description="Of the certificate, or last.")],
) -> Rows[dict[str, Any]]:
    """Read what a certificate says."""
    return certificate.read_certificate(pair, load_settings(pair), name)
