"""Clocks: what time the services have, told along with answers that a run needs anyway."""

from __future__ import annotations

from datetime import datetime

from salesmanago_sync.steps.ports import Ports

STAGED = "clocks"


def read_clocks(ports: Ports) -> dict[str, datetime]:
    """Read the clocks of both services, as they were at their last answers; who told nothing yet is asked."""
    return {
        "salesforce": ports.salesforce.heard_at or ports.salesforce.server_time(),
        "salesmanago": ports.salesmanago.heard_at or ports.salesmanago.server_time(),
    }


def stage_clocks(ports: Ports) -> None:
    """Stage the clocks for the window: what the services told before a read is never later than that read."""
    clocks = read_clocks(ports)
    ports.staging.write_json(STAGED, {name: clock.isoformat() for name, clock in clocks.items()})


def staged_clocks(ports: Ports) -> dict[str, datetime]:
    """Read back what the preflight was told."""
    return {name: datetime.fromisoformat(clock) for name, clock in ports.staging.read_json(STAGED).items()}
