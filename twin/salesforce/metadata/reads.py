"""readMetadata: components as SOAP records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lxml import etree  # type: ignore[import-untyped]

from twin.salesforce.metadata import profiles, xml
from twin.salesforce.metadata.components import KINDS, Components
from twin.salesforce.metadata.problems import MetadataError
from twin.salesforce.metadata.retrieves import object_file

if TYPE_CHECKING:
    from twin.salesforce.org import Org

MOST_NAMES = 10
# A name that nobody has gives an empty record, no error.
NOBODY = '<records xsi:nil="true"/>'


def records(org: Org, kind: str, names: Sequence[str]) -> str:
    """Return one `records` element a name.

    Raises:
        MetadataError: The type is unknown, or there are too many names.
    """
    if kind not in KINDS:
        raise MetadataError("INVALID_TYPE", f"Unknown type:{kind}")
    if len(names) > MOST_NAMES:
        raise MetadataError("LIMIT_EXCEEDED", f"A maximum of {MOST_NAMES} items can be read at once")
    return "".join(_record(org, kind, name) for name in names)


def _record(org: Org, kind: str, name: str) -> str:
    content = _content(org, kind, name)
    if content is None:
        return NOBODY
    root = etree.fromstring(content)
    body = "".join(xml.fragment(one) for one in xml.children(root) if xml.name_of(one) != "fullName")
    return f'<records xsi:type="{kind}"><fullName>{name}</fullName>{body}</records>'


def _content(org: Org, kind: str, name: str) -> bytes | None:
    if kind == "CustomObject":
        return object_file(org, name, None) if name in org.tables() else None
    stored = Components(org).find(kind, name)
    if stored is None:
        return None
    if kind == "Profile":
        every = [(one, each.name) for one in KINDS for each in Components(org).all(one)]
        return profiles.retrieved(org, name, every)
    return stored.content if kind not in {"ApexClass", "ApexPage"} else stored.meta
