"""The org itself: records in SQLite, changed by people directly and by the API after it has checked them."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from twin.salesforce import access, ids, lifecycle, persons, schema, values
from twin.salesforce.errors import deleted, missing
from twin.salesforce.schema import Field, SObject
from twin.salesforce.text import column, prepare

if TYPE_CHECKING:
    from twin.state import State

# High enough that ids carry small letters, so that 15 and 18 characters really differ.
FIRST_NUMBER = 2_000_000


class Org:
    """Everything the org knows, and the changes that need no permission."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.db = state.db
        prepare(state.db)
        self._views: dict[str, dict[str, SObject]] = {}

    # -- what exists

    @property
    def settings(self) -> dict[str, Any]:
        """The switches of the Salesforce side."""
        return self.state.settings.setdefault("salesforce", {})

    @property
    def persons(self) -> bool:
        """Whether Person Accounts are switched on."""
        return bool(self.settings.get("person_accounts", True))

    @property
    def edition(self) -> str:
        """The edition, as the organization's row names it."""
        return str(self.settings.get("organization_type", "Developer Edition"))

    def now(self) -> str:
        """Return the org's clock as a stamp, in whole seconds."""
        return values.stamp(self.state.clock.now().replace(microsecond=0))

    def tables(self) -> dict[str, SObject]:
        """Return every object of the org, without custom fields, whoever may see it."""
        rows = self.db.execute("SELECT name, label, kind, prefix FROM sf_object ORDER BY rowid")
        return schema.standard() | {row["name"]: _setting(*row) for row in rows}

    def objects(self, user: str | None = None) -> dict[str, SObject]:
        """Return the objects as a user sees them, custom fields included; by default the one who calls the API."""
        custom = [tuple(row) for row in self.db.execute("SELECT sobject, definition FROM sf_field ORDER BY rowid")]
        closed, locked = access.closed_fields(self, user or self.state.credentials.salesforce.user_id, custom)
        hidden = access.together(self.settings.get("hidden_fields") or {}, closed)
        read_only = access.together(self.settings.get("read_only_fields") or {}, locked)
        codes = self.settings.get("state_country_picklists", False)
        tables = {name: one for name, one in self.tables().items() if not one.setting or access.may_customize(self)}
        key = json.dumps([custom, hidden, read_only, self.persons, codes, list(tables)])
        if key not in self._views:
            self._views = {key: self._view(tables, custom, hidden, read_only)}
        return self._views[key]

    def _view(
        self,
        tables: Mapping[str, SObject],
        custom: list[tuple[str, str]],
        hidden: Mapping[str, list[str]],
        read_only: Mapping[str, list[str]],
    ) -> dict[str, SObject]:
        return {
            name: schema.visible(
                sobject,
                [_defined(definition) for owner, definition in custom if owner == name],
                persons=self.persons,
                codes=bool(self.settings.get("state_country_picklists", False)),
                hidden=hidden.get(name, ()),
                read_only=read_only.get(name, ()),
            )
            for name, sobject in tables.items()
        }

    def find(self, sobject: str) -> SObject | None:
        """Return an object by its name, in any case, or None."""
        known = self.objects()
        return known.get(sobject) or next((one for one in known.values() if one.name.lower() == sobject.lower()), None)

    def sobject(self, name: str) -> SObject:
        """Return an object by its name or raise NOT_FOUND."""
        found = self.find(name)
        if found is None:
            raise missing()
        return found

    def add_field(self, sobject: str, definition: Mapping[str, Any]) -> None:
        """Add a custom field; one of Contact also appears on Account as its `__pc` mirror."""
        owner = self.sobject(sobject)
        field = schema.custom_field(definition)
        if field.name.lower() in {name.lower() for name in self.all_fields(owner.name)}:
            raise ValueError(f"{owner.name} has a field {field.name} already")
        self._store_field(owner.name, definition, field)
        if owner.name == "Contact":
            mirrored = persons.mirrored(definition)
            self._store_field("Account", mirrored, schema.custom_field(mirrored))

    def change_field(self, sobject: str, definition: Mapping[str, Any]) -> None:
        """Define a custom field anew, its mirror too; what records hold stays."""
        changes = [(sobject, dict(definition))]
        if sobject == "Contact":
            changes.append(("Account", persons.mirrored(definition)))
        for owner, changed in changes:
            self.db.execute(
                "UPDATE sf_field SET definition = ? WHERE sobject = ? AND name = ?",
                (json.dumps(changed), owner, changed["name"]),
            )

    def drop_field(self, sobject: str, name: str) -> None:
        """Remove a custom field with all that records hold in it, its mirror too."""
        for owner, one in [
            (sobject, name),
            *([("Account", persons.mirror_name(name))] if sobject == "Contact" else []),
        ]:
            self.db.execute("DELETE FROM sf_field WHERE sobject = ? AND name = ?", (owner, one))
            self.db.execute(f'DROP INDEX IF EXISTS "sf_{owner}_{one}"')
            self.db.execute(f'ALTER TABLE "sf_{owner}" DROP COLUMN "{one}"')

    def drop_setting(self, name: str) -> None:
        """Remove a custom setting with its fields and rows."""
        self.db.execute("DELETE FROM sf_field WHERE sobject = ?", (name,))
        self.db.execute("DELETE FROM sf_object WHERE name = ?", (name,))
        self.db.execute(f'DROP TABLE "sf_{name}"')

    def add_setting(self, name: str, label: str, kind: str) -> None:
        """Add a custom setting, Hierarchy or List, without fields of its own."""
        number = self.db.execute("SELECT coalesce(max(rowid), 0) FROM sf_object").fetchone()[0]
        prefix = f"a{number:02d}"
        self.db.execute("INSERT INTO sf_object VALUES (?, ?, ?, ?)", (name, label, kind, prefix))
        columns = ", ".join(column(one) for one in _setting(name, label, kind, prefix).fields.values())
        self.db.execute(f'CREATE TABLE "sf_{name}" ({columns})')

    def _store_field(self, sobject: str, definition: Mapping[str, Any], field: Field) -> None:
        self.db.execute("INSERT INTO sf_field VALUES (?, ?, ?)", (sobject, field.name, json.dumps(dict(definition))))
        self.db.execute(f'ALTER TABLE "sf_{sobject}" ADD COLUMN {column(field)}')
        if field.external_id or field.unique:
            key = f'sf_fold("{field.name}")'
            self.db.execute(f'CREATE INDEX "sf_{sobject}_{field.name}" ON "sf_{sobject}" ({key})')

    def all_fields(self, sobject: str) -> dict[str, Field]:
        """Return every field of an object, the hidden ones too."""
        known = self.tables().get(sobject)
        if known is None:
            raise missing()
        custom = self.db.execute("SELECT definition FROM sf_field WHERE sobject = ? ORDER BY rowid", (sobject,))
        added = [_defined(row[0]) for row in custom]
        return {**known.fields, **{field.name: field for field in added}}

    def follow_settings(self) -> None:
        """Let the rows that mirror settings (edition, permissions, person record type) say what the settings say."""
        edition = self.edition
        sandbox = int(bool(self.settings.get("is_sandbox", False)))
        self.db.execute('UPDATE "sf_Organization" SET OrganizationType = ?, IsSandbox = ?', (edition, sandbox))
        for name, allowed in (self.settings.get("permissions") or {}).items():
            if name in schema.standard()["UserPermissionAccess"].fields:
                self.db.execute(f'UPDATE "sf_UserPermissionAccess" SET "{name}" = ?', (int(bool(allowed)),))
        if not self.persons:
            self.db.execute('DELETE FROM "sf_RecordType" WHERE Id = ?', (ids.PERSON,))
        elif self.row("RecordType", ids.PERSON) is None:
            self.insert(
                "RecordType",
                {
                    "Id": ids.PERSON,
                    "Name": "Person Account",
                    "DeveloperName": "PersonAccount",
                    "SobjectType": "Account",
                    "IsActive": True,
                    "IsPersonType": True,
                },
            )

    # -- records

    def row(self, sobject: str, identifier: str) -> dict[str, Any] | None:
        """Return one stored row, deleted or not, or None."""
        found = self.db.execute(f'SELECT * FROM "sf_{sobject}" WHERE Id = ?', (identifier,)).fetchone()
        return dict(found) if found is not None else None

    def rows(self, sobject: str, *, with_deleted: bool = False) -> list[dict[str, Any]]:
        """Return every record of an object as JSON values."""
        fields = self.all_fields(sobject)
        alive = " WHERE IsDeleted = 0" if "IsDeleted" in fields and not with_deleted else ""
        found = self.db.execute(f'SELECT * FROM "sf_{sobject}"{alive} ORDER BY Id').fetchall()
        return [
            {name: values.answer(fields[name], row[name]) for name in fields if fields[name].stored} for row in found
        ]

    def get(self, sobject: str, identifier: str) -> dict[str, Any] | None:
        """Return one record as JSON values, deleted or not, or None."""
        found = self.row(sobject, ids.full(identifier) or "")
        if found is None:
            return None
        return {
            name: values.answer(field, found[name]) for name, field in self.all_fields(sobject).items() if field.stored
        }

    def insert(self, sobject: str, record: Mapping[str, Any], by_user: str | None = None) -> str:
        """Store a new record without checking it and return its id. A person account gets its Contact row too."""
        stored = self._parse(sobject, record)
        if sobject == "Account" and persons.is_person(stored):
            return persons.insert(self, stored, by_user or ids.PERSON_USER)
        return self.put(sobject, stored, by_user or ids.PERSON_USER)

    def put(self, sobject: str, stored: Mapping[str, Any], by_user: str) -> str:
        """Store a new row of already parsed values with its id, stamps and defaults."""
        fields = self.all_fields(sobject)
        now = self.now()
        row: dict[str, Any] = {name: _default(one) for name, one in fields.items() if one.defaulted or one.default}
        if "OwnerId" in fields:
            row["OwnerId"] = by_user
        if "SetupOwnerId" in fields:
            row["SetupOwnerId"] = self.state.credentials.salesforce.organization_id
        row |= {"CreatedDate": now, "LastModifiedDate": now, "SystemModstamp": now}
        row |= {"CreatedById": by_user, "LastModifiedById": by_user}
        row |= {name: value for name, value in stored.items() if value is not None or name not in row}
        row["Id"] = stored.get("Id") or self.next_id(self.tables()[sobject].prefix)
        if fields.get("Name") and not fields["Name"].writable:
            row["Name"] = persons.full_name(row)
        kept = {name: value for name, value in row.items() if name in fields and value is not None}
        columns = ", ".join(f'"{name}"' for name in kept)
        marks = ", ".join("?" * len(kept))
        self.db.execute(f'INSERT INTO "sf_{sobject}" ({columns}) VALUES ({marks})', tuple(kept.values()))
        return str(row["Id"])

    def edit(self, sobject: str, identifier: str, changes: Mapping[str, Any], by_user: str | None = None) -> None:
        """Change a record without checking it; the other row of a person account follows."""
        known = self.existing(sobject, identifier)
        stored = self._parse(sobject, changes)
        persons.edit(self, sobject, known, stored, by_user or ids.PERSON_USER)

    def change(self, sobject: str, identifier: str, stored: Mapping[str, Any], by_user: str) -> None:
        """Write already parsed values to one row and move its clocks."""
        fields = self.all_fields(sobject)
        now = self.now()
        row = {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": by_user}
        row |= {name: value for name, value in stored.items() if name in fields and name != "Id"}
        if fields.get("Name") and not fields["Name"].writable and {"FirstName", "LastName"} & row.keys():
            row["Name"] = persons.full_name((self.row(sobject, identifier) or {}) | row)
        columns = ", ".join(f'"{name}" = ?' for name in row)
        self.db.execute(f'UPDATE "sf_{sobject}" SET {columns} WHERE Id = ?', (*row.values(), identifier))

    def delete(self, sobject: str, identifier: str, by_user: str | None = None) -> None:
        """Put a record into the recycle bin; the contacts of an account go with it. What has no bin is gone."""
        known = self.existing(sobject, identifier)
        if "IsDeleted" not in known:
            self.db.execute(f'DELETE FROM "sf_{sobject}" WHERE Id = ?', (known["Id"],))
            return
        self.change(sobject, known["Id"], {"IsDeleted": 1}, by_user or ids.PERSON_USER)
        if sobject == "Account":
            for contact in self._contacts(known["Id"]):
                self.change("Contact", contact, {"IsDeleted": 1}, by_user or ids.PERSON_USER)

    def undelete(self, sobject: str, identifier: str, by_user: str | None = None) -> None:
        """Take a record out of the recycle bin."""
        lifecycle.undelete(self, sobject, identifier, by_user or ids.PERSON_USER)

    def purge(self, sobject: str, identifier: str) -> None:
        """Remove a record for good."""
        lifecycle.purge(self, sobject, identifier)

    def merge(
        self,
        sobject: str,
        winner: str,
        losers: Sequence[str],
        changes: Mapping[str, Any] | None = None,
        by_user: str | None = None,
    ) -> None:
        """Merge one or two records into another."""
        lifecycle.merge(self, sobject, winner, losers, changes, by_user or ids.PERSON_USER)

    def convert_lead(
        self, lead: str, *, account: str | None = None, contact: str | None = None, by_user: str | None = None
    ) -> dict[str, str]:
        """Convert a lead; return the ids of its `account` and `contact`."""
        return lifecycle.convert(self, lead, account, contact, by_user or ids.PERSON_USER)

    def existing(self, sobject: str, identifier: str) -> dict[str, Any]:
        """Return a row that is there and not deleted, or raise the API's refusal."""
        known = self.row(sobject, ids.full(identifier) or "")
        if known is None:
            raise missing()
        if known.get("IsDeleted"):
            raise deleted(404)
        return known

    def _contacts(self, account: str) -> list[str]:
        found = self.db.execute('SELECT Id FROM "sf_Contact" WHERE AccountId = ? AND IsDeleted = 0', (account,))
        return [row[0] for row in found]

    def next_id(self, prefix: str) -> str:
        """Return a fresh id with that key prefix."""
        row = self.db.execute(
            "INSERT INTO sf_sequence VALUES (?, ?) "
            "ON CONFLICT (prefix) DO UPDATE SET number = number + 1 RETURNING number",
            (prefix, FIRST_NUMBER),
        ).fetchone()
        return ids.make(prefix, row[0])

    def _parse(self, sobject: str, record: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.all_fields(sobject)
        by_name = {name.lower(): field for name, field in fields.items()}
        unknown = [name for name in record if name.lower() not in by_name and name != "attributes"]
        if unknown:
            raise ValueError(f"{sobject} has no field {', '.join(sorted(unknown))}")
        chosen = ((by_name[name.lower()], value) for name, value in record.items() if name != "attributes")
        return {field.name: values.parse(field, value) for field, value in chosen}


@cache
def _setting(name: str, label: str, kind: str, prefix: str) -> SObject:
    return schema.custom_setting(name, label, kind, prefix)


@cache
def _defined(definition: str) -> Field:
    return schema.custom_field(json.loads(definition))


def _default(field: Field) -> Any:
    return values.parse(field, field.default)
