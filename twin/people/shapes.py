"""How one invented person looks in each system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from twin.people.cast import Person, spell_phone
from twin.salesforce.values import stamp
from twin.salesmanago.store import Contact

Record = dict[str, Any]

SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
STATUSES = ("Open - Not Contacted", "Working - Contacted")
INDUSTRIES = ("Banking", "Consulting", "Education", "Retail", "Technology")
DEPARTMENTS = ("Sales", "Marketing", "Purchasing", "IT")
TAGS = ("CRM", "NEWSLETTER", "EVENT_2025", "VIP", "WEBINAR")
NOTES = ("Met at the fair.", "Prefers e-mail.", "Asked for a price list.", "Zadzwonić po 16:00")
COMPANY_STAND_IN = "[not provided]"
OPTED_OUT = 0.06
NO_CALLS = 0.03
OLDEST_DAYS, NEWEST_HOURS = 900, 2


@dataclass(frozen=True)
class Artist:
    """Draws people, with the little differences that two systems have about the same person.

    Attributes:
        random: The source of all choices.
        now: The present; records are changed some time before it.
        owner: The SALESmanago user who owns the contacts.
    """

    random: Random
    now: datetime
    owner: str

    def lead(self, person: Person) -> Record:
        """Return a Lead; a few have no company, or the stand-in that a form demanded."""
        chosen = self.random.choices((person.company, None, COMPANY_STAND_IN), (96, 3, 1))[0]
        return (
            self._named(person)
            | self._reached(person)
            | {
                "Email": person.email,
                "Company": chosen,
                "Title": self._maybe(person.title),
                "Status": self.random.choice(STATUSES),
                "Industry": self._maybe(self.random.choice(INDUSTRIES)),
                "LeadSource": self._maybe(self.random.choice(SOURCES)),
                "HasOptedOutOfEmail": self._rarely(OPTED_OUT),
                "DoNotCall": self._rarely(NO_CALLS),
            }
            | self._address(person, "")
        )

    def contact(self, person: Person, account: str | None) -> Record:
        """Return a Contact of a business account, or of none."""
        return (
            self._named(person)
            | self._reached(person)
            | {
                "AccountId": account,
                "Email": person.email,
                "Title": self._maybe(person.title),
                "Department": self._maybe(self.random.choice(DEPARTMENTS)),
                "Birthdate": self._maybe(person.birthday.isoformat()),
                "LeadSource": self._maybe(self.random.choice(SOURCES)),
                "HasOptedOutOfEmail": self._rarely(OPTED_OUT),
                "DoNotCall": self._rarely(NO_CALLS),
            }
            | self._address(person, "Mailing")
        )

    def person_account(self, person: Person) -> Record:
        """Return a Person Account."""
        return (
            self._named(person)
            | self._reached(person)
            | {
                "IsPersonAccount": True,
                "PersonEmail": person.email,
                "PersonTitle": self._maybe(person.title),
                "PersonBirthdate": self._maybe(person.birthday.isoformat()),
                "PersonLeadSource": self._maybe(self.random.choice(SOURCES)),
                "PersonHasOptedOutOfEmail": self._rarely(OPTED_OUT),
                "PersonDoNotCall": self._rarely(NO_CALLS),
            }
            | self._address(person, "PersonMailing")
        )

    def card(self, person: Person, state: str) -> Contact:
        """Return a SALESmanago contact; typed by somebody else, so it may differ."""
        created, modified = self._times()
        return Contact(
            id=str(UUID(int=self.random.getrandbits(128), version=4)),
            email=self._typed(person.email),
            name=f"{person.first} {person.last}",
            phone=self._maybe(spell_phone(self.random, person)),
            company=self._maybe(person.company),
            state=state,
            street=self._maybe(person.street),
            zip_code=self._maybe(person.zip_code),
            city=self._maybe(person.city),
            country=self._maybe(self.random.choice(person.homeland.spellings)),
            province=self._maybe(person.region),
            birthday=self._birthday(person, state),
            opted_out=self._rarely(OPTED_OUT),
            opted_out_phone=self._rarely(NO_CALLS),
            score=self.random.randint(0, 200),
            owners=[self.owner],
            properties=self._properties(),
            tags={tag: {"score": 1, "createdOn": int(created.timestamp())} for tag in self._tags()},
            created_on=int(created.timestamp()),
            modified_on=int(modified.timestamp()),
        )

    def past(self) -> Record:
        """Return stamps of some time ago."""
        created, modified = map(stamp, self._times())
        return {"CreatedDate": created, "LastModifiedDate": modified, "SystemModstamp": modified}

    def account(self, name: str) -> Record:
        """Return a business account."""
        return {"Name": name} | self.past()

    def _named(self, person: Person) -> Record:
        return {"FirstName": person.first, "LastName": person.last} | self.past()

    def _reached(self, person: Person) -> Record:
        return {
            "Phone": self._maybe(spell_phone(self.random, person)),
            "Fax": self._maybe(f"+{person.homeland.calling}{person.number}", 0.05),
            "Description": self._maybe(self.random.choice(NOTES), 0.2),
        }

    def _address(self, person: Person, prefix: str) -> Record:
        return {
            f"{prefix}Street": self._maybe(person.street),
            f"{prefix}PostalCode": self._maybe(person.zip_code),
            f"{prefix}City": self._maybe(person.city),
            f"{prefix}State": self._maybe(person.region),
            f"{prefix}Country": self._maybe(self.random.choice(person.homeland.spellings)),
        }

    def _times(self) -> tuple[datetime, datetime]:
        oldest = OLDEST_DAYS * 24 * 3600
        created = self.random.randint(NEWEST_HOURS * 3600, oldest)
        modified = self.random.randint(NEWEST_HOURS * 3600, created)
        whole = self.now.replace(microsecond=0)
        return whole - timedelta(seconds=created), whole - timedelta(seconds=modified)

    def _birthday(self, person: Person, state: str) -> str | None:
        # Only a Lead, which has no birthday, takes a person without a year without complaint.
        spelling = "%m%d" if state == "PROSPECT" and self._rarely(0.1) else "%Y%m%d"
        return self._maybe(person.birthday.strftime(spelling), 0.4)

    def _typed(self, email: str) -> str:
        return self.random.choices((email, email.upper(), email.title()), (94, 4, 2))[0]

    def _properties(self) -> dict[str, str]:
        drawn = {"note": self._maybe(self.random.choice(NOTES), 0.15), "shoe_size": self._maybe("42", 0.2)}
        return {name: value for name, value in drawn.items() if value is not None}

    def _tags(self) -> list[str]:
        return self.random.sample(TAGS, self.random.randint(0, 3))

    def _maybe(self, value: str, chance: float = 0.85) -> str | None:
        return value if self.random.random() < chance else None

    def _rarely(self, chance: float) -> bool:
        return self.random.random() < chance
