"""Invented people: names, addresses and numbers, the same for the same seed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from faker import Faker


@dataclass(frozen=True, slots=True)
class Homeland:
    """Where a person comes from.

    Attributes:
        locale: Faker's locale.
        weight: Share among all people.
        spellings: How the country is written, by people and by systems.
        calling: The country's calling code.
        digits: Length of a national number.
        region: Faker's name for the first level of administration.
    """

    locale: str
    weight: int
    spellings: tuple[str, ...]
    calling: str
    digits: int
    region: str


HOMELANDS = (
    Homeland("pl_PL", 60, ("Poland", "PL", "Polska"), "48", 9, "region"),
    Homeland("en_US", 15, ("United States", "US", "USA"), "1", 10, "state"),
    Homeland("de_DE", 15, ("Germany", "DE", "Deutschland"), "49", 10, "state"),
    Homeland("es_ES", 10, ("Spain", "ES", "España"), "34", 9, "region"),
)
# First digits of mobile numbers that are in use in each country.
MOBILE_STARTS = {"48": "601", "1": "202555", "49": "151", "34": "612"}
UNDECOMPOSED = str.maketrans("łŁßøØ", "lLsoO")  # letters that Unicode does not take apart
YOUNGEST_DAYS, OLDEST_DAYS = 19 * 365, 75 * 365
REFERENCE_DAY = date(2025, 1, 1)  # birthdays do not depend on the day of planting


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person."""

    first: str
    last: str
    email: str
    number: str
    homeland: Homeland
    street: str
    zip_code: str
    city: str
    region: str
    birthday: date
    title: str
    company: str


class Cast:
    """Makes people, each with an e-mail address of their own."""

    def __init__(self, random: Random, first_number: int) -> None:
        self._random = random
        self._next = first_number
        self._fakers: dict[str, Faker] = {}
        for homeland in HOMELANDS:
            faker = Faker(homeland.locale, use_weighting=False)  # names as rare as each other, made faster
            faker.seed_instance(random.randrange(2**32))
            self._fakers[homeland.locale] = faker

    def person(self) -> Person:
        """Return somebody new."""
        homeland = self._random.choices(HOMELANDS, [one.weight for one in HOMELANDS])[0]
        faker = self._fakers[homeland.locale]
        region: Callable[[], str] = getattr(faker, homeland.region)
        first, last = faker.first_name(), faker.last_name()
        return Person(
            first=first,
            last=last,
            email=self._email(first, last),
            number=self._number(homeland),
            homeland=homeland,
            street=faker.street_address(),
            zip_code=faker.postcode(),
            city=faker.city(),
            region=region(),
            birthday=REFERENCE_DAY - timedelta(days=self._random.randint(YOUNGEST_DAYS, OLDEST_DAYS)),
            title=faker.job()[:128],
            company=faker.company(),
        )

    def _email(self, first: str, last: str) -> str:
        self._next += 1
        ending = "pl" if self._random.random() < 0.5 else "com"
        return f"{_plain(first)}.{_plain(last)}.{self._next}@example.{ending}"

    def _number(self, homeland: Homeland) -> str:
        start = MOBILE_STARTS[homeland.calling]
        return start + "".join(str(self._random.randint(2, 9)) for _ in range(homeland.digits - len(start)))


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.translate(UNDECOMPOSED))
    return "".join(letter for letter in decomposed.lower() if letter.isascii() and letter.isalpha())


def spell_phone(random: Random, person: Person) -> str:
    """Return the person's number in one of the spellings that people use."""
    calling, number = person.homeland.calling, person.number
    groups = " ".join(number[start : start + 3] for start in range(0, len(number), 3))
    spellings = (
        f"+{calling}{number}",
        f"+{calling} {groups}",
        f"(+{calling}) {groups.replace(' ', '-')}",
        f"00{calling}{number}",
        groups,
        number,
    )
    return random.choices(spellings, (6, 4, 2, 1, 2, 1))[0]
