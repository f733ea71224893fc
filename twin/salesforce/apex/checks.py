"""The compiler's checks of statements: types fit, every path returns, nothing is declared twice."""

from __future__ import annotations

from lark import Tree

from twin.salesforce.apex.expressions import VOID, Expressions, Frame, tree_of
from twin.salesforce.apex.syntax import CompileError, Method, Node, dotted, place


class Checker(Expressions):
    """Checks one class against the org."""

    def check(self) -> None:
        """Check everything.

        Raises:
            CompileError: Something is unknown or does not fit.
        """
        for one in self._unit.fields.values():
            declared = self._type(one.type, one.node)
            if one.first is not None:
                frame = Frame(Method(one.name, declared, (), one.first, one.static, test=False, node=one.node))
                self._assignable(declared, self._expression(one.first, frame), one.first)
        for method in self._unit.every():
            self._method(method)

    def _method(self, method: Method) -> None:
        frame = Frame(method)
        for one in method.parameters:
            frame.names[one.name.lower()] = self._type(one.type, method.node)
        result = VOID if method in self._unit.constructors else self._type(method.result, method.node)
        if method in self._unit.constructors and method.name.lower() != self._unit.name.lower():
            raise CompileError(f"Invalid constructor name: {method.name}", *place(method.node))
        returns = self._statement(method.body, frame, result)
        if result != VOID and not returns:
            raise CompileError(f"Missing return statement required return type: {result}", *place(method.node))

    # -- statements: each tells whether it always returns

    def _statement(self, node: Node, frame: Frame, result: str) -> bool:
        found: bool = getattr(self, f"_{node.data}_statement")(node, frame, result)
        return found

    def _block_statement(self, node: Node, frame: Frame, result: str) -> bool:
        inner = Frame(frame.method, dict(frame.names))
        returned = False
        for one in node.children:
            if returned:
                raise CompileError("Unreachable statement", *place(one))
            returned = isinstance(one, Tree) and self._statement(one, inner, result)
        return returned

    def _local_statement(self, node: Node, frame: Frame, result: str) -> bool:
        kind, name, first = node.children[0], str(node.children[1]), node.children[2]
        declared = self._type(dotted(tree_of(kind)), node)
        if name.lower() in frame.names:
            raise CompileError(f"Duplicate variable: {name}", *place(node))
        if first is not None:
            self._assignable(declared, self._expression(first, frame), first)
        frame.names[name.lower()] = declared
        return False

    def _assign_statement(self, node: Node, frame: Frame, result: str) -> bool:
        target, value = node.children
        if tree_of(target).data not in {"name", "member"}:
            raise CompileError("Expression cannot be assigned", *place(target))
        self._assignable(self._expression(target, frame), self._expression(value, frame), value)
        return False

    def _evaluate_statement(self, node: Node, frame: Frame, result: str) -> bool:
        if tree_of(node.children[0]).data not in {"invoke", "own_call", "create", "record"}:
            raise CompileError("Expression cannot be a statement.", *place(node))
        self._expression(node.children[0], frame)
        return False

    def _give_statement(self, node: Node, frame: Frame, result: str) -> bool:
        value = node.children[0]
        if value is None and result != VOID:
            raise CompileError(f"Missing return value of type: {result}", *place(node))
        if value is not None and result == VOID:
            raise CompileError("Void method must not return a value", *place(node))
        if value is not None:
            given = self._expression(value, frame)
            if not self._fits(result, given):
                raise CompileError(f"Return value must be of type: {result}", *place(value))
        return True

    def _choose_statement(self, node: Node, frame: Frame, result: str) -> bool:
        condition, then, otherwise = node.children
        self._boolean(condition, frame, "Condition expression must be of type Boolean")
        first = self._statement(tree_of(then), Frame(frame.method, dict(frame.names)), result)
        if otherwise is None:
            return False
        return self._statement(tree_of(otherwise), Frame(frame.method, dict(frame.names)), result) and first

    def _insert_statement(self, node: Node, frame: Frame, result: str) -> bool:
        given = self._expression(node.children[0], frame)
        if given.lower() not in self._tables and given != "SObject":
            message = f"DML requires SObject or SObject list type: {given}"
            raise CompileError(message, *place(node))
        return False
