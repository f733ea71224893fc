"""Running a statement: its columns, its SQL, and the records shaped as the API answers them."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Any

from twin.salesforce import soql, values
from twin.salesforce.conditions import Conditions, Today
from twin.salesforce.errors import malformed_query, query_error
from twin.salesforce.org import Org
from twin.salesforce.schema import Field, SObject
from twin.salesforce.scope import HINT, Column, Scope
from twin.salesforce.soql import FIELDS_LIMIT, FieldPath, Ordering, Query

UNSORTABLE = frozenset({"multipicklist", "address"})
RANKED = frozenset({"string", "email", "phone", "url", "textarea", "combobox", "picklist"})


@dataclass(frozen=True)
class Result:
    """What a statement found.

    Attributes:
        sobject: The queried object.
        columns: The selected columns, in order.
        records: The records, shaped for JSON.
        total: How many there are.
    """

    sobject: SObject
    columns: Sequence[Column]
    records: list[dict[str, Any]]
    total: int


@dataclass
class _Shape:
    """One object of a shaped record: where its id and its fields are in a row, and its parents."""

    sobject: SObject
    identifier: int
    fields: dict[str, tuple[Field, int | dict[str, int]]] = field(default_factory=dict)
    parents: dict[str, _Shape] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


class Statement:
    """One parsed statement against the org."""

    def __init__(self, org: Org, text: str, *, deleted: bool, base: str) -> None:
        self._org = org
        self._query = soql.parse(text)
        self._deleted = deleted
        self._base = base
        sobject = org.find(self._query.sobject.text)
        if sobject is None:
            raise self._no_object()
        self.sobject = sobject
        self._scope = Scope(text, sobject, org.objects())
        self._selected: list[str] = []
        org.follow_settings()

    @property
    def query(self) -> Query:
        """The tree of the statement."""
        return self._query

    def _no_object(self) -> Exception:
        name = self._query.sobject
        return query_error(
            "INVALID_TYPE",
            f"sObject type '{name.text}' is not supported. If you are attempting to use a custom object, be sure to "
            f"append the '__c' after the entity name. {HINT}",
            self._query.statement,
            name.at,
        )

    def run(self) -> Result:
        """Return what the statement finds."""
        if self._query.counts:
            return self._count()
        if any(item.kind == "count_of" for item in self._query.items):
            return self._aggregate()
        columns = list(self.columns())
        root = self._shape(columns)
        order, order_params = self._order()
        where, params = self._where()
        self._check_nulls()
        window, window_params = self._window()
        sql = f"SELECT {', '.join(self._selected)} FROM {self._scope.tables_sql}{where}{order}{window}"
        rows = self._org.db.execute(sql, (*params, *order_params, *window_params))
        records = [self._record(root, row) for row in rows]
        return Result(self.sobject, columns, records, len(records))

    def _count(self) -> Result:
        where, params = self._where()
        self._check_nulls()
        window, more = self._window()
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {self._scope.tables_sql}{where}{window})"
        total = self._org.db.execute(sql, (*params, *more)).fetchone()[0]
        return Result(self.sobject, [], [], total)

    def _aggregate(self) -> Result:
        if any(item.kind != "count_of" for item in self._query.items):
            raise malformed_query("Grouping is not supported here: select counts alone or fields alone")
        counts = [f"count({self._scope.resolve(item.path).sql})" for item in self._query.items]
        where, params = self._where()
        row = self._org.db.execute(
            f"SELECT {', '.join(counts)} FROM {self._scope.tables_sql}{where}", params
        ).fetchone()
        record = {
            "attributes": {"type": "AggregateResult"},
            **{f"expr{place}": row[place] for place in range(len(counts))},
        }
        return Result(self.sobject, [], [record], 1)

    # -- columns

    def columns(self) -> Iterator[Column]:
        """Yield the selected columns, in order."""
        seen: set[str] = set()
        for item in self._query.items:
            if item.kind == "fields":
                yield from self._family(item.path)
                continue
            column = self._scope.resolve(item.path)
            if column.name in seen:
                message = f"duplicate field selected: {column.name}"
                raise query_error("INVALID_FIELD", message, self._query.statement, item.path.at)
            seen.add(column.name)
            yield column

    def _family(self, path: FieldPath) -> Iterator[Column]:
        """Return the columns of FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""
        wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}.get(path.text)
        if wanted is None:
            raise malformed_query(f"unexpected token: '{path.text}'")
        if True in wanted and (self._query.limit is None or self._query.limit > FIELDS_LIMIT):
            raise malformed_query(f"The SOQL FIELDS function must have a LIMIT of at most {FIELDS_LIMIT}")
        for one in self.sobject.fields.values():
            if one.custom in wanted:
                yield self._scope.resolve(FieldPath(one.name, path.at))

    def _shape(self, columns: Sequence[Column]) -> _Shape:
        root = _Shape(self.sobject, self._select(self._scope.root.column("Id")))
        for column in columns:
            shape = root
            for depth in range(len(column.parents)):
                chain = column.parents[: depth + 1]
                if chain[-1] not in shape.parents:
                    table = self._scope.at(chain)
                    shape.parents[chain[-1]] = _Shape(table.sobject, self._select(table.column("Id")))
                    shape.order.append(chain[-1])
                shape = shape.parents[chain[-1]]
            shape.fields[column.field.name] = (column.field, self._places(column))
            shape.order.append(column.field.name)
        return root

    def _places(self, column: Column) -> int | dict[str, int]:
        """Return where a column is in a row; for an address, where each of its parts is."""
        if column.field.stored:
            return self._select(column.sql)
        table = self._scope.at(column.parents)
        parts = table.sobject.address_parts(column.field)
        return {part: self._select(table.column(name)) for part, name in parts.items()}

    def _select(self, sql: str) -> int:
        self._selected.append(sql)
        return len(self._selected) - 1

    def _record(self, shape: _Shape, row: Row) -> dict[str, Any]:
        name, identifier = shape.sobject.name, row[shape.identifier]
        record: dict[str, Any] = {"attributes": {"type": name, "url": f"{self._base}/sobjects/{name}/{identifier}"}}
        for key in shape.order:
            if key in shape.parents:
                parent = shape.parents[key]
                record[key] = None if row[parent.identifier] is None else self._record(parent, row)
            else:
                record[key] = _value(row, *shape.fields[key])
        return record

    # -- the rest of the statement

    def _where(self) -> tuple[str, list[Any]]:
        conditions = Conditions(self._scope, self._today(), "include")
        tests = [conditions.sql(self._query.where)] if self._query.where else []
        tests += self._alive()
        return (f" WHERE {' AND '.join(tests)}" if tests else "", conditions.params)

    def _alive(self) -> list[str]:
        hidden = not self._deleted and self.sobject.find("IsDeleted") is not None
        return [f"{self._scope.root.column('IsDeleted')} = 0"] if hidden else []

    def _check_nulls(self) -> None:
        """In strict mode, refuse a query that finds other records if null compares the other way."""
        if self._org.settings.get("null_mode") != "strict" or self._query.where is None:
            return
        with_nulls = Conditions(self._scope, self._today(), "include")
        without = Conditions(self._scope, self._today(), "exclude")
        tests = [
            with_nulls.sql(self._query.where),
            f"NOT coalesce({without.sql(self._query.where)}, 0)",
            *self._alive(),
        ]
        sql = f"SELECT 1 FROM {self._scope.tables_sql} WHERE {' AND '.join(tests)} LIMIT 1"
        if self._org.db.execute(sql, (*with_nulls.params, *without.params)).fetchone():
            raise malformed_query(
                "strict null mode: the answer depends on how null compares under negation, which is not documented; "
                "add an explicit test for null"
            )

    def _today(self) -> Today:
        zone = self._org.settings.get("time_zone", "Europe/Warsaw")
        return Today(self._org.state.clock.now(), zone)

    def _order(self) -> tuple[str, list[Any]]:
        params: list[Any] = []
        keys = [self._key(one, params) for one in self._query.order]
        return (f" ORDER BY {', '.join(keys)}" if keys else "", params)

    def _key(self, one: Ordering, params: list[Any]) -> str:
        column = self._scope.resolve(one.path)
        kind = column.field.type
        if kind in UNSORTABLE or not column.field.filterable:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise query_error("INVALID_FIELD", message, self._query.statement, one.path.at)
        sql = f"sf_rank({column.sql})" if kind in RANKED else column.sql
        if column.field.picklist:
            # Picklists sort in the order of their set-up, values that are not listed after them.
            cases = " ".join(f"WHEN ? THEN {place}" for place in range(len(column.field.picklist)))
            params.extend(column.field.picklist)
            sql = f"CASE {column.sql} {cases} ELSE iif({column.sql} IS NULL, NULL, {len(column.field.picklist)}) END"
        direction = "DESC" if one.descending else "ASC"
        return f"{sql} {direction} NULLS {'LAST' if one.nulls_last else 'FIRST'}"

    def _window(self) -> tuple[str, list[int]]:
        limit = -1 if self._query.limit is None else self._query.limit
        return " LIMIT ? OFFSET ?", [limit, self._query.offset]


def _value(row: Row, one: Field, place: int | dict[str, int]) -> Any:
    if isinstance(place, int):
        return values.answer(one, row[place])
    parts = {f"{part[0].lower()}{part[1:]}": row[number] for part, number in place.items()}
    if all(value is None for value in parts.values()):
        return None
    return dict(sorted({"countryCode": None, "stateCode": None, **parts}.items()))


def run(org: Org, text: str, *, deleted: bool, base: str) -> Result:
    """Return what a statement finds; `base` begins the URLs in `attributes`."""
    return Statement(org, text, deleted=deleted, base=base).run()
