"""The org: what Salesforce says of itself, asked for, or remembered from a run shortly before.

A run that finds nothing to do would spend most of its requests on these questions. So the answers serve the scheduled
runs of some time, as long as the org and the mappings are the same and every run ends well. A run that somebody starts,
a full sync and an audit ask anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from salesmanago_sync.clients.shapes import Row
from salesmanago_sync.domain.frames import is_id
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.snapshot import MAPPINGS


class Org:
    """Asks each question once.

    Args:
        ports: What it is asked with.
        remembered: What was said to a run before.

    Attributes:
        answers: What was said, by question.
        is_remembered: Whether it was said to a run before.
    """

    def __init__(self, ports: Ports, remembered: dict[str, Any] | None = None) -> None:
        self._ports = ports
        self.answers, self.is_remembered = remembered or {}, remembered is not None

    def organization(self) -> Row:
        """Read the org's own record."""
        return dict(self._answer("organization", lambda: self._ports.salesforce.organization()))

    def describe(self, sobject: str) -> Row:
        """Read the description of an object, as this user sees it."""
        return dict(self._answer(f"describe {sobject}", lambda: self._ports.salesforce.describe(sobject)))

    def describe_visible(self, sobject: str) -> Row | None:
        """Read the description of an object; nothing where this user may not see it."""
        found: Row | None = self._answer(f"describe if visible {sobject}", lambda: self._described(sobject))
        return found

    def accounts(self, name: str) -> list[str]:
        """Read the ids of the Accounts that have a name."""
        return list(self._answer(f"accounts {name}", lambda: self._accounts(name)))

    def _described(self, sobject: str) -> Row | None:
        try:
            return self._ports.salesforce.describe(sobject)
        except FatalError:
            return None

    def _accounts(self, name: str) -> list[str]:
        rows = self._ports.salesforce.find("Account", "Name", [name], ["Id"])
        return [str(row["Id"]) for row in rows if is_id(row.get("Id"))]

    def _answer(self, question: str, ask: Callable[[], Any]) -> Any:
        if question not in self.answers:
            self.answers[question] = ask()
        return self.answers[question]


def known_org(ports: Ports) -> Org:
    """Give the org as a run shortly before found it, where that may serve this run, or else one to be asked."""
    run, age = ports.run, timedelta(seconds=ports.settings.org_check_seconds)
    if run.mode != "incremental" or not run.scheduled:
        return Org(ports)
    return Org(ports, ports.ledger.org_answers.read(_about(ports), ports.now() - age))


def remember_org(ports: Ports, org: Org) -> None:
    """Remember what was said just now; what is remembered becomes no younger by being used."""
    if not org.is_remembered:
        ports.ledger.org_answers.keep(_about(ports), org.answers, ports.now())


def _about(ports: Ports) -> str:
    """Name the org and the mappings that the answers are about."""
    ports.salesforce.log_in()
    about = json.dumps([ports.salesforce.address, ports.staging.read_json(MAPPINGS)])
    return hashlib.sha256(about.encode()).hexdigest()
