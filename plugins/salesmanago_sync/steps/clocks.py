"""Clocks: what time the services have, told along with answers that a run needs anyway."""

from __future__ import annotations

from datetime import datetime, timedelta

from salesmanago_sync.domain.merge.pairs import SIDES
from salesmanago_sync.steps.ports import Ports

STAGED = "clocks"
# When they were staged, by the local clock.
AT = "at"


def read_clocks(ports: Ports) -> dict[str, datetime]:
    """Read the clocks of both services, as they were at their last answers; who told nothing yet is asked."""
    return {
        "salesforce": ports.salesforce.heard_at or ports.salesforce.server_time(),
        "salesmanago": ports.salesmanago.heard_at or ports.salesmanago.server_time(),
    }


def stage_clocks(ports: Ports) -> dict[str, datetime]:
    """Read and stage the clocks: what the services told before a read is never later than that read."""
    clocks = read_clocks(ports)
    ports.staging.write_json(STAGED, {name: moment.isoformat() for name, moment in {**clocks, AT: ports.now()}.items()})
    return clocks


def staged_clocks(ports: Ports) -> dict[str, datetime]:
    """Read back what the services told."""
    return {name: moment for name, moment in _staged(ports).items() if name in SIDES}


def ahead(ports: Ports, side: str) -> timedelta:
    """Say how far the clock of a service is ahead of the local one: so far at least, as an answer was on its way."""
    staged = _staged(ports)
    return staged[side] - staged[AT]


def _staged(ports: Ports) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(moment) for name, moment in ports.staging.read_json(STAGED).items()}
