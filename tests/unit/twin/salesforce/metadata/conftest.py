from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from lxml import etree  # type: ignore[import-untyped]
from simple_salesforce import Salesforce

from salesmanago_sync.domain.setup.layout import add_section
from salesmanago_sync.domain.setup.package import card_package
from twin.salesforce import Org
from twin.state import State

BASE = "https://twin.example.com/services/data/v66.0/"
SOAP = "https://twin.example.com/services/Soap/m/66.0"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ENDPOINT = "https://app.example.com"
OBJECTS = ("Lead", "Contact", "Account")
LAYOUTS = {
    "Lead": "Lead-Lead Layout",
    "Contact": "Contact-Contact Layout",
    "Account": "PersonAccount-Person Account Layout",
}
VALUES = {"Endpoint__c": ENDPOINT, "Client_Id__c": "client 1", "Microsite_Key__c": "key&1", "Page_Name__c": "crm card"}
PREPARED: list[bytes] = []  # the org after the first installation: installing takes a second or two
Retrieve = Callable[[str], bytes]
Members = Mapping[str, list[str]]
Files = Mapping[str, str | bytes]


def document(kind: str, body: str) -> str:
    return f'{HEAD}<{kind} xmlns="{NAMESPACE}">{body}</{kind}>'


def manifest(members: Members) -> str:
    types = "".join(
        f"<types>{''.join(f'<members>{name}</members>' for name in names)}<name>{kind}</name></types>"
        for kind, names in members.items()
    )
    return document("Package", f"{types}<version>66.0</version>")


def zipped(members: Members, files: Files, root: str = "") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        opened.writestr(f"{root}package.xml", manifest(members))
        for path, content in files.items():
            opened.writestr(f"{root}{path}", content)
    return written.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def text_field(name: str, more: str = "", label: str = "SM") -> str:
    return (
        f"<fields><fullName>{name}</fullName><label>{label}</label><length>64</length>{more}<type>Text</type></fields>"
    )


class MetadataApi:
    """Calls both doors of the Metadata API."""

    def __init__(self, session: requests.Session, token: str) -> None:
        self.session = session
        self.token = token
        self.headers = {"Authorization": f"Bearer {token}"}

    def send(self, content: bytes, **options: Any) -> requests.Response:
        """Start a deployment over REST."""
        given = {"singlePackage": True, "rollbackOnError": True, "testLevel": "NoTestRun"} | options
        files = {
            "json": (None, json.dumps({"deployOptions": given}), "application/json"),
            "file": ("deploy.zip", content, "application/zip"),
        }
        return self.session.post(f"{BASE}metadata/deployRequest", headers=self.headers, files=files, timeout=30)

    def deploy(self, members: Members, files: Files, **options: Any) -> dict[str, Any]:
        """Deploy a package over REST and return its result."""
        started = self.send(zipped(members, files), **options)
        assert started.status_code == 201, started.text
        assert (started.json()["deployResult"]["status"], started.json()["deployResult"]["done"]) == ("Pending", False)
        return self.result(started.json()["id"])

    def result(self, identifier: str) -> dict[str, Any]:
        url = f"{BASE}metadata/deployRequest/{identifier}"
        return dict(
            self.session.get(f"{url}?includeDetails=true", headers=self.headers, timeout=30).json()["deployResult"]
        )

    def failures(
        self, members: Members, files: Files, **options: Any
    ) -> list[tuple[str, str, str, int | None, int | None]]:
        """Deploy a package that must fail: type, name, problem, line and column of each failure."""
        result = self.deploy(members, files, **options)
        assert (result["status"], result["success"]) == ("Failed", False)
        keys = ("componentType", "fullName", "problem", "lineNumber", "columnNumber")
        return [tuple(one[key] for key in keys) for one in result["details"]["componentFailures"]]

    def soap(self, body: str, *, token: str | None = None, path: str = "") -> tuple[int, Any]:
        """Call a method over SOAP; return the HTTP status and the body's child."""
        envelope = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
            f'xmlns="{NAMESPACE}"><e:Header><SessionHeader><sessionId>{token or self.token}</sessionId>'
            f"</SessionHeader></e:Header><e:Body>{body}</e:Body></e:Envelope>"
        )
        answer = self.session.post(
            SOAP + path, data=envelope.encode(), headers={"Content-Type": "text/xml", "SOAPAction": '""'}, timeout=30
        )
        return answer.status_code, etree.fromstring(answer.content).find("{*}Body")[0]

    def retrieve(self, members: Members, *, single: bool = True) -> tuple[dict[str, bytes], list[str]]:
        """Retrieve members over SOAP: the files, and the problems told."""
        types = "".join(
            f"<types>{''.join(f'<members>{name}</members>' for name in names)}<name>{kind}</name></types>"
            for kind, names in members.items()
        )
        _, started = self.soap(
            f"<retrieve><retrieveRequest><apiVersion>66.0</apiVersion><singlePackage>{str(single).lower()}</singlePackage>"
            f"<unpackaged>{types}<version>66.0</version></unpackaged></retrieveRequest></retrieve>"
        )
        identifier = started.findtext(".//{*}id")
        _, done = self.soap(f"<checkRetrieveStatus><asyncProcessId>{identifier}</asyncProcessId></checkRetrieveStatus>")
        assert done.findtext(".//{*}status") == "Succeeded"
        problems = [one.text for one in done.iterfind(".//{*}messages/{*}problem")]
        return unzipped(base64.b64decode(done.findtext(".//{*}zipFile"))), problems


