"""A pair of accounts, one of Salesforce and one of SALESmanago, and the names of everything that is its own.

The first pair has the names that the code and the documentation speak of; another pair has its own name in each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What every name of the first pair begins with.
STEM = "salesmanago"
FIRST_NAME = "default"
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
# Of the first pair.
DAGS = (
    "salesmanago_full_sync",
    "salesmanago_incremental_sync",
    "salesmanago_consent",
    "salesmanago_audit",
    "salesmanago_undo",
    "salesmanago_setup",
    "salesmanago_probe",
    "salesmanago_export",
)
# Names that would be read as a part of those of the first pair.
TAKEN = {FIRST_NAME, *(part for dag_id in DAGS for part in dag_id.split("_")), "first", "last", "pair", "pairs"}
# What a text says of the first pair, and has another name in another pair.
NAMED = re.compile(rf"\b({'|'.join((*DAGS, 'salesmanago_(?:last|first)_(?:sync|check|consent)'))})\b")
COMMAND = re.compile(r"\bairflow salesmanago (?:mapping )?[a-z]+")
CONNECTION = re.compile(r"\b([Cc]onnection )(salesforce_default|salesmanago_default|sync_ledger)\b")
SETTING = re.compile(r"\bSALESMANAGO_SYNC_([A-Z_]*[A-Z])")


def own(pair: str, name: str) -> str:
    """Give a pair's own name for what the first pair calls by a name, as `salesmanago_last_sync`."""
    return name if pair == FIRST_NAME else f"{STEM}_{pair}{name.removeprefix(STEM)}"


def read_dag_id(dag_id: str) -> tuple[str, str] | None:
    """Say of which pair a DAG is, and what the first pair calls it; nothing where it is none of the sync."""
    for first in DAGS:
        if dag_id == first:
            return FIRST_NAME, first
        name = dag_id.removeprefix(f"{STEM}_").removesuffix(first.removeprefix(STEM))
        if NAME.fullmatch(name) and dag_id == own(name, first):
            return name, first
    return None


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of accounts.

    Attributes:
        name: Its name; the first pair's is `default`.
        salesforce: Id of the connection to the org.
        salesmanago: Id of the connection to the account.
        ledger: Id of the connection to the ledger.
        settings: What its file says in place of the environment.
        file: Its file; the first pair has none.
    """

    name: str
    salesforce: str
    salesmanago: str
    ledger: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is the first pair."""
        return self.name == FIRST_NAME

    def own(self, name: str) -> str:
        """Give this pair's own name for what the first pair calls by a name, as `salesmanago_last_sync`."""
        return own(self.name, name)

    def spelled(self, text: str) -> str:
        """Put this pair's own names in the place of those of the first pair, in a text that has nobody's values."""
        if self.is_first:
            return text
        text = NAMED.sub(lambda found: self.own(found[0]), text)
        text = COMMAND.sub(lambda found: f"{found[0]} --pair {self.name}", text)
        text = SETTING.sub(lambda found: f"settings.{found[1].lower()} of {self.file}", text)
        mine = {
            "salesforce_default": self.salesforce,
            "salesmanago_default": self.salesmanago,
            "sync_ledger": self.ledger,
        }
        return CONNECTION.sub(lambda found: f"{found[1]}{mine[found[2]]}", text)

    @property
    def full_sync(self) -> str:
        """The DAG of the full sync."""
        return self.own("salesmanago_full_sync")

    @property
    def incremental_sync(self) -> str:
        """The DAG of the incremental sync."""
        return self.own("salesmanago_incremental_sync")

    @property
    def syncs(self) -> tuple[str, str]:
        """The DAGs of both syncs."""
        return self.full_sync, self.incremental_sync

    @property
    def dags(self) -> tuple[str, ...]:
        """Every DAG of the pair."""
        return tuple(self.own(name) for name in DAGS)

    @property
    def consent(self) -> str:
        """The DAG of the consent lane."""
        return self.own("salesmanago_consent")

    @property
    def audit(self) -> str:
        """The DAG of the audit."""
        return self.own("salesmanago_audit")

    @property
    def undo(self) -> str:
        """The DAG of the undo."""
        return self.own("salesmanago_undo")

    @property
    def probe(self) -> str:
        """The DAG of the probe."""
        return self.own("salesmanago_probe")

    @property
    def export(self) -> str:
        """The DAG of the export for a warehouse."""
        return self.own("salesmanago_export")

    @property
    def setup(self) -> str:
        """The DAG of the set-up of Salesforce."""
        return self.own("salesmanago_setup")

    @property
    def pool(self) -> str:
        """The pool that bounds how many tasks talk to the services; metrics begin with the same name."""
        return self.own("salesmanago_sync")


FIRST = Pair(FIRST_NAME, "salesforce_default", "salesmanago_default", "sync_ledger")
