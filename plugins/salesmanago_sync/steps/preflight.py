"""Preflight: everything that could be wrong, asked before anything is written, every fault in one message."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial

from salesmanago_sync.domain.mapping_files.mapping import Mapping, read_mappings
from salesmanago_sync.domain.org.schema import Schema, check, parents_of, read_fields, takes_part, warnings
from salesmanago_sync.domain.people.witness import OBJECTS, sobject_of, witness
from salesmanago_sync.domain.probe.answers import open_questions
from salesmanago_sync.domain.probe.questions import QUESTIONS
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.settings import Settings, environment_faults
from salesmanago_sync.steps.checks import Findings
from salesmanago_sync.steps.clocks import read_clocks, stage_clocks
from salesmanago_sync.steps.org import Org, known_org, remember_org
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.request import utc
from salesmanago_sync.steps.reserve import SETTING, most_calls
from salesmanago_sync.steps.snapshot import stage_snapshot, staged_schema
from salesmanago_sync.steps.watermark import first_sync, late_faults, read_watermark
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)

# With a smaller share than this left a run might not come to its end.
LOW_BUDGET = 0.05
STAGED = "preflight"
# The checks that try both connections.
LOG_INS = ("SALESmanago: log-in and Data Owner", "Salesforce: log-in and edition")
# Before an object's name: the digest of its schema, beside that of its mapping.
SCHEMA = "schema of "


@dataclass(frozen=True, slots=True)
class Account:
    """The settings of the SALESmanago connection that the steps need.

    Attributes:
        owner: Data Owner.
        account_name: Salesforce Account for new Contacts, if there is one.
        insecure: What is wrong with an Endpoint that is used all the same; empty where nothing is.
    """

    owner: str
    account_name: str | None
    insecure: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the preflight found out for the steps after it.

    Attributes:
        objects: The objects of this run.
        enabled: Every object with an enabled mapping; all of them help to recognise people.
        account_id: The Salesforce Account of new Contacts.
        account_name: Its name, which says nothing about their company.
        warnings: What the report repeats.
        witnesses: Objects without an enabled mapping whose opt-outs can be read.
    """

    objects: list[str]
    enabled: list[str]
    account_id: str | None
    account_name: str | None
    warnings: list[str]
    witnesses: list[str] = field(default_factory=list)


def checked(ports: Ports) -> Checked:
    """Read what the preflight of this run found out."""
    return Checked(**ports.staging.read_json(STAGED))


@dataclass(frozen=True, slots=True)
class Examined:
    """What the checks found that a run needs.

    Attributes:
        account: Settings of the SALESmanago connection; nothing where it is broken.
        org: What Salesforce said of itself; nothing where it says nothing.
        enabled: The mappings that take part in this org.
        schemas: Schemas by Salesforce object.
        account_id: The Salesforce Account of new Contacts.
        objects: The objects of this run.
    """

    account: Account | None
    org: Org | None
    enabled: list[Mapping]
    schemas: dict[str, Schema]
    account_id: str | None
    objects: list[str]


def preflight(
    ports: Ports, read_account: Callable[[], Account], make_notifier: Callable[[Settings], object]
) -> list[str]:
    """Check mappings, connections, permissions and settings.

    Args:
        ports: What the step talks to.
        read_account: Reads the SALESmanago connection's settings.
        make_notifier: Makes the notifier that the settings name.

    Returns:
        The objects of this run; everything that later steps need is staged (`Checked`).

    Raises:
        ConfigurationError: With every fault.
        RetriableError: A service did not answer.
    """
    ports.keep_lock()
    # What an earlier attempt read is older than what the ledger has learned since.
    ports.staging.remove()
    mappings = stage_snapshot(ports)  # a fault here stops the run before the first request
    findings = Findings()
    check_notifier(ports, make_notifier, findings)
    found = examine(ports, read_account, mappings, findings, lambda: known_org(ports))
    if findings.faults or found.account is None or found.org is None:
        raise ConfigurationError(findings.faults).saying(" ".join(findings.words))
    warned = [warning.renamed(ports.pair.spelled) for warning in findings.warnings]
    for warning in warned:
        log.warning("%s", visible(warning))
    _remember(ports, found.enabled, found.schemas)
    result = Checked(
        objects=found.objects,
        enabled=[mapping.object for mapping in found.enabled],
        account_id=found.account_id,
        account_name=found.account.account_name,
        warnings=[str(warning) for warning in warned],
        witnesses=stage_witnesses(ports, [mapping.object for mapping in found.enabled], found.org),
    )
    remember_org(ports, found.org)
    stage_clocks(ports)
    ports.staging.write_json(STAGED, asdict(result))
    return found.objects