@pytest.fixture
def metadata(session: requests.Session, state: State) -> MetadataApi:
    return MetadataApi(session, state.credentials.salesforce.access_token)


@pytest.fixture
def layout(metadata: MetadataApi) -> Callable[[str], bytes]:
    """Retrieve a layout of the org."""

    def retrieve(name: str) -> bytes:
        files, problems = metadata.retrieve({"Layout": [name]})
        assert problems == []
        return files[f"layouts/{name}.layout"]

    return retrieve


def edited(content: bytes, sobject: str) -> bytes:
    names = ["SALESmanago_Score__c", "SALESmanago_State__c", "SALESmanago_Link__c"]
    return add_section(content, names, f"SALESmanago{sobject}").edited


@pytest.fixture
def installed(metadata: MetadataApi, layout: Retrieve, client: Salesforce, org: Org) -> MetadataApi:
    """The set-up's package, a section on each layout, the setting, and the permission set for the API's user."""
    if PREPARED:
        org.db.deserialize(PREPARED[0])
    else:
        install(metadata, layout, client, org)
        PREPARED.append(org.db.serialize())
    return metadata


def install(metadata: MetadataApi, layout: Retrieve, client: Salesforce, org: Org) -> None:
    package = card_package(OBJECTS, ENDPOINT)
    files = unzipped(package.to_zip("66.0"))
    del files["package.xml"]
    files |= {f"layouts/{name}.layout": edited(layout(name), sobject) for sobject, name in LAYOUTS.items()}
    members = {kind: list(names) for kind, names in package.members.items()} | {"Layout": list(LAYOUTS.values())}
    tests = {"testLevel": "RunSpecifiedTests", "runTests": list(package.tests)}
    result = metadata.deploy(members, files, **tests)
    assert result["status"] == "Succeeded", result["details"]
    assert (result["numberTestsTotal"], result["numberTestsCompleted"]) == (3, 3)
    setting = {"SetupOwnerId": org.state.credentials.salesforce.organization_id, **VALUES}
    client.restful("sobjects/SALESmanago_Settings__c", method="POST", json=setting)
    assign(client, org, "SALESmanago_Sync", org.state.credentials.salesforce.user_id)


def assign(client: Salesforce, org: Org, name: str, user: str) -> None:
    (found,) = client.query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")["records"]  # noqa: S608
    body = {"AssigneeId": user, "PermissionSetId": found["Id"]}
    client.restful("sobjects/PermissionSetAssignment", method="POST", json=body)
