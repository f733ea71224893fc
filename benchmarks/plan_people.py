"""How long planning takes: 100,000 people, against the least that any comparison of the same frames costs.

The people are Leads under the shipped mapping: half are bound and have a base, and of those a part changed on one side
or both; the others are found by their address for the first time, or are on one side only. The yardstick, measured
beside it on the same machine, is a plain pandas join of both frames and an equality test of every mapped field: it
knows no conversion, no base, no rule, no issue. The ratio says what knowing them costs, whatever the machine.

    python benchmarks/plan_people.py [--small]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from salesmanago_sync.domain.mapping_files.mapping import Mapping, load_mappings
from salesmanago_sync.domain.merge.base import pack
from salesmanago_sync.domain.merge.canonical import canonical_salesforce, canonical_salesmanago
from salesmanago_sync.domain.org.describe import FieldSchema, Schema
from salesmanago_sync.domain.people.identities import ObjectInput
from salesmanago_sync.domain.plan.plan import Plan, PlanInput, plan
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.memory import share_memory

MAPPINGS = Path(__file__).parents[1] / "include" / "mappings"
PEOPLE, SMALL = 100_000, 500
BOUND, FOUND, SALESFORCE_ONLY = 0.5, 0.1, 0.2  # the rest is in SALESmanago only
CHANGED = 0.1  # of the bound, on each side
READ = pd.Timestamp("2026-01-31T10:00:00Z").as_unit("us")
FIRST = ("Anna", "Jan", "Maria", "Piotr", "Katarzyna", "Tomasz", "Zofia", "Adam")
LAST = ("Nowak", "Kowalska", "Wiśniewski", "Zielińska", "Lewandowski", "Maj")
CITIES = ("Kraków", "Warszawa", "Gdańsk", "Berlin", "Praha", None)
STATES = ("PROSPECT", "CUSTOMER")


def main() -> None:
    """Measure and print."""
    share_memory()
    count = SMALL if "--small" in sys.argv else PEOPLE
    inputs = people(count, np.random.default_rng(1))
    yardstick, _ = measured(lambda: compare(inputs))
    first, _ = measured(lambda: plan(inputs))
    again, result = measured(lambda: plan(inputs))
    table = Table(title=f"Planning {count:,} people, {len(inputs.objects[0].mapping.lines)} fields")
    for column in ("", "seconds", "× yardstick"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("yardstick: join and compare", f"{yardstick:.2f}", "1.0")
    table.add_row("plan", f"{first:.2f}", f"{first / yardstick:.1f}")
    table.add_row("plan, spellings known from before", f"{again:.2f}", f"{again / yardstick:.1f}")
    console = Console()
    console.print(table)
    console.print(summary(result))


def measured(work: Callable[[], Any]) -> tuple[float, Any]:
    """Run something and time it."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def summary(result: Plan) -> str:
    """Say what was planned."""
    ways = result.changes["direction"].value_counts()
    written = ", ".join(f"{count:,} changes {way}" for way, count in ways.items())
    return (
        f"{len(result.people):,} people, {written}, {len(result.agreement):,} agreements, {len(result.issues):,} issues"
    )


def compare(inputs: PlanInput) -> int:
    """The yardstick: join both sides and count the differing values of every mapped field."""
    (item,) = inputs.objects
    both = inputs.bindings[["salesforce_id", "salesmanago_id"]].merge(
        item.records, left_on="salesforce_id", right_on="Id", how="outer"
    )
    both = both.merge(inputs.contacts, left_on="salesmanago_id", right_on="contactId", how="outer", suffixes=("", "_m"))
    differences = 0
    for line in item.mapping.lines:
        for field in line.salesforce:
            a, m = both[field], both[line.key]
            differences += int((a.ne(m) & ~(a.isna() & m.isna())).sum())
    return differences


def people(count: int, random: np.random.Generator) -> PlanInput:
    """Make reproducible people."""
    (mapping,) = (mapping for mapping in load_mappings(MAPPINGS) if mapping.object == "Lead")
    bound, found, alone = int(count * BOUND), int(count * FOUND), int(count * SALESFORCE_ONLY)
    number = pd.Series(range(count), dtype="int64")
    records = salesforce(number, random)
    contacts = salesmanago(records, number, random)
    ledger = bindings(mapping, records.head(bound), contacts.head(bound))
    edit(records.head(bound).sample(frac=CHANGED, random_state=1).index, records, ["City", "Title"], "LastModifiedDate")
    edit(contacts.head(bound).sample(frac=CHANGED, random_state=2).index, contacts, ["phone"], "modifiedOn")
    edit(contacts.head(bound).sample(frac=CHANGED, random_state=3).index, contacts, ["address.city"], "modifiedOn")
    records = records.head(bound + found + alone)
    contacts = contacts.drop(index=range(bound + found, bound + found + alone)).reset_index(drop=True)
    return PlanInput(
        objects=[ObjectInput(mapping, schema(records), records)],
        scope=frozenset({"Lead"}),
        contacts=contacts,
        bindings=ledger,
        direction="both",
        now=datetime(2026, 2, 1, tzinfo=UTC),
    )