def stage_witnesses(ports: Ports, enabled: Sequence[str], org: Org) -> list[str]:
    """Describe the objects that are not synchronised, and name those whose opt-outs can be read.

    Args:
        ports: What the step talks to.
        enabled: The objects with an enabled mapping.
        org: The org.
    """
    found: list[str] = []
    for name in OBJECTS:
        if name in enabled:
            continue
        staged = f"describe.{sobject_of(name)}"
        if not ports.staging.has(f"{staged}.json"):
            describe = org.describe_visible(sobject_of(name))
            if describe is None:
                # Who may not see an object can read no opt-out of it.
                continue
            ports.staging.write_json(staged, describe)
        if witness(name, staged_schema(ports, sobject_of(name))) is not None:
            found.append(name)
    return found


def diagnose(
    ports: Ports,
    read_account: Callable[[], Account],
    make_notifier: Callable[[Settings], object],
    findings: Findings,
) -> None:
    """Make every check of the preflight outside a run; a mapping with a fault does not hide what else is wrong.

    Args:
        ports: What the step talks to; nothing is written.
        read_account: Reads the SALESmanago connection's settings.
        make_notifier: Makes the notifier that the settings name.
        findings: Takes the checks.
    """
    check_notifier(ports, make_notifier, findings)
    mappings = findings.check("Mapping files", lambda: _load(ports, findings))
    examined = examine(ports, read_account, mappings or (), findings, lambda: Org(ports))
    if examined.account is not None:
        findings.check("Answers of the probe", lambda: _tell_answers(ports, findings))


def _tell_answers(ports: Ports, findings: Findings) -> None:
    """Say which questions the account has not answered; none of them stops a run."""
    answers, days = ports.ledger.probe_answers.read(ports.salesmanago.account), ports.settings.probe_days
    lacking, old = open_questions(answers, ports.now(), days)
    findings.say(f"{len(QUESTIONS) - len(lacking) - len(old)} of {len(QUESTIONS)} questions are answered")
    if lacking:
        findings.say(f"open, with cautious defaults: {', '.join(lacking)} (airflow salesmanago probe)")
    if old and days:
        what = f"older than {days} days, so that the sync does not go by it: {', '.join(old)}."
        findings.warnings.append(Fault("answers of the probe", what, "Run: airflow salesmanago probe --apply"))


def check_notifier(ports: Ports, make_notifier: Callable[[Settings], object], findings: Findings) -> None:
    """Check that the notifier can be made: when a run fails, it is too late to find that out."""

    def ask() -> None:
        made = make_notifier(ports.settings)
        findings.say("none" if made is None else f"{type(made).__name__} is told when a run fails or asks")

    findings.check("Notifier", ask)


def _load(ports: Ports, findings: Findings) -> tuple[Mapping, ...]:
    """Read the mappings; of a file with faults as much as can be compared with the org all the same."""
    found = read_mappings(ports.settings.mappings)
    findings.faults += found.faults
    findings.say(f"{len(found.whole)} files in {ports.settings.mappings}")
    return (*found.whole, *found.parts)


