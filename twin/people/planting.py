"""Planting people in both systems, with the flaws that a sync must report."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from twin.people.cast import Cast, Person
from twin.people.population import PlantedIssue, Population, Seeded
from twin.people.shapes import Artist, Record
from twin.salesforce.org import Org
from twin.salesmanago.store import Contact, Contacts
from twin.state import State

# Shares of one object's records, or of the people who are in SALESmanago alone.
NO_EMAIL = 0.01
AMBIGUOUS = 0.005
SHADOWED = 0.02
TOO_LONG = 0.008
NAMELESS = 0.01
IN_BOTH = 0.5  # of the SALESmanago contacts
CONTACTS_AN_ACCOUNT = 5
FEWEST = 10  # among fewer people no flaw is planted
STATES = ("PROSPECT", "CUSTOMER", "PARTNER", "OTHER")
STATE_WEIGHTS = (50, 40, 5, 5)
# Salesforce takes 40 characters.
LONG_CITY = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
CITY_FIELDS = {"Lead": "City", "Contact": "MailingCity", "PersonAccount": "PersonMailingCity"}
EMAIL_FIELDS = {"Lead": "Email", "Contact": "Email", "PersonAccount": "PersonEmail"}
SOBJECTS = {"Lead": "Lead", "Contact": "Contact", "PersonAccount": "Account"}
# What a SALESmanago contact whom Salesforce does not know becomes there.
BECOMES = {"PROSPECT": "Lead", "CUSTOMER": "Contact"}


def plant(org: Org, contacts: Contacts, state: State, population: Population) -> Seeded:
    """Plant people and return what a first full sync must report about them."""
    if population.person_accounts and not org.persons:
        raise ValueError("person_accounts: the org has no Person Accounts")
    random = Random(population.seed)  # noqa: S311 - reproducible people, no secrets
    artist = Artist(random, state.clock.now(), state.credentials.salesmanago.owner)
    planting = _Planting(org, contacts, artist, Cast(random, _people_there(org, contacts)))
    planting.plant_salesforce(population)
    planting.plant_salesmanago(population.salesmanago)
    return Seeded(tuple(planting.issues))


def _people_there(org: Org, contacts: Contacts) -> int:
    return sum(len(org.rows(sobject)) for sobject in SOBJECTS.values()) + len(contacts.everyone())


def _share(number: int, part: float) -> int:
    return max(1, round(number * part)) if number >= FEWEST else 0


class _Planting:
    """One planting; `known` collects the people whom SALESmanago may know too."""

    def __init__(self, org: Org, contacts: Contacts, artist: Artist, cast: Cast) -> None:
        self.issues: list[PlantedIssue] = []
        self._org = org
        self._contacts = contacts
        self._artist = artist
        self._random = artist.random
        self._cast = cast
        self._known: list[tuple[str, str, Person]] = []

    # -- Salesforce

    def plant_salesforce(self, population: Population) -> None:
        """Plant the Contacts, the Person Accounts and the Leads."""
        accounts = self._plant_accounts(-(-population.contacts // CONTACTS_AN_ACCOUNT))
        people = self._people(population.contacts)
        chosen = [self._random.choice([*accounts, *accounts, None]) for _ in people]
        drawn = [self._artist.contact(person, account) for person, account in zip(people, chosen, strict=True)]
        self._plant_object("Contact", people, drawn)
        people = self._people(population.person_accounts)
        self._plant_object("PersonAccount", people, [self._artist.person_account(person) for person in people])
        self._plant_leads(population.leads)

    def _plant_accounts(self, number: int) -> list[str]:
        names = [self._cast.person().company for _ in range(number)]
        return [self._org.insert("Account", self._artist.account(name)) for name in names]

    def _plant_leads(self, number: int) -> None:
        pairs = _share(number, AMBIGUOUS)
        shadowed = min(_share(number, SHADOWED), len(self._known))
        self._plant_ambiguous(pairs)
        # The Contact or Person Account of the same person comes first.
        for _, _, person in self._random.sample(self._known, shadowed):
            self._org.insert("Lead", self._artist.lead(person))
        people = self._people(number - 2 * pairs - shadowed)
        self._plant_object("Lead", people, [self._artist.lead(person) for person in people])

    def _plant_ambiguous(self, pairs: int) -> None:
        for person in self._people(pairs):
            both = sorted(self._org.insert("Lead", self._artist.lead(person)) for _ in range(2))
            self.issues.append(PlantedIssue("AMBIGUOUS_MATCH", "Lead", salesforce_id=both[0]))

    def _plant_object(self, name: str, people: list[Person], records: list[Record]) -> None:
        nameless = set(self._random.sample(range(len(people)), _share(len(people), NO_EMAIL)))
        for place in nameless:
            records[place][EMAIL_FIELDS[name]] = None
        for place, (person, record) in enumerate(zip(people, records, strict=True)):
            identifier = self._org.insert(SOBJECTS[name], record)
            if place in nameless:
                self.issues.append(PlantedIssue("NO_EMAIL", name, salesforce_id=identifier))
            else:
                self._known.append((name, identifier, person))

    def _people(self, number: int) -> list[Person]:
        return [self._cast.person() for _ in range(number)]

    # -- SALESmanago

    def plant_salesmanago(self, number: int) -> None:
        """Plant people whom Salesforce knows too, and others."""
        common = self._random.sample(self._known, min(round(number * IN_BOTH), len(self._known)))
        cards = self._common(common) + self._strangers(number - len(common))
        self._random.shuffle(cards)
        self._contacts.save(cards)

    def _common(self, common: list[tuple[str, str, Person]]) -> list[Contact]:
        cards = []
        for name, _, person in common:
            told = self._retold(person)
            cards.append(self._artist.card(told, "PROSPECT" if name == "Lead" else "CUSTOMER"))
        for place in range(_share(len(common), TOO_LONG)):
            name, identifier, _ = common[place]
            self._org.edit(SOBJECTS[name], identifier, {CITY_FIELDS[name]: None} | self._artist.past())
            cards[place].city = LONG_CITY
            self.issues.append(_too_long(name, cards[place], identifier))
        return cards

    def _retold(self, person: Person) -> Person:
        """Return the person as the other system heard of them: the same, moved, or with another name."""
        fate = self._random.choices(("same", "moved", "married"), (80, 12, 8))[0]
        if fate == "same":
            return person
        other = self._cast.person()
        if fate == "married":
            return replace(person, last=other.last)
        moved = replace(person, street=other.street, zip_code=other.zip_code, city=other.city, region=other.region)
        return replace(moved, homeland=other.homeland, number=other.number)

    def _strangers(self, number: int) -> list[Contact]:
        states = self._random.choices(STATES, STATE_WEIGHTS, k=number)
        cards = [self._artist.card(self._cast.person(), state) for state in states]
        wanted = [card for card in cards if card.state in BECOMES]
        flawed = self._random.sample(wanted, _share(len(wanted), TOO_LONG) + _share(len(wanted), NAMELESS))
        nameless = _share(len(wanted), NAMELESS)
        for card in flawed[:nameless]:
            card.name = None
        for card in flawed[nameless:]:
            card.city = LONG_CITY
            self.issues.append(_too_long(BECOMES[card.state], card))
        return cards


def _too_long(name: str, card: Contact, salesforce_id: str | None = None) -> PlantedIssue:
    return PlantedIssue("VALUE_TOO_LONG", name, salesforce_id, card.id, "address.city")
