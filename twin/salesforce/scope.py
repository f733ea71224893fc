"""The names of a query: which field a path means, and the joins that reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twin.salesforce.errors import query_error
from twin.salesforce.schema import Field, SObject
from twin.salesforce.soql import FieldPath

MOST_LEVELS = 5
HINT = "Please reference your WSDL or the describe call for the appropriate names."


@dataclass(frozen=True)
class Column:
    """A field reached from the queried object: its parents by name, and its SQL."""

    parents: tuple[str, ...]
    field: Field
    sql: str

    @property
    def name(self) -> str:
        """The name of the column in a result, as `Account.Name`."""
        return ".".join((*self.parents, self.field.name))


@dataclass(frozen=True)
class Table:
    """An object of the query and its alias in SQL."""

    sobject: SObject
    alias: str

    def column(self, name: str) -> str:
        """Return the SQL of one of its columns."""
        return f'{self.alias}."{name}"'


class Scope:
    """Resolves paths of one statement and collects the joins they need."""

    def __init__(self, statement: str, sobject: SObject, objects: Mapping[str, SObject]) -> None:
        self.statement = statement
        self.root = Table(sobject, "t0")
        self._objects = objects
        self.tables: dict[tuple[str, ...], Table] = {(): self.root}
        self._joins: list[str] = []

    @property
    def tables_sql(self) -> str:
        """The FROM clause, outer joins included: a record without the parent stays."""
        return " ".join([f'"sf_{self.root.sobject.name}" {self.root.alias}', *self._joins])

    def resolve(self, path: FieldPath) -> Column:
        """Return the column a path means, or refuse it with a caret at its place."""
        *parents, name = path.text.split(".")
        if parents and parents[0].lower() == self.root.sobject.name.lower() and not self._is_parent(parents[0]):
            parents = parents[1:]
        if len(parents) > MOST_LEVELS:
            message = f"the field path is longer than {MOST_LEVELS} relationships: {path.text}"
            raise query_error("INVALID_FIELD", message, self.statement, path.at)
        table, chain = self.root, tuple[str, ...]()
        for parent in parents:
            table, chain = self._join(table, chain, parent, path)
        field = table.sobject.find(name)
        if field is None:
            raise self._no_column(name, table.sobject.name, path)
        return Column(chain, field, table.column(field.name))

    def at(self, parents: tuple[str, ...]) -> Table:
        """Return the table at the end of a chain of parents already resolved."""
        return self.tables[parents]

    def _is_parent(self, name: str) -> bool:
        return self.root.sobject.parent(name) is not None

    def _join(self, table: Table, chain: tuple[str, ...], name: str, path: FieldPath) -> tuple[Table, tuple[str, ...]]:
        reference = table.sobject.parent(name)
        target = self._target(reference) if reference else None
        if reference is None or target is None:
            raise query_error(
                "INVALID_FIELD",
                f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
                f"relationship, be sure to append the '__r' after the custom relationship name. {HINT}",
                self.statement,
                path.at,
            )
        longer = (*chain, reference.relationship or name)
        if longer not in self.tables:
            parent = Table(target, f"t{len(self.tables)}")
            self.tables[longer] = parent
            link = f"{parent.column('Id')} = {table.column(reference.name)}"
            self._joins.append(f'LEFT JOIN "sf_{target.name}" {parent.alias} ON {link}')
        return self.tables[longer], longer

    def _target(self, reference: Field) -> SObject | None:
        """Return the parent object; a reference to users and queues is followed to users."""
        return next((self._objects[name] for name in reference.refer if name in self._objects), None)

    def _no_column(self, name: str, sobject: str, path: FieldPath) -> Exception:
        return query_error(
            "INVALID_FIELD",
            f"No such column '{name}' on entity '{sobject}'. If you are attempting to use a custom field, "
            f"be sure to append the '__c' after the custom field name. {HINT}",
            self.statement,
            path.at,
        )
