"""People: one explained, now or in the past; and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pydantic import Field

from salesmanago_sync.actions.rows import Asked, Rows, Words
from salesmanago_sync.domain.explain.explanation import Explanation
from salesmanago_sync.domain.explain.past import Past, read_moment
from salesmanago_sync.domain.explain.person_key import read_person_key
from salesmanago_sync.errors import ConfigurationError, QuestionError
from salesmanago_sync.hooks.audit import audit, kept_by_airflow
from salesmanago_sync.hooks.ports import account, staging_root
from salesmanago_sync.hooks.staging import clear
from salesmanago_sync.steps.explaining import explain_person
from salesmanago_sync.steps.forgetting import Forgotten, find_people, forget
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.recalling import recall_person


class PersonQuestion(Asked):
    """Who is to be explained.

    Attributes:
        person: A Salesforce Id, a SALESmanago contactId or an e-mail address.
    """

    person: Words = Field(repr=False)


class PastQuestion(PersonQuestion):
    """Who is to be explained as of when.

    Attributes:
        at: A day, which means its end in UTC, or a moment with its time zone.
    """

    at: Words


class ForgetQuestion(Asked):
    """Who is to be forgotten.

    Attributes:
        people: Salesforce Ids, SALESmanago contactIds or e-mail addresses.
        confirmed: Wipe it; without this it is only said what would be wiped.
    """

    people: tuple[Words, ...] = Field(min_length=1, max_length=500, repr=False)
    confirmed: bool = False


def explain(ports: Ports, person: str) -> Rows[Explanation]:
    """Read one person from both services and explain; nothing is written.

    Raises:
        QuestionError: It names nobody.
    """
    _check([person])
    found = explain_person(ports, person.strip(), partial(account, ports.pair))
    return Rows[Explanation].of([found], *(() if found.stories else ("Nobody was found.",)))


def recall(ports: Ports, person: str, at: str) -> Rows[Past]:
    """Say what both sides held at a moment, as far as the ledger knows; no service is asked.

    Raises:
        QuestionError: It names nobody, or no moment.
    """
    _check([person])
    try:
        return Rows[Past].of([recall_person(ports, person.strip(), read_moment(at))])
    except QuestionError:
        raise
    except ConfigurationError as error:
        raise QuestionError(list(error.faults)) from None


def forget_people(ports: Ports, people: Sequence[str], who: str) -> Rows[dict[str, str | int]]:
    """Wipe what the sync keeps of people; the services are not asked.

    Args:
        ports: What the action talks to.
        people: E-mail addresses, Salesforce Ids, contactIds.
        who: Name of the user who decides it.

    Raises:
        QuestionError: One of them is neither an address nor an id.
        FatalError: A run is at work.
    """
    _check(people)
    found = forget(ports, people, who, lambda: clear(staging_root(ports.pair, ports.settings)))
    ids = _ids(found)
    if ids:
        audit(ports.pair, "forget", who, ids)
    return Rows[dict[str, str | int]].of(_rows(found), *_about(found), *left_elsewhere(ports, [*people, *ids]))


def left_elsewhere(ports: Ports, named: Sequence[str]) -> list[str]:
    """Say what is kept of forgotten people where the sync wipes nothing, and what to do about it.

    Args:
        ports: What the action talks to.
        named: Their ids and addresses.
    """
    told = [f"Airflow itself keeps {one.what}: {one.how}" for one in kept_by_airflow(ports.pair, named)]
    if ports.settings.export is not None:
        told.append(f"What was exported to {ports.settings.export} is not touched: delete there what is about them.")
    return told


def count_kept(ports: Ports, people: Sequence[str]) -> Rows[dict[str, str | int]]:
    """Say what would be wiped of people, and wipe nothing; arguments as for `forget_people`."""
    _check(people)
    found = find_people(ports, people)
    return Rows[dict[str, str | int]].of(_rows(found), *_about(found), "Nothing was wiped. Confirm it, and it is.")


def _check(people: Sequence[str]) -> None:
    try:
        for person in people:
            read_person_key(person)
    except ConfigurationError as error:
        raise QuestionError(list(error.faults)) from None


def _ids(found: Forgotten) -> list[str]:
    return sorted(found.ids.salesforce | found.ids.salesmanago)


def _rows(found: Forgotten) -> list[dict[str, str | int]]:
    ids = _ids(found)
    return [{"forgotten": ", ".join(ids), **found.rows}] if ids else []


def _about(found: Forgotten) -> list[str]:
    if not found.ids:
        return ["The ledger knows nobody of them."]
    if not found.living:
        return []
    return [f"{found.living} of them are not known to be gone: the next run reads them again unless they are deleted."]
