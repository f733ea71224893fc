"""Explaining: one person read from both services, planned for as a run would, and nothing written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from salesmanago_sync.domain.explain.explanation import Explanation
from salesmanago_sync.domain.explain.person_key import PersonKey, read_person_key
from salesmanago_sync.domain.explain.person_story import Meant, Remembered, explain
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.org.schema import Schema, takes_part
from salesmanago_sync.domain.plan.plan import plan
from salesmanago_sync.steps.extract import add_counterparts
from salesmanago_sync.steps.org import Org
from salesmanago_sync.steps.planning import inputs_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import STAGED, Account, Checked, stage_witnesses
from salesmanago_sync.steps.reading import Reading, sources
from salesmanago_sync.steps.snapshot import stage_snapshot
from salesmanago_sync.steps.watermark import read_watermark

# Objects by the first three characters of their ids; a person account has a Contact row of its own.
PREFIXES = {"00Q": ("Lead",), "003": ("PersonAccount", "Contact"), "001": ("PersonAccount",)}


def explain_person(ports: Ports, asked: str, read_account: Callable[[], Account]) -> Explanation:
    """Explain one person: what both sides hold, what was decided, sent and answered, and what the next run would do.

    Reads only: no lock, nothing in the ledger, nothing in a service.

    Args:
        ports: What the step talks to, without a run (`hooks.ports.console_ports`).
        asked: An e-mail address, a Salesforce Id of 15 or 18 characters, or a contactId.
        read_account: Reads the SALESmanago connection's settings.

    Returns:
        The explanation; it holds personal data and must not go to a log.

    Raises:
        ConfigurationError: What was asked for is no address and no id, or a mapping or connection is wrong.
    """
    key = read_person_key(asked)
    # As an incremental run: a full one would read everybody.
    ports = replace(ports, run=ports.run.model_copy(update={"mode": "incremental"}))
    objects = stage_objects(ports, read_account)
    reading = Reading(ports, sources(ports, objects))
    _find(reading, key)
    meant = _meant(reading, key)
    add_counterparts(reading, objects)
    inputs = inputs_of(reading, objects)
    return explain(key, meant, inputs, plan(inputs), _remembered(ports, meant), _since(ports))


def stage_objects(
    ports: Ports, read_account: Callable[[], Account], staged: Sequence[Mapping] | None = None, org: Org | None = None
) -> list[str]:
    """Stage what the preflight of a run would, without its checks, and name the enabled objects.

    Args:
        ports: What the step talks to.
        read_account: Reads the SALESmanago connection's settings.
        staged: The mappings, where they are staged already.
        org: The org, where it has been asked already.
    """
    mappings = [one for one in (stage_snapshot(ports) if staged is None else staged) if one.enabled is not False]
    org, schemas = org or Org(ports), {}
    for sobject in dict.fromkeys(mapping.sobject for mapping in mappings):
        describe = org.describe(sobject)
        ports.staging.write_json(f"describe.{sobject}", describe)
        schemas[sobject] = Schema.from_describe(describe)
    enabled: list[str] = [mapping.object for mapping in mappings if takes_part(mapping, schemas[mapping.sobject])]
    result = Checked(enabled, enabled, account_id=None, account_name=read_account().account_name, warnings=[])
    result = replace(result, witnesses=stage_witnesses(ports, enabled, org))
    ports.staging.write_json(STAGED, asdict(result))
    return enabled


def _find(reading: Reading, key: PersonKey) -> None:
    if key.kind == "email":
        reading.find_records([key.value], in_scope=True)
        reading.find_contacts([key.value], in_scope=True)
    elif key.kind == "salesmanago_id":
        reading.fetch_contacts([key.value], in_scope=True)
    else:
        _find_record(reading, key.value)


def _find_record(reading: Reading, identifier: str) -> None:
    ports = reading.ports
    for name in PREFIXES.get(identifier[:3], ()):
        source = reading.sources.get(name)
        if source is None:
            continue
        at = ports.now()
        if name == "PersonAccount" and identifier.startswith("003"):
            rows = ports.salesforce.find("Account", "PersonContactId", [identifier], source.fields, source.kind)
        else:
            rows = ports.salesforce.retrieve(source.mapping.sobject, [identifier], source.fields)
        people = [row for row in rows if name != "PersonAccount" or row.get("IsPersonAccount")]
        reading.add_records(name, people, in_scope=True, at=at)
        if people:
            return


def _meant(reading: Reading, key: PersonKey) -> Meant:
    """Name everybody found, and their partners in the ledger, also of people who are on neither side any more."""
    records = {identifier for frame in reading.records.values() for identifier in frame["Id"]}
    contacts = set(reading.contacts["contactId"])
    records |= {key.value} if key.kind == "salesforce_id" else set()
    contacts |= {key.value} if key.kind == "salesmanago_id" else set()
    ledger = reading.ports.ledger
    # Whoever was converted, merged or replaced is found by the ids of before, too.
    past = ledger.events.read(ids=records | contacts)
    records |= set(past["salesforce_id"]) - {""}
    contacts |= set(past["salesmanago_id"]) - {""}
    bindings = ledger.bindings.read(salesforce_ids=records, salesmanago_ids=contacts)
    return Meant(
        frozenset(records | set(bindings["salesforce_id"])), frozenset(contacts | set(bindings["salesmanago_id"]))
    )


def _remembered(ports: Ports, meant: Meant) -> Remembered:
    ids = (meant.salesforce_ids, meant.salesmanago_ids)
    bindings = ports.ledger.bindings.read(*ids)
    return Remembered(
        bindings=bindings,
        events=ports.ledger.events.read(binding_ids=bindings["id"]),
        changes=ports.ledger.history.changes_of(*ids),
        issues=ports.ledger.history.issues_of(*ids),
        consent=ports.ledger.consent.read(*ids),
    )


def _since(ports: Ports) -> dict[str, datetime] | None:
    """Where the next incremental run begins to look."""
    watermark = read_watermark(ports.variables)
    if watermark is None:
        return None
    return {side: getattr(watermark, side) - ports.settings.overlap for side in ("salesforce", "salesmanago")}