def examine(
    ports: Ports,
    read_account: Callable[[], Account],
    mappings: tuple[Mapping, ...],
    findings: Findings,
    open_org: Callable[[], Org],
) -> Examined:
    """Ask everything that could be wrong.

    Args:
        ports: What the step talks to.
        read_account: Reads the SALESmanago connection's settings.
        mappings: The mappings; none where their files have faults, which were told already.
        findings: Takes the checks.
        open_org: Gives what answers for Salesforce.
    """
    ask = findings.check
    ask("Environment variables", lambda: findings.faults.extend(environment_faults(ports.pair)))
    ask("Ledger and staging", lambda: _check_places(ports, findings))
    account = ask("Connection salesmanago_default", read_account)
    client = ask("Connection salesforce_default", lambda: ports.salesforce)
    if account is not None:
        ask(LOG_INS[0], lambda: _check_salesmanago(ports, account, findings))
    schemas: dict[str, Schema] = {}
    org = None if client is None else ask(LOG_INS[1], lambda: _open(open_org, findings))
    if org is not None:
        # Without API access every further question would get the same answer.
        _check_salesforce(ports, org, mappings, schemas, findings)
    enabled = [mapping for mapping in mappings if _enabled(mapping, schemas)]
    account_id = None
    if account is not None and org is not None:
        account_id = ask("Account Name, for new Contacts", lambda: _account_id(ports, org, account, enabled, findings))
    objects = ask("Objects of the sync", lambda: _objects_of_run(ports, mappings, enabled, findings))
    ask("Watermark", lambda: _check_watermark(ports, findings))
    ask("First synchronisation", lambda: _warn_before_first_sync(ports, findings))
    return Examined(account, org, enabled, schemas, account_id, objects or [])


def _check_places(ports: Ports, findings: Findings) -> None:
    """On several machines each worker would have its own ledger and its own frames."""
    findings.say(f"ledger {ports.ledger.url}")
    if not ports.spreads:
        return
    what = "is a file of one machine, and the executor spreads tasks over several."
    if ports.ledger.url.startswith("sqlite"):
        fix = "Point the connection at a PostgreSQL database."
        findings.faults.append(Fault("connection sync_ledger", what, fix))
    if ports.settings.staging is None:
        fix = "Set it to a bucket, or to a folder that every worker mounts."
        findings.faults.append(Fault("SALESMANAGO_SYNC_STAGING", what, fix))


def _check_salesmanago(ports: Ports, account: Account, findings: Findings) -> None:
    if account.insecure:
        findings.warnings.append(Fault("connection salesmanago_default, Endpoint", account.insecure, "Use https."))
    users = ports.salesmanago.users()
    findings.say(f"logged in; the account has {len(users)} users")
    if account.owner.casefold() not in {user.casefold() for user in users}:
        what = f"is none of the account's {len(users)} users."
        fix = "Set it to the e-mail address of a SALESmanago user, as Settings → Users shows it."
        findings.faults.append(Fault("connection salesmanago_default, Data Owner", what, fix))


def _open(open_org: Callable[[], Org], findings: Findings) -> Org:
    org = open_org()
    organization = org.organization()
    findings.say(f"logged in; {organization.get('Name')}, {organization.get('OrganizationType')}")
    return org


def _check_salesforce(
    ports: Ports, org: Org, mappings: tuple[Mapping, ...], schemas: dict[str, Schema], findings: Findings
) -> None:
    wanted = [mapping for mapping in mappings if mapping.enabled is not False]
    for mapping in wanted:
        findings.check(f"{mapping.object} against the org", partial(_fit, ports, org, mapping, schemas, findings))
    findings.check("Salesforce: API calls left", lambda: _check_budget(ports, findings))


def _fit(ports: Ports, org: Org, mapping: Mapping, schemas: dict[str, Schema], findings: Findings) -> None:
    """Compare a mapping with what the integration user may see and do."""
    _describe(ports, org, {mapping.sobject}, schemas, findings)
    if not _enabled(mapping, schemas):
        findings.say("not taken: the org has no Person Accounts" if mapping.sobject in schemas else "not described")
        return
    schema = schemas[mapping.sobject]
    _describe(ports, org, parents_of(mapping, schema), schemas, findings)
    findings.say(f"{len(mapping.lines)} fields")
    findings.faults += check(mapping, schema, parents=schemas)
    findings.warnings += warnings(mapping, schema)


def _describe(ports: Ports, org: Org, sobjects: set[str], schemas: dict[str, Schema], findings: Findings) -> None:
    for sobject in sorted(sobjects - schemas.keys()):
        describe = findings.gather(partial(org.describe, sobject))
        if describe is not None:
            ports.staging.write_json(f"describe.{sobject}", describe)
            schemas[sobject] = Schema.from_describe(describe)


def _check_watermark(ports: Ports, findings: Findings) -> None:
    watermark = read_watermark(ports.variables)
    findings.say("none yet" if watermark is None else f"everything before {utc(watermark.earlier)} is synchronised")
    # A service that answers nothing has its fault already.
    if watermark is not None and not findings.faults:
        findings.faults += late_faults(watermark, read_clocks(ports))


