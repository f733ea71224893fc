"""WHERE as parameterised SQLite: text without case, and a choice of what null does under negation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from twin.salesforce import ids, periods, values
from twin.salesforce.errors import ApiError, query_error
from twin.salesforce.schema import NUMBERS, Field
from twin.salesforce.scope import Column, Scope
from twin.salesforce.soql import Branch, Condition, Constant, Leaf

Nulls = Literal["include", "exclude"]
WORDS = {"datetime": "dateTime", "date": "date", "boolean": "boolean", "int": "int"}
# Which literals a field type compares with, besides null.
ACCEPTED = {"datetime": {"moment", "period"}, "date": {"day", "period"}, "boolean": {"true", "false"}}
ORDERED = frozenset({"<", "<=", ">", ">="})
OLDEST, NEWEST = "1700-01-01", "4000-12-31"


@dataclass(frozen=True)
class Today:
    """The present day of the running user, which relative dates count from."""

    now: datetime
    zone: str

    @property
    def day(self) -> date:
        """The day in the user's time zone."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()


class Conditions:
    """Compiles one condition.

    With `include` every comparison is true or false, and a negative one holds for null: two-valued logic. With
    `exclude` null spreads as in SQL, and a negative comparison never returns a null row. Which of them a real org
    follows is not documented.
    """

    def __init__(self, scope: Scope, today: Today, nulls: Nulls) -> None:
        self._scope = scope
        self._today = today
        self._include = nulls == "include"
        self.params: list[Any] = []

    def sql(self, condition: Condition, *, negated: bool = False) -> str:
        """Return the SQL of a condition; its parameters are added to `params` in order."""
        if isinstance(condition, Leaf):
            return self._leaf(condition, negated=negated)
        return self._branch(condition, negated=negated)

    def _branch(self, branch: Branch, *, negated: bool) -> str:
        if branch.operator == "not":
            return f"NOT ({self.sql(branch.parts[0], negated=True)})"
        joiner = f" {branch.operator.upper()} "
        return "(" + joiner.join(self.sql(part, negated=negated) for part in branch.parts) + ")"

    def _leaf(self, leaf: Leaf, *, negated: bool) -> str:
        column = self._scope.resolve(leaf.path)
        self._check(leaf, column.field)
        test = self._test(leaf, column)
        if not self._include:
            return test
        if leaf.operator in {"!=", "not in", "excludes"}:
            return f"coalesce({test}, 1)"
        return f"coalesce({test}, 0)" if negated else test

    def _check(self, leaf: Leaf, field: Field) -> None:
        """Refuse what the field's type does not allow."""
        if not field.filterable:
            raise self._refuse(leaf, "INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")
        textual = field.type not in {*NUMBERS, *ACCEPTED, "id", "reference", "multipicklist"}
        allowed = {
            "like": textual,
            "includes": field.type == "multipicklist",
            "excludes": field.type == "multipicklist",
        }.get(leaf.operator, leaf.operator not in ORDERED or field.type not in {"boolean", "multipicklist"})
        if not allowed:
            raise self._refuse(leaf, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator")
        accepted = ACCEPTED.get(field.type, {"number"} if field.type in NUMBERS else {"text"})
        if any(value.kind != "null" and value.kind not in accepted for value in leaf.values):
            word = WORDS.get(field.type, "double" if field.type in NUMBERS else "string")
            quotes = "should be enclosed in quotes" if accepted == {"text"} else "should not be enclosed in quotes"
            message = f"value of filter criterion for field '{field.name}' must be of type {word} and {quotes}"
            raise self._refuse(leaf, "INVALID_FIELD", message)

    def _refuse(self, leaf: Leaf, code: str, message: str) -> ApiError:
        return query_error(code, message, self._scope.statement, leaf.path.at)

    def _test(self, leaf: Leaf, column: Column) -> str:
        tests: dict[str, Callable[[Leaf, Column], str]] = {
            "like": self._like,
            "in": self._inside,
            "not in": lambda one, on: f"NOT ({self._inside(one, on)})",
            "includes": self._includes,
            "excludes": lambda one, on: f"NOT ({self._includes(one, on)})",
            "=": self._inside,
            "!=": lambda one, on: f"NOT ({self._inside(one, on)})",
        }
        return tests.get(leaf.operator, self._ordered)(leaf, column)

    def _inside(self, leaf: Leaf, column: Column) -> str:
        """Return equality with any of the values."""
        tests = [self._null(column) for value in leaf.values[:1] if _empty(leaf.values)]
        plain = [value for value in leaf.values if not _is_null(value) and value.kind != "period"]
        for value in leaf.values:
            if value.kind == "period":
                start, end = self._bounds(column.field, value)
                self.params += [start, end]
                tests.append(f"({column.sql} >= ? AND {column.sql} < ?)")
        if plain:
            self.params += [self._value(leaf, column.field, value) for value in plain]
            tests.append(f"{self._folded(column)} IN ({', '.join('?' * len(plain))})")
        return "(" + " OR ".join(tests) + ")"

    def _null(self, column: Column) -> str:
        # A boolean is never null: comparing it with null means false.
        return f"coalesce({column.sql}, 0) = 0" if column.field.type == "boolean" else f"{column.sql} IS NULL"

    def _like(self, leaf: Leaf, column: Column) -> str:
        value = leaf.values[0]
        if _is_null(value):
            return self._null(column)
        self.params.append(value.pattern.lower())
        return f"{self._folded(column)} LIKE ? ESCAPE '\\'"

    def _includes(self, leaf: Leaf, column: Column) -> str:
        groups = []
        for value in leaf.values:
            wanted = [one.strip().lower() for one in value.text.split(";")]
            self.params += [f";{one};" for one in wanted]
            groups.append(
                "(" + " AND ".join([f"instr(';' || {self._folded(column)} || ';', ?) > 0"] * len(wanted)) + ")"
            )
        return "(" + " OR ".join(groups) + ")"

    def _ordered(self, leaf: Leaf, column: Column) -> str:
        value, operator = leaf.values[0], leaf.operator
        if _is_null(value):
            return "(NULL > 0)"
        if value.kind == "period":
            start, end = self._bounds(column.field, value)
            operator, bound = {"<": ("<", start), ">": (">=", end), "<=": ("<", end), ">=": (">=", start)}[operator]
            self.params.append(bound)
        else:
            self.params.append(self._value(leaf, column.field, value))
        return f"{self._folded(column)} {operator} ?"

    def _folded(self, column: Column) -> str:
        if column.field.type == "boolean":
            return f"coalesce({column.sql}, 0)"
        exact = {*NUMBERS, "date", "datetime", "id", "reference"}
        return column.sql if column.field.type in exact or column.field.case_sensitive else f"sf_fold({column.sql})"

    def _value(self, leaf: Leaf, field: Field, value: Constant) -> Any:
        if field.type in {"id", "reference"}:
            known = ids.full(value.text)
            if known is None:
                raise self._refuse(leaf, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.text}")
            return known
        if field.type in NUMBERS:
            return float(value.text)
        if field.type == "boolean":
            return int(value.kind == "true")
        if field.type in {"date", "datetime"}:
            return self._moment(leaf, field, value)
        return value.text if field.case_sensitive else value.text.lower()

    def _moment(self, leaf: Leaf, field: Field, value: Constant) -> str:
        try:
            read = values.read_day(value.text) if field.type == "date" else values.read_stamp(value.text)
        except ValueError as error:
            raise self._refuse(leaf, "MALFORMED_QUERY", f"Invalid date: {value.text}") from error
        if not OLDEST <= value.text[:10] <= NEWEST:
            raise self._refuse(leaf, "INVALID_FIELD", f"date is outside of the supported range: {value.text}")
        return values.stamp(read) if isinstance(read, datetime) else read.isoformat()

    def _bounds(self, field: Field, value: Constant) -> tuple[str, str]:
        first, after = periods.days(value.text, self._today.day)
        if field.type == "date":
            return first.isoformat(), after.isoformat()
        zone = self._today.zone
        return values.stamp(periods.midnight(first, zone)), values.stamp(periods.midnight(after, zone))


def _is_null(value: Constant) -> bool:
    return value.kind == "null" or (value.kind == "text" and not value.text)


def _empty(listed: tuple[Constant, ...]) -> bool:
    return any(_is_null(value) for value in listed)
