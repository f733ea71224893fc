"""The types of expressions: every name and signature that they use is known, or refused as the compiler does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lark import Token

from twin.salesforce.apex.library import CLASSES, CONTROLLER, OF_VALUES, PLAIN_TYPES, STATIC, Builtin
from twin.salesforce.apex.syntax import ApexClass, CompileError, Method, Node, dotted, place
from twin.salesforce.apex.values import apex_type

if TYPE_CHECKING:
    from twin.salesforce.org import Org

NULL, VOID = "null", "void"
NUMBERS = {"Integer", "Decimal"}


@dataclass
class Frame:
    """What a body can name: its method and its variables, by name in lower case."""

    method: Method
    names: dict[str, str] = field(default_factory=dict)


class Expressions:
    """Gives the types of the expressions of one class, in one org."""

    def __init__(self, org: Org, unit: ApexClass, classes: Mapping[str, ApexClass]) -> None:
        self._org = org
        self._unit = unit
        self._classes = {**classes, unit.name.lower(): unit}
        self._tables = {name.lower(): name for name in org.tables()}
        self._known = {one.lower(): one for one in (*PLAIN_TYPES, CONTROLLER)}

    def _expression(self, node: Any, frame: Frame) -> str:
        found: str = getattr(self, f"_{tree_of(node).data}")(node, frame)
        return found

    def _text(self, node: Node, frame: Frame) -> str:
        return "String"

    def _number(self, node: Node, frame: Frame) -> str:
        return "Integer"

    def _true(self, node: Node, frame: Frame) -> str:
        return "Boolean"

    _false = _true

    def _null(self, node: Node, frame: Frame) -> str:
        return NULL

    def _this(self, node: Node, frame: Frame) -> str:
        if frame.method.static:
            raise CompileError("this can not be referenced in a static context", *place(node))
        return self._unit.name

    def _name(self, node: Node, frame: Frame) -> str:
        name = str(node.children[0])
        found = frame.names.get(name.lower()) or self._own(name, frame, node)
        if found is None:
            raise CompileError(f"Variable does not exist: {name}", *place(node))
        return found

    def _own(self, name: str, frame: Frame, node: Node) -> str | None:
        """Return the type of a field or property of the class itself, or None."""
        member = self._unit.fields.get(name.lower()) or self._unit.getters.get(name.lower())
        if member is None:
            return None
        if frame.method.static and not member.static:
            message = f"Non static variable cannot be referenced from a static context: {name}"
            raise CompileError(message, *place(node))
        return self._member_type(self._unit, name)

    def _member_type(self, unit: ApexClass, name: str) -> str | None:
        own = unit.fields.get(name.lower())
        getter = unit.getters.get(name.lower())
        declared = own.type if own else getter.result if getter else None
        return None if declared is None else self._type(declared, (own or getter).node)  # type: ignore[union-attr]

    def _member(self, node: Node, frame: Frame) -> str:
        owner, name = self._expression(node.children[0], frame), str(node.children[1])
        found: str | None = None
        if owner.lower() in self._classes:
            found = self._member_type(self._classes[owner.lower()], name)
        elif owner.lower() in self._tables:
            fields = {one.lower(): known for one, known in self._org.all_fields(self._tables[owner.lower()]).items()}
            found = apex_type(fields[name.lower()]) if name.lower() in fields else None
        if found is None:
            raise CompileError(f"Variable does not exist: {name}", *place(node.children[1]))
        return found

    def _invoke(self, node: Node, frame: Frame) -> str:
        owner, name, listed = node.children
        given = self._arguments(listed, frame)
        static = self._static_owner(tree_of(owner), frame)
        if static is not None:
            return self._static_call(static, str(name), given, node)
        kind = self._expression(owner, frame)
        if kind.lower() in self._classes:
            return self._overload(self._classes[kind.lower()], str(name), given, node)
        key = "sobject" if kind.lower() in self._tables else kind.lower()
        return self._builtin(OF_VALUES.get((key, str(name).lower()), []), kind, str(name), given, node)

    def _static_owner(self, node: Node, frame: Frame) -> str | None:
        """Return the class or object that a name in front of a call means, unless it is a variable."""
        if node.data != "name":
            return None
        name = str(node.children[0])
        hidden = name.lower() in frame.names or self._own(name, frame, node) is not None
        known = name.lower() in CLASSES or name.lower() in self._classes or name.lower() in self._tables
        return name if known and not hidden else None

    def _static_call(self, owner: str, name: str, given: Sequence[str], node: Node) -> str:
        if owner.lower() in self._classes:
            return self._overload(self._classes[owner.lower()], name, given, node)
        if owner.lower() in self._tables:
            setting = self._org.tables()[self._tables[owner.lower()]].setting
            if setting == "Hierarchy" and name.lower() == "getorgdefaults" and not given:
                return self._tables[owner.lower()]
            raise self._no_method(owner, name, given, node)
        return self._builtin(STATIC.get((owner.lower(), name.lower()), []), owner, name, given, node)

    def _builtin(self, known: Sequence[Builtin], owner: str, name: str, given: Sequence[str], node: Node) -> str:
        for one in known:
            if len(one.takes) == len(given) and all(map(self._fits, one.takes, given)):
                return one.gives
        raise self._no_method(owner, name, given, node)

    def _own_call(self, node: Node, frame: Frame) -> str:
        name, listed = node.children
        given = self._arguments(listed, frame)
        found = self._overload(self._unit, str(name), given, node)
        method = self._method_of(self._unit, str(name), given)
        if method is not None and frame.method.static and not method.static:
            message = f"Non static method cannot be referenced from a static context: {found} {name}()"
            raise CompileError(message, *place(node))
        return found

    def _overload(self, unit: ApexClass, name: str, given: Sequence[str], node: Node) -> str:
        method = self._method_of(unit, name, given)
        if method is None:
            raise self._no_method(unit.name, name, given, node)
        return self._type(method.result, method.node)

    def _method_of(self, unit: ApexClass, name: str, given: Sequence[str]) -> Method | None:
        return next((one for one in unit.methods.get(name.lower(), []) if self._takes(one, given)), None)

    def _takes(self, method: Method, given: Sequence[str]) -> bool:
        wanted = [self._type(one.type, method.node) for one in method.parameters]
        return len(wanted) == len(given) and all(map(self._fits, wanted, given))

    def _create(self, node: Node, frame: Frame) -> str:
        name = self._type(dotted(tree_of(node.children[0])), node)
        given = self._arguments(node.children[1], frame)
        unit = self._classes.get(name.lower())
        if name == CONTROLLER:
            good = len(given) == 1 and (given[0] == "SObject" or given[0].lower() in self._tables)
        elif unit is not None:
            good = any(self._takes(one, given) for one in unit.constructors) or not (unit.constructors or given)
        else:
            good = name.lower() in self._tables and not given
        if not good:
            message = f"Constructor not defined: [{name}].<Constructor>({', '.join(given)})"
            raise CompileError(message, *place(node))
        return name

    def _record(self, node: Node, frame: Frame) -> str:
        name = self._type(dotted(tree_of(node.children[0])), node)
        if name.lower() not in self._tables:
            raise CompileError(
                f"Invalid constructor syntax, name=value pairs can only be used for SObject: {name}", *place(node)
            )
        fields = {one.lower(): known for one, known in self._org.all_fields(self._tables[name.lower()]).items()}
        for one in node.children[1:]:
            key, value = tree_of(one).children
            if str(key).lower() not in fields:
                raise CompileError(f"Field does not exist: {key} on {name}", *place(one))
            self._assignable(apex_type(fields[str(key).lower()]), self._expression(value, frame), value)
        return name

    def _cast(self, node: Node, frame: Frame) -> str:
        wanted, given = self._type(dotted(tree_of(node.children[0])), node), self._expression(node.children[1], frame)
        if not (self._fits(wanted, given) or self._fits(given, wanted)):
            raise CompileError(
                f"Incompatible types since an instance of {given} is never an instance of {wanted}", *place(node)
            )
        return wanted

    def _negation(self, node: Node, frame: Frame) -> str:
        return self._boolean(node.children[0], frame, "Boolean expression required")

    def _disjunction(self, node: Node, frame: Frame) -> str:
        for one in node.children:
            self._boolean(one, frame, "OR operator can only be applied to Boolean expressions")
        return "Boolean"

    def _conjunction(self, node: Node, frame: Frame) -> str:
        for one in node.children:
            self._boolean(one, frame, "AND operator can only be applied to Boolean expressions")
        return "Boolean"

    def _equality(self, node: Node, frame: Frame) -> str:
        given = [self._expression(one, frame) for one in node.children[::2]]
        for left, right in pairwise(given):
            if not (self._fits(left, right) or self._fits(right, left)):
                raise CompileError(f"Comparison arguments must be compatible types: {left}, {right}", *place(node))
        return "Boolean"

    def _comparison(self, node: Node, frame: Frame) -> str:
        left, right = (self._expression(one, frame) for one in node.children[::2])
        if not (left in NUMBERS and right in NUMBERS):
            raise CompileError(f"Comparison arguments must be compatible types: {left}, {right}", *place(node))
        return "Boolean"

    def _sum(self, node: Node, frame: Frame) -> str:
        total = self._expression(node.children[0], frame)
        for sign, one in zip(node.children[1::2], node.children[2::2], strict=True):
            given = self._expression(one, frame)
            if str(sign) == "+" and {"String", "Id"} & {total, given}:
                total = "String"
            elif not {total, given} <= NUMBERS:
                raise CompileError("Arithmetic expressions must use numeric arguments", *place(one))
        return total

    def _ternary(self, node: Node, frame: Frame) -> str:
        condition, then, otherwise = node.children
        self._boolean(condition, frame, "Condition expression must be of type Boolean")
        one, other = self._expression(then, frame), self._expression(otherwise, frame)
        if self._fits(one, other):
            return one if one != NULL else other
        if self._fits(other, one):
            return other
        raise CompileError(f"Incompatible types in ternary operator: {one}, {other}", *place(node))

    # -- types

    def _arguments(self, listed: Any, frame: Frame) -> list[str]:
        return [] if listed is None else [self._expression(one, frame) for one in listed.children]

    def _boolean(self, node: Any, frame: Frame, message: str) -> str:
        if self._expression(node, frame) != "Boolean":
            raise CompileError(message, *place(node))
        return "Boolean"

    def _type(self, name: str, node: Any) -> str:
        """Return a type in its own spelling, or refuse one that is not known."""
        if name.lower() == VOID:
            return VOID
        unit = self._classes.get(name.lower())
        found = self._known.get(name.lower()) or self._tables.get(name.lower()) or (unit.name if unit else None)
        if found is None:
            raise CompileError(f"Invalid type: {name}", *place(node))
        return found

    def _fits(self, wanted: str, given: str) -> bool:
        if VOID in {wanted, given}:
            return False
        same = wanted == given or given == NULL or wanted == "Object" or {wanted, given} == {"String", "Id"}
        return (
            same or (wanted == "SObject" and given.lower() in self._tables) or (wanted, given) == ("Decimal", "Integer")
        )

    def _assignable(self, wanted: str, given: str, node: Any) -> None:
        if not self._fits(wanted, given):
            raise CompileError(f"Illegal assignment from {given} to {wanted}", *place(node))

    def _no_method(self, owner: str, name: str, given: Sequence[str], node: Any) -> CompileError:
        signature = f"void {name}({', '.join(given)}) from the type {owner}"
        return CompileError(f"Method does not exist or incorrect signature: {signature}", *place(node))


def tree_of(node: Any) -> Node:
    """Return a node that is no token."""
    if isinstance(node, Token):
        raise TypeError(node)
    tree: Node = node
    return tree
