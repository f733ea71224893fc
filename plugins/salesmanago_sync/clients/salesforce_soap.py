"""SOAP to Salesforce: the envelope of a Metadata API call, and what a fault means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from salesmanago_sync.clients.http import Replay
from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.clients.salesforce_errors import REQUESTS
from salesmanago_sync.errors import FatalError, RetriableError, SyncError

METADATA = "http://soap.sforce.com/2006/04/metadata"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

# A fault's code → what it means, beside those that REST has too.
FAULTS: dict[str, tuple[Callable[[str], SyncError], str]] = {
    "UNKNOWN_EXCEPTION": (RetriableError, "Salesforce failed by itself."),
    "INVALID_CROSS_REFERENCE_KEY": (FatalError, "It is gone: start again."),
    "INSUFFICIENT_ACCESS": (
        FatalError,
        "Give the user of the connection the permission Modify Metadata Through Metadata API Functions.",
    ),
}

Value = str | bool | Sequence["Value"] | Mapping[str, "Value"]


def envelope(session: str, call: str, arguments: Mapping[str, Value]) -> bytes:
    """Write a call.

    Args:
        session: The session's id.
        call: Name of the method.
        arguments: Its arguments, in the order of the WSDL; a list repeats its element.
    """
    body = "".join(_element(name, value) for name, value in arguments.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{ENVELOPE}" xmlns="{METADATA}">'
        f"<e:Header><SessionHeader><sessionId>{escape(session)}</sessionId></SessionHeader></e:Header>"
        f"<e:Body><{call}>{body}</{call}></e:Body></e:Envelope>"
    ).encode()


def _element(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return f"<{name}>{str(value).lower()}</{name}>"
    if isinstance(value, str):
        return f"<{name}>{escape(value)}</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(key, part) for key, part in value.items())}</{name}>"
    return "".join(_element(name, part) for part in value)


def parse(content: bytes, where: str) -> ET.Element:
    """Read the body of an answer.

    Returns:
        The one element in the envelope's body: an answer, or a fault.

    Raises:
        RetriableError: It is no envelope; every call of this package but a deployment is a read.
    """
    try:
        root = ET.fromstring(content)  # noqa: S314 - from the org, over TLS; expat bounds what entities expand to
        body = root.find(f"{{{ENVELOPE}}}Body")
        return next(iter(body)) if body is not None else _none(where)
    except (ET.ParseError, LookupError, ValueError, StopIteration):  # the second and third: an unknown encoding
        return _none(where)


def _none(where: str) -> ET.Element:
    raise Replay.READ.lost(f"{where}: the answer is no SOAP envelope.")


def fault_code(answer: ET.Element) -> str | None:
    """Give the code of a fault without its prefix; nothing for an answer."""
    if answer.tag != f"{{{ENVELOPE}}}Fault":
        return None
    return text(answer, "faultcode").rpartition(":")[2]


def fault_error(answer: ET.Element, where: str) -> SyncError:
    """Say what a fault means."""
    code = fault_code(answer) or "fault"
    kind, advice = FAULTS.get(code) or REQUESTS.get(code) or (FatalError, "The set-up cannot go on.")
    words = mask(text(answer, "faultstring")).removeprefix(f"{code}: ")
    return kind(f"{where}: {code}: {words}. {advice}")


def texts(element: ET.Element, name: str) -> list[str]:
    """List the texts of the children of a name."""
    return [(child.text or "") for child in element if local(child) == name]


def text(element: ET.Element, name: str) -> str:
    """Give the text of a child; empty where there is none."""
    return next(iter(texts(element, name)), "")


def local(element: ET.Element) -> str:
    """Give an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
