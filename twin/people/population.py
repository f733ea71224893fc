"""How many people to plant, and what a first full sync must say about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Population(BaseModel):
    """An order for people.

    Attributes:
        seed: The same number and sizes give the same people.
        leads: Leads in Salesforce.
        contacts: Contacts in Salesforce.
        person_accounts: Person Accounts in Salesforce.
        salesmanago: Contacts in SALESmanago; about half of them are people of Salesforce too.
    """

    model_config = ConfigDict(extra="forbid")

    seed: int = 1
    leads: int = Field(default=0, ge=0)
    contacts: int = Field(default=0, ge=0)
    person_accounts: int = Field(default=0, ge=0)
    salesmanago: int = Field(default=0, ge=0)

    @classmethod
    def parse(cls, text: str, seed: int) -> Population:
        """Read `leads=1500,contacts=1500,...`.

        Raises:
            ValueError: A name is unknown or a value is not a number from 0.
        """
        parts = dict(part.partition("=")[::2] for part in text.split(",") if part.strip())
        numbers = {name.strip(): number.strip() for name, number in parts.items()}
        try:
            return cls.model_validate({"seed": seed, **numbers})
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise ValueError(faults) from None


@dataclass(frozen=True, slots=True)
class PlantedIssue:
    """A record that a first full sync with the shipped mappings reports.

    Attributes:
        reason: The reason code.
        object: Lead, Contact or PersonAccount.
        salesforce_id: The Salesforce record, where there is one already.
        salesmanago_id: The SALESmanago contact, where there is one already.
        field: The field key, where the issue is about one field.
    """

    reason: str
    object: str
    salesforce_id: str | None = None
    salesmanago_id: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Seeded:
    """Every planted issue."""

    records: tuple[PlantedIssue, ...] = ()

    def __add__(self, other: Seeded) -> Seeded:
        return Seeded(self.records + other.records)

    def report(self) -> dict[str, object]:
        """Return counts by reason and the records."""
        return {
            "issues": dict(sorted(Counter(record.reason for record in self.records).items())),
            "records": [asdict(record) for record in self.records],
        }
