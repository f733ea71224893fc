"""Pages and classes: stored with their `-meta.xml` after they have been compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Component

if TYPE_CHECKING:
    from twin.salesforce.org import Org


def apply(org: Org, component: Component) -> None:
    """Create or replace the page or class.

    Raises:
        RefusedError: It does not compile, or its `-meta.xml` is wrong.
    """
    meta = xml.read(component.meta or b"", component.kind.name, component.also)
    Components(org).put(component.kind.name, component.name, component.content, meta=xml.write(meta.root))
