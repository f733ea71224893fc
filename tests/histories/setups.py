"""In what surroundings a history happens: mappings, policies, databases and how the services behave."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.histories.diary import Value
from tests.histories.look import FILLER, OPT_OUTS, SALESFORCE

Keeps = Literal["as_sent", "trimmed", "upper"]


@dataclass(frozen=True, slots=True)
class Setup:
    """The surroundings of one history.

    Attributes:
        objects: The mapped objects.
        on_delete: What becomes of a contact whose record was deleted.
        criteria: Whether Leads take part only while they meet a criterion.
        pace: Seconds that each request takes.
        new_opted_out: Whether the account creates contacts opted out.
        keeps: What SALESmanago makes of a text on its way in.
        salesforce_keeps: What a trigger of the org makes of a text that the sync writes.
        cut_at: Where SALESmanago cuts a text on its way in.
        list_limit: How many contacts SALESmanago mentions at most.
        list_twice: Whether SALESmanago mentions everybody twice.
        salesforce_twice: Whether Salesforce names every record twice.
        consent_moves_clock: Whether consent moves the clock of a contact.
        hold: Whether a city that both sides have edited is left as it is on both, until somebody decides.
        bulk_above: From how many records on a list of Salesforce is read by a Bulk job.
    """

    objects: tuple[str, ...] = ("Lead", "Contact")
    on_delete: Literal["nothing", "opt_out", "delete"] = "nothing"
    criteria: bool = False
    pace: float = 1.0
    new_opted_out: bool = False
    keeps: Keeps = "as_sent"
    salesforce_keeps: Literal["as_sent", "upper"] = "as_sent"
    cut_at: int | None = None
    list_limit: int | None = None
    list_twice: bool = False
    salesforce_twice: bool = False
    consent_moves_clock: bool = True
    hold: bool = False
    bulk_above: int = 2_000

    @property
    def switches(self) -> dict[str, Any]:
        """The switches of SALESmanago."""
        own = {name: value for name, value in asdict(self).items() if name in SWITCHES}
        return own | {"optout_moves_clock": self.consent_moves_clock}

    @property
    def salesforce_switches(self) -> dict[str, Any]:
        """The switches of Salesforce."""
        return {"keeps": self.salesforce_keeps, "list_twice": self.salesforce_twice}

    @property
    def transforms(self) -> bool:
        """Whether a service changes what is written."""
        return self.keeps != "as_sent" or self.cut_at is not None or self.salesforce_keeps != "as_sent"

    def kept(self, value: Value) -> set[Value]:
        """What becomes of a text as the services hand it to each other."""
        found = {value}
        for keep in (self.keep, self.keep_in_salesforce, self.keep):
            found |= {keep(one) for one in found}
        return found

    def keep_in_salesforce(self, value: Value) -> Value:
        """What a trigger of the org makes of a text."""
        return value.upper() if value is not None and self.salesforce_keeps == "upper" else value

    def keep(self, value: Value) -> Value:
        """What SALESmanago makes of a text."""
        if value is None:
            return None
        changed = {"as_sent": value, "trimmed": value.strip(), "upper": value.upper()}[self.keeps]
        return changed[: self.cut_at] or None

    def write_mappings(self, folder: Path) -> Path:
        """Write the mapping files and return their folder."""
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for made in self.mappings():
            text = yaml.safe_dump(made, sort_keys=False)
            (folder / f"{made['object']}.yaml").write_text(text, encoding="utf-8")
        return folder

    def mappings(self) -> list[dict[str, Any]]:
        """Make the mappings as they would be read from files."""
        return [self._mapping(name) for name in self.objects]

    def _mapping(self, name: str) -> dict[str, Any]:
        """Make a small mapping: few columns make fast runs."""
        fields: list[dict[str, Any]] = [
            {"salesforce": SALESFORCE[name]["name"], "salesmanago": "name"},
            {"salesforce": SALESFORCE[name]["email"], "salesmanago": "email"},
            {"salesforce": SALESFORCE[name]["city"], "salesmanago": "address.city"}
            | ({"conflict": "hold"} if self.hold else {}),
            {"salesforce": "Description", "salesmanago": "properties.note", "conflict": "salesmanago"},
            {"salesforce": OPT_OUTS[name][0], "salesmanago": "optedOut", "convert": "consent"},
            {"salesforce": OPT_OUTS[name][1], "salesmanago": "optedOutPhone", "convert": "consent"},
        ]
        state = "PROSPECT" if name == "Lead" else "CUSTOMER"
        made: dict[str, Any] = {"object": name, "enabled": True, "last_name_when_empty": {"action": "fill"}}
        made["on_delete"] = {"in_salesmanago": self.on_delete}
        made["create"] = {"in_salesmanago": True, "in_salesforce": {"field": "state", "op": "eq", "value": state}}
        if name == "PersonAccount":
            made["create"]["in_salesforce"] = False
        if name == "Lead":
            fields.append({"salesforce": "Company", "salesmanago": "company", "blank": "propagate"})
            made["company_when_empty"] = {"action": "fill", "value": FILLER}
            if self.criteria:
                made["criteria"] = {"salesforce": {"field": "Status", "op": "ne", "value": "Unqualified"}}
        return made | {"fields": fields}


SWITCHES = ("new_opted_out", "keeps", "cut_at", "list_limit", "list_twice")