def _check_budget(ports: Ports, findings: Findings) -> None:
    last = ports.ledger.runs.last_usage()
    usage = ports.salesforce.usage or (None if last is None else (last.used, last.allowed))
    if usage is None:
        return
    used, allowed = usage
    most = most_calls(ports.settings, allowed)
    findings.say(f"{used} of {allowed} are used in the last 24 hours; the sync stops at {most}")
    if used > most * (1 - LOW_BUDGET):
        what = f"{used} of {allowed} API calls of the last 24 hours are used, and the sync stops at {most}."
        findings.warnings.append(
            Fault("Salesforce API limit", what, f"Run less often, raise the limit, or set {SETTING}.")
        )


def _enabled(mapping: Mapping, schemas: dict[str, Schema]) -> bool:
    schema = schemas.get(mapping.sobject)
    return schema is not None and takes_part(mapping, schema)


def _account_id(ports: Ports, org: Org, account: Account, enabled: list[Mapping], findings: Findings) -> str | None:
    creates = any(mapping.object == "Contact" and mapping.create.in_salesforce is not False for mapping in enabled)
    if not creates or ports.run.request.direction == "to_salesmanago":
        findings.say("not needed: no Contacts are created in Salesforce")
        return None
    where = "connection salesmanago_default, Account Name"
    if account.account_name is None:
        what = "is not set: new Contacts stay visible to their owner only."
        findings.warnings.append(Fault(where, what, "Name the Salesforce Account that they should belong to."))
        return None
    found = org.accounts(account.account_name)
    if len(found) == 1:
        findings.say(f"{account.account_name!r} is an Account of the org")
        return found[0]
    what = f"{account.account_name!r} names {'no Account' if not found else f'{len(found)} Accounts'}."
    findings.faults.append(Fault(where, what, "Name exactly one Account of the org, or leave the setting empty."))
    return None


def _objects_of_run(
    ports: Ports, mappings: tuple[Mapping, ...], enabled: list[Mapping], findings: Findings
) -> list[str]:
    names = [mapping.object for mapping in enabled]
    findings.say(", ".join(names) or "none")
    asked = ports.run.request.objects
    for name in asked:
        if name not in names and not findings.faults:
            fix = f"Enabled are: {', '.join(names)}." if names else "No mapping is enabled."
            findings.faults.append(Fault("Param objects", f"{name} has no enabled mapping.", fix))
    known = {line.key for mapping in enabled for line in mapping.lines}
    for key in ports.run.request.fields:
        if key not in known and not findings.faults:
            fix = f"Write it as in the mapping file; there are: {', '.join(sorted(known))}."
            findings.faults.append(Fault("Param fields", f"no enabled mapping has the field {key}.", fix))
    if mappings and not names and not findings.faults:
        findings.faults.append(Fault("mappings", "none is enabled.", "Set enabled: true in one of them."))
    return [name for name in names if not asked or name in asked]


def _warn_before_first_sync(ports: Ports, findings: Findings) -> None:
    status = first_sync(ports.variables)
    findings.say(status)
    if ports.run.mode == "full" and status != "done":
        what = "automation rules on new contacts and tags will see all these people at once."
        fix = "Start with a dry run, and pause such rules in SALESmanago until the first synchronisation is done."
        findings.warnings.append(Fault("first synchronisation", what, fix))


def _remember(ports: Ports, enabled: list[Mapping], schemas: dict[str, Schema]) -> None:
    watermark = read_watermark(ports.variables)
    names = [mapping.object for mapping in enabled]
    restricted = ports.run.restricted(watermark.earlier if watermark is not None else None, names)
    digests: dict[str, str] = {mapping.object: mapping.digest for mapping in enabled}
    for mapping in enabled:
        digests[SCHEMA + mapping.object] = _schema_digest(mapping, schemas[mapping.sobject])
    ports.ledger.runs.update(ports.run.id, restricted=restricted, mapping_digests=digests)


def _schema_digest(mapping: Mapping, schema: Schema) -> str:
    """Hash what the org says of the fields that the mapping reads."""
    fields = [schema.fields.get(name) for name in read_fields(mapping, schema)]
    return hashlib.sha256(repr(fields).encode()).hexdigest()
