"""Ports: what the set-up talks to, given to it from outside."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.domain.setup.package import Package
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.ports import Staging
from salesmanago_sync.steps.setup.request import SetupRequest

SCOPE = "setup.scope"
PLAN = "setup.plan"


@dataclass(frozen=True, slots=True)
class CardSettings:
    """What signs the address of the landing page.

    Attributes:
        endpoint: Scheme and host of SALESmanago.
        client_id: Client Id.
        microsite_key: MicroSite Key.
        page_name: iFrame Name.
    """

    endpoint: str
    client_id: str
    microsite_key: str | None = field(default=None, repr=False)
    page_name: str | None = None


@dataclass(frozen=True)
class SetupPorts:
    """What a step of the set-up talks to.

    Attributes:
        request: What the set-up was asked to do.
        run: Name of the run, for the ledger.
        open_salesforce: Makes the client of the org.
        card_settings: Reads the settings of the SALESmanago connection.
        ledger: What is remembered.
        staging: Between the tasks of one run.
        now: The local clock, UTC.
        tell: Shows a text to the person who started it.
    """

    request: SetupRequest
    run: str
    open_salesforce: Callable[[], Salesforce]
    card_settings: Callable[[], CardSettings]
    ledger: Ledger
    staging: Staging
    now: Callable[[], datetime]
    tell: Callable[[str], None]

    @cached_property
    def salesforce(self) -> Salesforce:
        """The org; a wrong connection shows at its first use."""
        return self.open_salesforce()


@dataclass(frozen=True, slots=True)
class SetupScope:
    """What the preflight found out for the steps after it.

    Attributes:
        org: Id of the org.
        objects: The objects that get the card.
        sobjects: The Salesforce objects that hold its fields, those of an earlier set-up among them.
        layouts: The layouts that get the section.
        known: Every layout of the objects that is the org's own.
        warnings: What stops nothing.
    """

    org: str
    objects: list[str]
    sobjects: list[str]
    layouts: list[str]
    known: list[str]
    warnings: list[str]


def scope(ports: SetupPorts) -> SetupScope:
    """Read what the preflight of this run found out."""
    return SetupScope(**ports.staging.read_json(SCOPE))


def keep_scope(ports: SetupPorts, found: SetupScope) -> None:
    """Keep what the preflight found out."""
    ports.staging.write_json(SCOPE, asdict(found))


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What is to be deployed.

    Attributes:
        package: The package.
        edits: The layouts in it: name, kind, original, content, assignments before.
        settled: Layouts whose edit is gone already, so that undo has nothing to do.
    """

    package: Package
    edits: list[dict[str, Any]]
    settled: list[str]


def plan(ports: SetupPorts) -> SetupPlan:
    """Read what the comparison of this run decided."""
    kept = ports.staging.read_json(PLAN)
    package = Package(
        {kind: tuple(names) for kind, names in kept["members"].items()},
        {path: base64.b64decode(text) for path, text in kept["files"].items()},
        {kind: tuple(names) for kind, names in kept["removed"].items()},
    )
    return SetupPlan(package, kept["edits"], kept["settled"])


def keep_plan(ports: SetupPorts, decided: SetupPlan) -> None:
    """Keep what the comparison decided; layouts and code, nobody's data."""
    package = decided.package
    kept = {
        "members": package.members,
        "files": {path: base64.b64encode(content).decode() for path, content in package.files.items()},
        "removed": package.removed,
        "edits": decided.edits,
        "settled": decided.settled,
    }
    ports.staging.write_json(PLAN, kept)
