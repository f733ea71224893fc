"""A new org: its tables, its users, its record types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.salesforce import ids, schema
from twin.salesforce.metadata import seeds
from twin.salesforce.org import Org
from twin.salesforce.text import column, prepare

if TYPE_CHECKING:
    from twin.state import State

TABLES = """
CREATE TABLE sf_sequence (prefix TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE sf_field (sobject TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, definition TEXT NOT NULL,
                       PRIMARY KEY (sobject, name));
CREATE TABLE sf_usage (hour TEXT PRIMARY KEY, calls INTEGER NOT NULL);
CREATE TABLE sf_cursor (locator TEXT NOT NULL, start INTEGER NOT NULL, created TEXT NOT NULL, page TEXT NOT NULL,
                        PRIMARY KEY (locator, start));
CREATE TABLE sf_object (name TEXT PRIMARY KEY COLLATE NOCASE, label TEXT NOT NULL, kind TEXT NOT NULL,
                        prefix TEXT NOT NULL);
CREATE TABLE sf_component (kind TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, id TEXT NOT NULL, namespace TEXT,
                           content BLOB NOT NULL, meta BLOB, created TEXT NOT NULL, modified TEXT NOT NULL,
                           modified_by TEXT NOT NULL, PRIMARY KEY (kind, name));
CREATE TABLE sf_grant (parent TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
                       readable INTEGER NOT NULL, editable INTEGER NOT NULL, PRIMARY KEY (parent, kind, name));
CREATE TABLE sf_assignment (profile TEXT NOT NULL, owner TEXT NOT NULL, record_type TEXT NOT NULL,
                            layout TEXT NOT NULL, PRIMARY KEY (profile, owner, record_type));
CREATE TABLE sf_process (id TEXT PRIMARY KEY, result TEXT NOT NULL, zip BLOB);
CREATE TABLE sf_job (id TEXT PRIMARY KEY, kind TEXT NOT NULL, job TEXT NOT NULL, body BLOB, results TEXT);
CREATE TABLE sf_result (job TEXT NOT NULL, place INTEGER NOT NULL, cells TEXT NOT NULL, PRIMARY KEY (job, place));
"""


def create_tables(state: State) -> None:
    """Empty the Salesforce side and lay out a new org with its users and record types."""
    prepare(state.db)
    names = state.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'sf\\_%' ESCAPE '\\'")
    for (name,) in [tuple(row) for row in names]:
        state.db.execute(f'DROP TABLE "{name}"')
    for statement in filter(None, map(str.strip, TABLES.split(";\n"))):
        state.db.execute(statement)
    for sobject in schema.standard().values():
        columns = ", ".join(column(one) for one in sobject.fields.values() if one.stored)
        state.db.execute(f'CREATE TABLE "sf_{sobject.name}" ({columns})')
        if "SystemModstamp" in sobject.fields:
            state.db.execute(f'CREATE INDEX "sf_{sobject.name}_clock" ON "sf_{sobject.name}" (SystemModstamp, Id)')
    state.db.execute('CREATE INDEX "sf_Contact_AccountId" ON "sf_Contact" (AccountId)')
    for table, name in (("Contact", "Email"), ("Lead", "Email"), ("Account", "PersonEmail")):
        state.db.execute(f'CREATE INDEX "sf_{table}_{name}" ON "sf_{table}" (sf_fold("{name}"))')
    _populate(Org(state))


def _populate(org: Org) -> None:
    known = org.state.credentials.salesforce
    common = {
        "IsActive": True,
        "UserType": "Standard",
        "TimeZoneSidKey": "Europe/Warsaw",
        "LocaleSidKey": "pl_PL",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }
    for key, first, last, name, profile in (
        (known.user_id, None, "Integration", known.username, ids.PROFILE),
        (ids.PERSON_USER, "Anna", "Kowalska", "anna.kowalska@example.com", ids.STANDARD_PROFILE),
    ):
        record = {"Id": key, "FirstName": first, "LastName": last, "Username": name, "Email": name, "Alias": last[:8]}
        org.insert("User", record | common | {"ProfileId": profile})
    org.insert(
        "Organization",
        {
            "Id": known.organization_id,
            "Name": "Example Trading",
            "InstanceName": "GK0",
            "LanguageLocaleKey": "en_US",
            "DefaultLocaleSidKey": "pl_PL",
            "TimeZoneSidKey": "Europe/Warsaw",
            "FiscalYearStartMonth": 1,
        },
    )
    org.insert(
        "RecordType",
        {
            "Id": ids.BUSINESS,
            "Name": "Business Account",
            "DeveloperName": "Business_Account",
            "SobjectType": "Account",
            "IsActive": True,
        },
    )
    org.insert("UserPermissionAccess", {})
    seeds.plant(org)
    org.follow_settings()
