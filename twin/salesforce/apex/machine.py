"""Executes compiled classes."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from twin.salesforce.apex.frames import Returned, Running, Scope
from twin.salesforce.apex.library import CLASSES, CONTROLLER, OF_VALUES, STATIC, Builtin, Context, org_defaults
from twin.salesforce.apex.syntax import ApexClass, Method, Node, dotted
from twin.salesforce.apex.values import ApexError, Instance, Record, StandardController, spelled, type_of

DEEPEST = 50
COMPARE = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Machine:
    """Runs classes for one user; static fields live as long as the machine."""

    def __init__(self, context: Context, classes: Mapping[str, ApexClass]) -> None:
        self._context = context
        self._classes = classes
        self._tables = {name.lower(): name for name in context.org.tables()}
        self._static: dict[str, dict[str, Any]] = {}
        self._depth = 0

    def create(self, name: str, arguments: Sequence[Any]) -> Instance:
        """Make an object of a class."""
        unit = self._classes[name.lower()]
        made = Instance(unit)
        frame = Running(made, unit)
        for key, one in unit.fields.items():
            if not one.static:
                made.values[key] = self._value(one.first, frame) if one.first is not None else None
        if unit.constructors:
            self._run(_chosen(unit.constructors, arguments), made, unit, arguments)
        return made

    def read(self, instance: Instance, name: str) -> Any:
        """Return a property as a page reads it: a getter method, a property with a body, or a field."""
        unit = instance.of
        for method in unit.methods.get(f"get{name.lower()}", []):
            if not method.parameters:
                return self._run(method, instance, unit, ())
        return self._member_of(instance, name)

    def call(self, name: str, method: str) -> None:
        """Run a static method without arguments, as a test."""
        unit = self._classes[name.lower()]
        self._run(unit.methods[method.lower()][0], None, unit, ())

    def _run(self, method: Method, this: Instance | None, unit: ApexClass, arguments: Sequence[Any]) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ApexError("LimitException", f"Maximum stack depth reached: {DEEPEST}")
        names = {one.name.lower(): value for one, value in zip(method.parameters, arguments, strict=True)}
        try:
            self._execute(method.body, Running(None if method.static else this, unit, names))
        except Returned as returned:
            return returned.value
        finally:
            self._depth -= 1
        return None

    # -- statements

    def _execute(self, node: Node, frame: Running) -> None:
        getattr(self, f"_{node.data}_statement")(node, frame)

    def _block_statement(self, node: Any, frame: Running) -> None:
        inner = Running(frame.this, frame.unit, Scope(frame.names))
        for one in node.children:
            self._execute(one, inner)

    def _local_statement(self, node: Any, frame: Running) -> None:
        _, name, first = node.children
        value = self._value(first, frame) if first is not None else None
        if isinstance(frame.names, Scope):
            frame.names.declare(str(name).lower(), value)

    def _assign_statement(self, node: Any, frame: Running) -> None:
        target, value = node.children[0], self._value(node.children[1], frame)
        if target.data == "name":
            self._set_name(str(target.children[0]).lower(), value, frame)
            return
        owner, name = self._value(target.children[0], frame), str(target.children[1])
        _not_null(owner)
        if isinstance(owner, Record):
            owner.put(name, value)
        else:
            owner.values[name.lower()] = value

    def _set_name(self, name: str, value: Any, frame: Running) -> None:
        if name in frame.names:
            frame.names[name] = value
        elif frame.unit.fields[name].static:
            self._static_of(frame.unit)[name] = value
        elif frame.this is not None:
            frame.this.values[name] = value

    def _evaluate_statement(self, node: Any, frame: Running) -> None:
        self._value(node.children[0], frame)

    def _give_statement(self, node: Any, frame: Running) -> None:
        raise Returned(None if node.children[0] is None else self._value(node.children[0], frame))

    def _choose_statement(self, node: Any, frame: Running) -> None:
        condition, then, otherwise = node.children
        if self._truth(condition, frame):
            self._execute(then, frame)
        elif otherwise is not None:
            self._execute(otherwise, frame)

    def _insert_statement(self, node: Any, frame: Running) -> None:
        record = self._value(node.children[0], frame)
        _not_null(record)
        named = {record.fields[name].name: value for name, value in record.values.items()}
        record.values["id"] = self._context.org.insert(record.sobject, named, self._context.user)

    # -- expressions

    def _value(self, node: Any, frame: Running) -> Any:
        return getattr(self, f"_{node.data}")(node, frame)

    def _text(self, node: Any, frame: Running) -> str:
        body, text, place = str(node.children[0])[1:-1], "", 0
        while place < len(body):
            if body[place] == "\\":
                place += 1
                text += ESCAPES.get(body[place], body[place])
            else:
                text += body[place]
            place += 1
        return text

    def _number(self, node: Any, frame: Running) -> int:
        return int(node.children[0])

    def _true(self, node: Any, frame: Running) -> bool:
        return True

    def _false(self, node: Any, frame: Running) -> bool:
        return False

    def _null(self, node: Any, frame: Running) -> None:
        return None

    def _this(self, node: Any, frame: Running) -> Instance | None:
        return frame.this

    def _name(self, node: Any, frame: Running) -> Any:
        name = str(node.children[0]).lower()
        if name in frame.names:
            return frame.names[name]
        own = frame.unit.fields.get(name)
        if own is not None and own.static:
            return self._static_of(frame.unit)[name]
        if name in frame.unit.getters:
            return self._run(frame.unit.getters[name], frame.this, frame.unit, ())
        return self._member_of(frame.this, name)

    def _static_of(self, unit: ApexClass) -> dict[str, Any]:
        if unit.name not in self._static:
            values: dict[str, Any] = {}
            self._static[unit.name] = values
            for key, one in unit.fields.items():
                if one.static:
                    values[key] = self._value(one.first, Running(None, unit)) if one.first is not None else None
        return self._static[unit.name]

    def _member(self, node: Any, frame: Running) -> Any:
        return self._member_of(self._value(node.children[0], frame), str(node.children[1]))

    def _member_of(self, owner: Any, name: str) -> Any:
        _not_null(owner)
        if isinstance(owner, Record):
            return owner.get(name)
        if name.lower() in owner.of.getters:
            return self._run(owner.of.getters[name.lower()], owner, owner.of, ())
        return owner.values[name.lower()]

    def _invoke(self, node: Any, frame: Running) -> Any:
        owner, name, listed = node.children
        static = self._static_owner(owner, frame)
        if static is not None:
            return self._static_call(static, str(name).lower(), self._arguments(listed, frame))
        value = self._value(owner, frame)
        arguments = self._arguments(listed, frame)
        _not_null(value)
        if isinstance(value, Instance):
            return self._run(_chosen(value.of.methods[str(name).lower()], arguments), value, value.of, arguments)
        return self._builtin(OF_VALUES[_key(value), str(name).lower()], [value, *arguments], spare=1)

    def _static_owner(self, node: Any, frame: Running) -> str | None:
        if node.data != "name":
            return None
        name = str(node.children[0]).lower()
        hidden = name in frame.names or name in frame.unit.fields or name in frame.unit.getters
        known = name in CLASSES or name in self._classes or name in self._tables
        return name if known and not hidden else None

    def _static_call(self, owner: str, name: str, arguments: list[Any]) -> Any:
        if owner in self._classes:
            unit = self._classes[owner]
            return self._run(_chosen(unit.methods[name], arguments), None, unit, arguments)
        if owner in self._tables:
            return org_defaults(self._context, self._tables[owner])
        return self._builtin(STATIC[owner, name], arguments)

    def _builtin(self, known: Sequence[Builtin], arguments: list[Any], spare: int = 0) -> Any:
        one = next(one for one in known if len(one.takes) + spare == len(arguments))
        return one.run(self._context, *arguments)

    def _own_call(self, node: Any, frame: Running) -> Any:
        name, listed = node.children
        arguments = self._arguments(listed, frame)
        return self._run(_chosen(frame.unit.methods[str(name).lower()], arguments), frame.this, frame.unit, arguments)

    def _arguments(self, listed: Any, frame: Running) -> list[Any]:
        return [] if listed is None else [self._value(one, frame) for one in listed.children]

    def _create(self, node: Any, frame: Running) -> Any:
        name, arguments = dotted(node.children[0]), self._arguments(node.children[1], frame)
        if name.lower() == CONTROLLER.lower():
            return StandardController(arguments[0])
        if name.lower() in self._tables:
            return self._new_record(name)
        return self.create(name, arguments)

    def _record(self, node: Any, frame: Running) -> Record:
        made = self._new_record(dotted(node.children[0]))
        for one in node.children[1:]:
            made.put(str(one.children[0]), self._value(one.children[1], frame))
        return made

    def _new_record(self, name: str) -> Record:
        sobject = self._tables[name.lower()]
        return Record(sobject, {key.lower(): one for key, one in self._context.org.all_fields(sobject).items()})

    def _cast(self, node: Any, frame: Running) -> Any:
        value, wanted = self._value(node.children[1], frame), dotted(node.children[0])
        found = type_of(value)
        free = (
            {"object", "sobject"}
            if isinstance(value, Record)
            else {"object", "id"}
            if found == "String"
            else {"object"}
        )
        if value is not None and wanted.lower() not in {found.lower(), *free}:
            raise ApexError("TypeException", f"Invalid conversion from runtime type {found} to {wanted}")
        return value

    def _negation(self, node: Any, frame: Running) -> bool:
        return not self._truth(node.children[0], frame)

    def _disjunction(self, node: Any, frame: Running) -> bool:
        return any(self._truth(one, frame) for one in node.children)

    def _conjunction(self, node: Any, frame: Running) -> bool:
        return all(self._truth(one, frame) for one in node.children)

    def _truth(self, node: Any, frame: Running) -> bool:
        value = self._value(node, frame)
        _not_null(value)
        return bool(value)

    def _equality(self, node: Any, frame: Running) -> bool:
        found = self._value(node.children[0], frame)
        for sign, one in zip(node.children[1::2], node.children[2::2], strict=True):
            found = (_folded(found) == _folded(self._value(one, frame))) == (str(sign) == "==")
        return bool(found)

    def _comparison(self, node: Any, frame: Running) -> bool:
        left, sign, right = node.children
        one, other = self._value(left, frame), self._value(right, frame)
        _not_null(one)
        _not_null(other)
        return bool(COMPARE[str(sign)](one, other))

    def _sum(self, node: Any, frame: Running) -> Any:
        total = self._value(node.children[0], frame)
        for sign, one in zip(node.children[1::2], node.children[2::2], strict=True):
            value = self._value(one, frame)
            if isinstance(total, str) or isinstance(value, str) or None in (total, value):
                total = spelled(total) + spelled(value)
            else:
                total = total + value if str(sign) == "+" else total - value
        return total

    def _ternary(self, node: Any, frame: Running) -> Any:
        condition, then, otherwise = node.children
        return self._value(then if self._truth(condition, frame) else otherwise, frame)


def _chosen(methods: Sequence[Method], arguments: Sequence[Any]) -> Method:
    """Return the method of that number of arguments; the checks have made sure of their types."""
    return next(one for one in methods if len(one.parameters) == len(arguments))


def _key(value: Any) -> str:
    if isinstance(value, Record):
        return "sobject"
    return CONTROLLER.lower() if isinstance(value, StandardController) else type_of(value).lower()


def _folded(value: Any) -> Any:
    # == does not tell cases apart.
    return value.lower() if isinstance(value, str) else value


def _not_null(value: Any) -> None:
    if value is None:
        raise ApexError("NullPointerException", "Attempt to de-reference a null object")
