"""Probing: every question asked, its answer kept at once, and whoever was made removed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from salesmanago_sync.domain.probe.answers import AccountAnswer, Conclusion, unclear
from salesmanago_sync.domain.probe.people import NAME, address
from salesmanago_sync.domain.probe.questions import BY_KEY, QUESTIONS
from salesmanago_sync.errors import AuthenticationError, ConfigurationError, Fault, SyncError
from salesmanago_sync.steps.probe.contacts import (
    ask_address_case,
    ask_consent,
    ask_emptying,
    ask_refused_rows,
    ask_tag_case,
)
from salesmanago_sync.steps.probe.lists import ask_bounds, ask_clocks, ask_export, ask_list_cut, ask_page_cut
from salesmanago_sync.steps.probe.ports import ProbePorts
from salesmanago_sync.steps.probe.throw_aways import ThrowAways

Ask = Callable[[ThrowAways], dict[str, Conclusion]]
# In this order: the lists are looked at when there is somebody to be listed.
TOPICS: tuple[tuple[tuple[str, ...], Ask], ...] = (
    (("empty_field", "empty_address", "empty_detail", "address_parts"), ask_emptying),
    (("new_consent",), ask_consent),
    (("refused_rows",), ask_refused_rows),
    (("tag_case",), ask_tag_case),
    (("address_case",), ask_address_case),
    (("bounds",), ask_bounds),
    (("optout_clock", "tag_clock"), ask_clocks),
    (("list_cut",), ask_list_cut),
    (("page_cut",), ask_page_cut),
    (("export",), ask_export),
)
BY_HAND = f'Search SALESmanago for "{NAME}" and delete by hand, or run: airflow salesmanago probe --remove'
# What a person should know before.
BEFORE = (
    "Rules and workflows of SALESmanago that react to new contacts, tags or opt-outs see the throw-away contacts, too. "
    "Pause those that do more than write to the contact itself.",
    "useApiDoubleOptIn is false in every request. Where the account sends a confirmation all the same, it goes to "
    "the domain of the throw-away contacts, and nobody reads it at example.com.",
    "The sync takes none of them for a person. They are removed for good at the end, also after a fault.",
    "Nothing is made in Salesforce: no open question is about it.",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a probe came to.

    Attributes:
        answers: By question, in their order.
        left: Addresses of contacts that could not be removed.
    """

    answers: list[AccountAnswer]
    left: list[str]


def probe(ports: ProbePorts) -> Found:
    """Ask every question.

    Raises:
        SyncError: The account cannot be used at all.
    """
    _log_in(ports)
    contacts, account = ThrowAways(ports), ports.salesmanago.account
    answers: list[AccountAnswer] = []
    try:
        for keys, ask in TOPICS:
            ports.tell(" ".join(BY_KEY[key].asks for key in keys))
            for key, verdict in _verdicts(contacts, keys, ask).items():
                answers.append(AccountAnswer(key, verdict, ports.now()))
                ports.ledger.probe_answers.keep(account, answers[-1])
    finally:
        ports.tell("Removing the throw-away contacts.")
        mine = address(ports.run, "", "").partition("@")[0].casefold()
        there = ports.ledger.probe_contacts.list_left(account)
        left = _remove(ports, [one for one in there if one.casefold().startswith(mine)])
    order = [question.key for question in QUESTIONS]
    return Found(sorted(answers, key=lambda one: order.index(one.question)), left)


def remove(ports: ProbePorts) -> tuple[int, list[str]]:
    """Remove the throw-away contacts that earlier probes left behind.

    Returns:
        How many there were, and the addresses of those that could not be removed.
    """
    found = ports.ledger.probe_contacts.list_left(ports.salesmanago.account)
    if found:
        _log_in(ports)
    return len(found), _remove(ports, found)


def _log_in(ports: ProbePorts) -> None:
    """Make sure that the account takes the connection at all.

    Raises:
        ConfigurationError: Data Owner is no user of it.
    """
    if ports.owner.casefold() not in {user.casefold() for user in ports.salesmanago.users()}:
        fix = "Set it to the e-mail address of a SALESmanago user, as Settings → Users shows it."
        what = "is no user of the account."
        raise ConfigurationError([Fault(f"connection {ports.connection}, Data Owner", what, fix)])


def _verdicts(contacts: ThrowAways, keys: Iterable[str], ask: Ask) -> dict[str, Conclusion]:
    """Ask; a question that cannot be asked does not stop the others."""
    try:
        return ask(contacts)
    except AuthenticationError:
        raise
    except SyncError as error:
        return dict.fromkeys(keys, unclear(str(error)))


def _remove(ports: ProbePorts, addresses: list[str]) -> list[str]:
    """Remove contacts for good, and name those that are there all the same."""
    contacts = ThrowAways(ports)
    left = []
    for one in addresses:
        try:
            _remove_one(contacts, one)
        except SyncError:
            left.append(one)
        else:
            ports.ledger.probe_contacts.note_removed(one, ports.now())
    for one in left:
        ports.tell(f"Not removed: {one}. {BY_HAND}")
    return left


def _remove_one(contacts: ThrowAways, named: str) -> None:
    """Remove one contact, and look that it is gone.

    Raises:
        NotShownError: It is still there.
    """
    contacts.requests.remove(named)
    contacts.found(lambda: True if contacts.requests.card(named) is None else None, "that a contact is gone")
