"""The SOAP endpoint of the Metadata API."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from lxml import etree  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import Response

from twin.salesforce import usage
from twin.salesforce.errors import ApiError
from twin.salesforce.metadata import deploys, reads, retrieves, xml
from twin.salesforce.metadata.components import KINDS
from twin.salesforce.metadata.permitted import check_access
from twin.salesforce.metadata.problems import MetadataError
from twin.salesforce.org import Org

if TYPE_CHECKING:
    from twin.state import State

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns{prefix}="{space}"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)
TRUE = {"true", "1"}


class MetadataSoap:
    """Answers the calls of the endpoint."""

    def __init__(self, state: State) -> None:
        self._org = Org(state)
        self._state = state
        self._methods: Mapping[str, Callable[[Any, str], str]] = {
            "deploy": self._deploy,
            "checkDeployStatus": self._check_deploy,
            "retrieve": self._retrieve,
            "checkRetrieveStatus": self._check_retrieve,
            "listMetadata": self._list,
            "readMetadata": self._read,
            "describeMetadata": self._describe,
        }

    async def call(self, request: Request) -> Response:
        """Answer one call."""
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
            tree = etree.fromstring(await request.body(), parser)
        except etree.XMLSyntaxError as error:
            return _fault("UNKNOWN_EXCEPTION", str(error))
        try:
            self._user(tree)
            with self._state.transaction():
                return self._answer(tree, request.path_params["version"])
        except MetadataError as error:
            return _fault(error.code, error.message)
        except ApiError as error:
            return _fault(error.code, error.message)

    def _user(self, tree: Any) -> str:
        session = tree.find(".//{*}SessionHeader/{*}sessionId")
        text = (session.text or "").strip() if session is not None else ""
        user = self._state.credentials.salesforce.sessions.get(text)
        if user is None:
            message = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found"
            raise MetadataError("INVALID_SESSION_ID", message)
        if not self._org.settings.get("api_enabled", True):
            raise MetadataError("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
        usage.spend(self._org)
        return user

    def _answer(self, tree: Any, version: str) -> Response:
        body = tree.find("{*}Body")
        called = xml.children(body)[0] if body is not None and xml.children(body) else None
        name = xml.name_of(called) if called is not None else ""
        if name not in self._methods:
            raise MetadataError("UNKNOWN_EXCEPTION", f"No operation available for request {name}")
        results = self._methods[name](called, version)
        return _respond(f"<{name}Response>{results}</{name}Response>")

    def _deploy(self, called: Any, version: str) -> str:
        try:
            content = base64.b64decode(xml.text_of(called, "ZipFile"))
        except (binascii.Error, ValueError) as error:
            raise MetadataError("UNKNOWN_EXCEPTION", f"ZipFile is no base64: {error}") from error
        given = xml.under(called, "DeployOptions")
        options = _options(given[0]) if given else {}
        identifier = deploys.deploy(self._org, self._state.credentials.salesforce.user_id, content, options)
        return _element("result", {"done": False, "id": identifier, "state": "Queued"})

    def _check_deploy(self, called: Any, version: str) -> str:
        found: dict[str, Any] = deploys.find(self._org, xml.text_of(called, "asyncProcessId"))["deployResult"]
        if self._pending():
            found = deploys.unfinished(found, "InProgress")
        if not _flag(called, "includeDetails"):
            found = {**found, "details": None}
        return _element("result", found)

    def _retrieve(self, called: Any, version: str) -> str:
        asked = xml.under(called, "retrieveRequest") or xml.under(called, "request")
        if not asked or not xml.under(asked[0], "unpackaged"):
            raise MetadataError("INVALID_OPERATION", "retrieve needs a request with unpackaged members")
        members = [
            (xml.text_of(types, "name"), (one.text or "").strip())
            for types in xml.under(xml.under(asked[0], "unpackaged")[0], "types")
            for one in xml.under(types, "members")
        ]
        single = _flag(asked[0], "singlePackage")
        identifier = retrieves.retrieve(self._org, members, version, single=single)
        return _element("result", {"done": False, "id": identifier, "state": "Queued"})

    def _check_retrieve(self, called: Any, version: str) -> str:
        with_zip = xml.text_of(called, "includeZip", "true").lower() in TRUE
        identifier = xml.text_of(called, "asyncProcessId")
        if self._pending():
            early = {"done": False, "id": identifier, "status": "InProgress", "success": False}
            return _element("result", early)
        return _element("result", retrieves.find(self._org, identifier, with_zip=with_zip))

    def _pending(self) -> bool:
        return self._state.faults.take_kind("salesforce", "job_pending", "/services/Soap/m") is not None

    def _list(self, called: Any, version: str) -> str:
        check_access(self._org)
        kinds = [xml.text_of(one, "type") for one in xml.under(called, "queries")]
        return "".join(_element("result", one) for kind in kinds for one in retrieves.listed(self._org, kind))

    def _read(self, called: Any, version: str) -> str:
        check_access(self._org)
        names = [(one.text or "").strip() for one in xml.under(called, "fullNames")]
        return f"<result>{reads.records(self._org, xml.text_of(called, 'type'), names)}</result>"

    def _describe(self, called: Any, version: str) -> str:
        check_access(self._org)
        described = [
            {
                "childXmlNames": [one.name for one in KINDS.values() if one.parent == kind.name],
                "directoryName": kind.folder,
                "inFolder": False,
                "metaFile": kind.with_meta,
                "suffix": kind.suffix,
                "xmlName": kind.name,
            }
            for kind in KINDS.values()
            if not kind.parent
        ]
        result = {"metadataObjects": described, "organizationNamespace": ""}
        return _element("result", {**result, "partialSaveAllowed": True, "testRequired": False})


def _flag(node: Any, name: str) -> bool:
    # Some clients spell it True.
    return xml.text_of(node, name).lower() in TRUE


def _options(node: Any) -> dict[str, Any]:
    options: dict[str, Any] = {name: _flag(node, name) for name in deploys.OPTIONS if xml.under(node, name)}
    options["testLevel"] = xml.text_of(node, "testLevel") or None
    options["runTests"] = [(one.text or "").strip() for one in xml.under(node, "runTests")] or None
    return options


def _element(name: str, value: Any) -> str:
    """Return a JSON value as elements; null is left out, a list is repeated."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(key, one) for key, one in value.items())}</{name}>"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "".join(_element(name, one) for one in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text.replace('+0000', 'Z') if name.endswith('Date') else text)}</{name}>"


def _respond(body: str, status: int = 200, prefix: str = "") -> Response:
    return Response(ENVELOPE.format(space=xml.NAMESPACE, body=body, prefix=prefix), status, media_type="text/xml")


def _fault(code: str, message: str) -> Response:
    text = f"<faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(message)}</faultstring>"
    return _respond(f"<soapenv:Fault>{text}</soapenv:Fault>", 500, ":sf")


def routes_of(state: State) -> list[tuple[str, Callable[[Request], Any]]]:
    """Return the paths of the endpoint: the plain one, with an org id, and with what simple-salesforce adds."""
    answer = MetadataSoap(state).call
    return [(f"/services/Soap/m/{{version}}{rest}", answer) for rest in ("", "/", "/{rest:path}")]
