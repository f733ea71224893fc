"""Recalling: what both sides held of a person at a moment, from the ledger alone; no service is asked."""

from __future__ import annotations

from datetime import datetime

from salesmanago_sync.domain.explain.past import Past, person_then
from salesmanago_sync.domain.explain.person_key import read_person_key
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.steps.ports import Ports


def recall_person(ports: Ports, asked: str, at: datetime) -> Past:
    """Say what the ledger knows of a person at a moment.

    Args:
        ports: What the step talks to, without a run.
        asked: A Salesforce Id or a contactId, also of before a conversion or a merge.
        at: The moment.

    Returns:
        The answer; it holds personal data and must not go to a log.

    Raises:
        ConfigurationError: What was asked for is no id.
    """
    key = read_person_key(asked)
    if key.kind == "email":
        fix = "Give the Salesforce Id or the contactId: airflow salesmanago explain ADDRESS shows both."
        raise ConfigurationError([Fault("--at", "the ledger finds people of the past by id only.", fix)])
    ledger = ports.ledger
    past = ledger.events.read(ids=[key.value])
    records = ({key.value} | set(past["salesforce_id"])) - {""}
    contacts = ({key.value} | set(past["salesmanago_id"])) - {""}
    people = []
    for binding in ledger.bindings.read(salesforce_ids=records, salesmanago_ids=contacts).to_dict("records"):
        events = ledger.events.read(binding_ids=[binding["id"]])
        # Whoever was converted or merged was written under the ids of before, too.
        mine = ({str(binding["salesforce_id"])} | set(events["salesforce_id"])) - {""}
        theirs = ({str(binding["salesmanago_id"])} | set(events["salesmanago_id"])) - {""}
        named = {str(name): value for name, value in binding.items()}
        changes, consent = ledger.history.changes_of(mine, theirs), ledger.consent.read(mine, theirs)
        people.append(person_then(named, changes, events, consent, at))
    return Past(key.value, at, ledger.runs.kept_since(), tuple(people))
