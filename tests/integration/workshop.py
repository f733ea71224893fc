"""Salesforce as its administrator works in it: with a Metadata API client that is not the one under test."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import requests

from tests.twin_server import TwinServer

VERSION = "66.0"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SETTING = "SALESmanago_Settings__c"


class Workshop:
    """The twin's org."""

    def __init__(self, twin: TwinServer) -> None:
        self._twin = twin
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {twin.salesforce['access_token']}"

    def layouts(self, *names: str) -> dict[str, bytes]:
        """Read layouts."""
        files = self.retrieve({"Layout": list(names)})
        return {name: files[f"layouts/{name}.layout"] for name in names}

    def edit_layout(self, name: str, old: bytes, new: bytes) -> bytes:
        """Change a layout as a person in Setup would; returns what it is then."""
        content = self.layouts(name)[name]
        assert old in content
        self.deploy({"Layout": [name]}, {f"layouts/{name}.layout": content.replace(old, new)})
        return self.layouts(name)[name]

    def assignments(self, profile: str, *layouts: str) -> set[str]:
        """Name those of some layouts that a profile sees."""
        files = self.retrieve({"Profile": [profile], "Layout": list(layouts)})
        root = ET.fromstring(files[f"profiles/{profile}.profile"])
        return {str(part.text) for part in root.iter(f"{{{NAMESPACE}}}layout")}

    def assign(self, profile: str, layout: str) -> None:
        """Let a profile see a layout."""
        body = f"<layoutAssignments><layout>{layout}</layout></layoutAssignments>"
        content = f'{HEAD}<Profile xmlns="{NAMESPACE}">{body}</Profile>'
        self.deploy({"Profile": [profile]}, {f"profiles/{profile}.profile": content.encode()})

    def has_field(self, sobject: str, field: str) -> bool:
        """Whether the org has a field, whoever may see it."""
        return f"<fullName>{field}</fullName>".encode() in self.retrieve({"CustomObject": [sobject]}).get(
            f"objects/{sobject}.object", b""
        )

    def setting(self) -> dict[str, Any]:
        """Read the org's row of the setting."""
        [row] = self.query(
            "SELECT Endpoint__c, Client_Id__c, Microsite_Key__c, Page_Name__c FROM SALESmanago_Settings__c"
        )
        return row

    def query(self, soql: str) -> list[dict[str, Any]]:
        """Query records."""
        answer = self._call("GET", f"query?q={quote(soql)}")
        return list(answer["records"])

    def take_permission_sets(self) -> None:
        """Take every permission set from everybody."""
        for row in self.query("SELECT Id FROM PermissionSetAssignment"):
            self._call("DELETE", f"sobjects/PermissionSetAssignment/{row['Id']}")

    def everything_deployed(self) -> bytes:
        """Every file that the set-up may have brought."""
        members = {
            "ApexClass": ["*"],
            "ApexPage": ["*"],
            "CspTrustedSite": ["*"],
            "PermissionSet": ["*"],
            "Layout": ["*"],
            "CustomObject": ["Lead", "Contact", "Account", SETTING],
        }
        return b"".join(self.retrieve(members).values())

    def deployments(self) -> int:
        """Count the deployments that were asked for, since `forget_deployments`."""
        calls = self._twin.control.get("/calls")["log"]
        return sum(1 for call in calls if call["method"] == "POST" and call["path"].endswith("/deployRequest"))

    def forget_deployments(self) -> None:
        """Count anew."""
        self._twin.control.delete("/calls")

    def deploy(self, members: Mapping[str, list[str]], files: Mapping[str, bytes]) -> None:
        """Deploy a package, which must succeed."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("package.xml", _manifest(members))
            for path, content in files.items():
                archive.writestr(path, content)
        options = {"singlePackage": True, "rollbackOnError": True, "testLevel": "NoTestRun"}
        parts = {
            "json": (None, json.dumps({"deployOptions": options}), "application/json"),
            "file": ("p.zip", buffer.getvalue(), "application/zip"),
        }
        job = self._call("POST", "metadata/deployRequest", files=parts)["id"]
        result: dict[str, Any] = {"done": False}
        while not result["done"]:
            result = self._call("GET", f"metadata/deployRequest/{job}?includeDetails=true")["deployResult"]
        assert result["success"], result

    def retrieve(self, members: Mapping[str, list[str]]) -> dict[str, bytes]:
        """Read components as files."""
        request = f"<apiVersion>{VERSION}</apiVersion><singlePackage>true</singlePackage>"
        asked = self._soap(
            f"<retrieve><retrieveRequest>{request}<unpackaged>{_types(members)}<version>{VERSION}</version>"
            "</unpackaged></retrieveRequest></retrieve>"
        )
        job = asked.findtext(".//{*}id")
        while True:
            found = self._soap(f"<checkRetrieveStatus><asyncProcessId>{job}</asyncProcessId></checkRetrieveStatus>")
            if found.findtext(".//{*}done") == "true":
                break
            time.sleep(0.05)
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(str(found.findtext(".//{*}zipFile"))))) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def _soap(self, body: str) -> ET.Element:
        envelope = (
            f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{NAMESPACE}"><e:Header>'
            f"<SessionHeader><sessionId>{self._twin.salesforce['access_token']}</sessionId></SessionHeader></e:Header>"
            f"<e:Body>{body}</e:Body></e:Envelope>"
        )
        headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
        url = f"{self._twin.http}/services/Soap/m/{VERSION}"
        answer = self._session.post(url, data=envelope.encode(), headers=headers, timeout=60)
        assert answer.ok, answer.text
        return ET.fromstring(answer.content)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        url = f"{self._twin.http}/services/data/v{VERSION}/{path}"
        answer = self._session.request(method, url, timeout=60, **more)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


def _types(members: Mapping[str, list[str]]) -> str:
    return "".join(
        f"<types>{''.join(f'<members>{name}</members>' for name in names)}<name>{kind}</name></types>"
        for kind, names in members.items()
    )


def _manifest(members: Mapping[str, list[str]]) -> str:
    return f'{HEAD}<Package xmlns="{NAMESPACE}">{_types(members)}<version>{VERSION}</version></Package>'
