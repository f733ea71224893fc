"""The classes of the org: compiled when they are deployed, run by pages and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.salesforce.apex.checks import Checker
from twin.salesforce.apex.library import Context
from twin.salesforce.apex.machine import Machine
from twin.salesforce.apex.syntax import ApexClass, CompileError, parse
from twin.salesforce.apex.values import ApexError
from twin.salesforce.metadata.components import Components

if TYPE_CHECKING:
    from twin.salesforce.org import Org


class _UndoneError(Exception):
    """Takes back what a test did; never leaves this module."""


def deployed(org: Org) -> dict[str, ApexClass]:
    """Return the classes of the org by name in lower case."""
    return {one.name.lower(): parse(one.content.decode()) for one in Components(org).all("ApexClass")}


def compile_class(org: Org, name: str, source: str) -> ApexClass:
    """Parse and check a class.

    Raises:
        CompileError: It does not compile, or has another name than its file.
    """
    unit = parse(source)
    if unit.name.lower() != name.lower():
        raise CompileError(f"Class name must match file name: {unit.name} {name}")
    Checker(org, unit, deployed(org)).check()
    return unit


def machine(org: Org, user: str, *, test: bool = False) -> Machine:
    """Return what runs classes for a user."""
    return Machine(Context(org, user, test), deployed(org))


def run_test(org: Org, user: str, name: str, method: str) -> str | None:
    """Run a test method in an org without data; return what it failed with. Nothing of it stays."""
    try:
        with org.state.transaction():
            _hide_data(org)
            machine(org, user, test=True).call(name, method)
            raise _UndoneError
    except _UndoneError:
        return None
    except ApexError as error:
        return str(error)


def _hide_data(org: Org) -> None:
    """Take away the rows that tests do not see: those of custom settings."""
    for name, sobject in org.tables().items():
        if sobject.setting:
            org.db.execute(f'DELETE FROM "sf_{name}"')  # noqa: S608 - names of the schema
