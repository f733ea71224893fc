"""Pages and classes: compiled, then stored with their `-meta.xml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.salesforce.apex.classes import compile_class
from twin.salesforce.apex.syntax import CompileError
from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Component
from twin.salesforce.metadata.problems import Problem, RefusedError
from twin.salesforce.pages import visualforce

if TYPE_CHECKING:
    from twin.salesforce.org import Org


def apply_class(org: Org, component: Component) -> None:
    """Create or replace a class.

    Raises:
        RefusedError: It does not compile, or its `-meta.xml` is wrong.
    """
    try:
        compile_class(org, component.name, component.content.decode())
    except CompileError as error:
        raise RefusedError(Problem(error.message, error.line, error.column)) from error
    _store(org, component)


def apply_page(org: Org, component: Component) -> None:
    """Create or replace a page.

    Raises:
        RefusedError: It does not compile, or its `-meta.xml` is wrong.
    """
    visualforce.check(org, component.name, component.content.decode())
    _store(org, component)


def _store(org: Org, component: Component) -> None:
    meta = xml.read(component.meta or b"", component.kind.name, component.also)
    Components(org).put(component.kind.name, component.name, component.content, meta=xml.write(meta.root))
