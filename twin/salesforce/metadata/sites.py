"""Sites that pages may frame or call: CSP trusted sites and remote sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Component
from twin.salesforce.metadata.problems import RefusedError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

ADDRESS = {"CspTrustedSite": "endpointUrl", "RemoteSiteSetting": "url"}


def apply(org: Org, component: Component) -> None:
    """Create or replace the site.

    Raises:
        RefusedError: Its address is none.
    """
    source = component.source()
    kind, element = component.kind.name, ADDRESS[component.kind.name]
    address = urlsplit(xml.text_of(source.root, element))
    if address.scheme not in {"http", "https", "wss"} or not address.hostname:
        raise RefusedError(source.problem(f"The URL is not valid: {address.geturl()}", source.root))
    Components(org).put(kind, component.name, xml.write(source.root))


def framed(org: Org) -> Iterator[str]:
    """Yield the origins that pages may frame."""
    for stored in Components(org).all("CspTrustedSite"):
        root: Any = xml.read(stored.content, "CspTrustedSite").root
        if xml.is_true(root, "isActive") and xml.is_true(root, "isApplicableToFrameSrc"):
            yield xml.text_of(root, "endpointUrl")