def salesforce(number: pd.Series, random: np.random.Generator) -> pd.DataFrame:
    """Make one Salesforce record a person."""
    text = number.astype("str")
    size = len(number)
    columns = {
        "Id": "00Q" + text.str.zfill(15),
        "FirstName": random.choice(FIRST, size),
        "LastName": random.choice(LAST, size),
        "Email": "Person." + text + "@example.com",
        "Phone": "+48 6" + text.str.zfill(8),
        "Fax": None,
        "Company": "Company " + text.str[-3:],
        "Street": "ul. Długa " + text.str[-2:],
        "PostalCode": "00-" + text.str[-3:].str.zfill(3),
        "City": random.choice(np.array(CITIES, dtype=object), size),
        "Country": "Poland",
        "State": None,
        "Description": "Met at stand " + text,
        "HasOptedOutOfEmail": random.choice(["true", "false"], size, p=[0.05, 0.95]),
        "DoNotCall": "false",
        "Title": random.choice(["CEO", "CTO", "Buyer"], size),
        "LeadSource": random.choice(["Web", "Event"], size),
        "Status": "Open",
        "Industry": None,
        "IsDeleted": "false",
        "IsConverted": "false",
    }
    frame = pd.DataFrame({name: pd.Series(values, index=number.index, dtype="str") for name, values in columns.items()})
    return frame.assign(LastModifiedDate=READ, SystemModstamp=READ, in_scope=True)


def salesmanago(records: pd.DataFrame, number: pd.Series, random: np.random.Generator) -> pd.DataFrame:
    """Make one SALESmanago contact a person, as an earlier synchronisation left it."""
    same = {
        "email": records["Email"].str.lower(),
        "name": records["FirstName"] + " " + records["LastName"],
        "phone": records["Phone"].str.replace(" ", "", regex=False),
        "fax": records["Fax"],
        "company": records["Company"],
        "externalId": records["Id"],
        "address.streetAddress": records["Street"],
        "address.zipCode": records["PostalCode"],
        "address.city": records["City"],
        "address.country": "PL",
        "province": None,
        "state": random.choice(STATES, len(records), p=[0.9, 0.1]),
        "tags": None,
        "optedOut": records["HasOptedOutOfEmail"],
        "optedOutPhone": records["DoNotCall"],
        "deleted": "false",
        "properties.note": records["Description"],
        "properties.job_title": records["Title"],
        "properties.lead_source": records["LeadSource"],
        "properties.lead_status": records["Status"],
        "properties.industry": records["Industry"],
    }
    columns = {"contactId": "m" + number.astype("str")} | same
    frame = pd.DataFrame({name: pd.Series(v, index=number.index, dtype="str") for name, v in columns.items()})
    return frame.assign(createdOn=READ, modifiedOn=READ, in_scope=True)


def bindings(mapping: Mapping, records: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Bind people in a ledger, with everything both sides hold as their base, and read it as a run does."""
    a, m = canonical_salesforce(mapping, records), canonical_salesmanago(mapping, contacts)
    both = {key: (a[key], m[key]) for key in a if key in m}
    there = pd.Series(True, index=records.index)
    pairs = pd.DataFrame(
        {
            "object": pd.Series(mapping.object, index=records.index, dtype="str"),
            "salesforce_id": records["Id"],
            "salesmanago_id": contacts["contactId"],
            "matched_by": "email",
            "base": pack(both, dict.fromkeys(both, there), records.index),
        }
    )
    # Through a ledger and back, so that the frame has whatever columns the ledger's table has.
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        ledger.bindings.add(pairs, 1, READ.to_pydatetime())
        bound = ledger.bindings.read()
        ledger.close()
    return bound


def edit(rows: pd.Index, frame: pd.DataFrame, fields: list[str], clock: str) -> None:
    """Let people change some fields of some rows."""
    for field in fields:
        frame.loc[rows, field] = frame.loc[rows, field].fillna("") + "1"
    frame.loc[rows, clock] = READ + pd.Timedelta(hours=1)


def schema(records: pd.DataFrame) -> Schema:
    """Describe the object."""
    flags = {"HasOptedOutOfEmail", "DoNotCall", "IsDeleted", "IsConverted"}
    kinds = {name: FieldSchema(name, "boolean" if name in flags else "string", 255) for name in records}
    return Schema("Lead", {str(name): kind for name, kind in kinds.items()})


if __name__ == "__main__":
    main()
