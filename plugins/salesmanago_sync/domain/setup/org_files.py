"""Files of the org, as XML: what Salesforce gives is read in one place."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from salesmanago_sync.errors import FatalError


def read_xml(content: bytes, what: str) -> ET.Element:
    """Read a file of the org.

    Args:
        content: The file.
        what: Which it is, for the error.

    Raises:
        FatalError: It is no XML.
    """
    try:
        return ET.fromstring(content)  # noqa: S314 - from the org over TLS; expat bounds what entities expand to
    except (ET.ParseError, LookupError, ValueError):  # the last two: an unknown encoding
        raise FatalError(f"Salesforce gave {what} in no readable form. Run the set-up again.") from None
