"""A record as one user sees it, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from lxml import etree  # type: ignore[import-untyped]

from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.pages import expressions
from twin.salesforce.schema import Field, SObject

if TYPE_CHECKING:
    from twin.salesforce.org import Org


@dataclass(frozen=True)
class Shown:
    """A record for one user.

    Attributes:
        org: The org.
        sobject: The object as the user sees it.
        values: The values of every field, also of those that he does not see.
    """

    org: Org
    sobject: SObject
    values: dict[str, Any] = field(default_factory=dict)

    def sees(self, name: str) -> Field | None:
        """Return a field if the user may see it."""
        return self.sobject.find(name)

    def html(self, name: str) -> str:
        """Return the value of a field as HTML; nothing where it is empty or hidden."""
        known = self.sees(name)
        if known is None:
            return ""
        value = self._value(known)
        if isinstance(value, expressions.Link):
            return f'<a href="{escape(value.address)}">{escape(value)}</a>'
        if known.type == "boolean":
            return f'<input type="checkbox" disabled{" checked" if value else ""}>'
        return escape(_plain(value)).replace("\n", "<br>")

    def _value(self, known: Field) -> Any:
        if known.type == "address":
            parts = self.sobject.address_parts(known).values()
            return "\n".join(str(self.values[one]) for one in parts if self.values.get(one) is not None)
        if known.calculated:
            return self._formula(known)
        return self.values.get(known.name)

    def _formula(self, known: Field) -> Any:
        stored = Components(self.org).find("CustomField", f"{self.sobject.name}.{known.name}")
        text = xml.text_of(etree.fromstring(stored.content), "formula") if stored else ""
        try:
            return expressions.evaluate(text, self.values.get) if text else None
        except expressions.ExpressionError:
            # A formula is taken with any function; the twin computes few.
            return None


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def record(org: Org, user: str, sobject: str, identifier: str) -> Shown | None:
    """Return a living record as a user sees it, or None."""
    seen = org.objects(user).get(sobject)
    values = org.get(sobject, identifier) if seen is not None else None
    if seen is None or values is None or values.get("IsDeleted"):
        return None
    return Shown(org, seen, values)
