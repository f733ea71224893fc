"""The Metadata API of Salesforce: list, retrieve, deploy."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile

from salesmanago_sync.clients.http import Replay
from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.clients.salesforce_jobs import Waiting
from salesmanago_sync.clients.salesforce_soap import local, text
from salesmanago_sync.clients.salesforce_wire import SalesforceWire
from salesmanago_sync.clients.shapes import an_object, readable_id
from salesmanago_sync.errors import FatalError, RetriableError

# Salesforce works off one deployment at a time; an org's own may run for long before ours.
LONGEST_SECONDS = 1800
LONGEST_PAUSE = 10
# Salesforce takes packages of 10,000 files and 400 MB unpacked (Metadata API Developer Guide, limits).
MOST_FILES = 10_000
LARGEST_UNPACKED = 400_000_000
# What a damaged or encrypted zip, or damaged base64, raises.
_DAMAGED = (BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError, OverflowError, zlib.error)


@dataclass(frozen=True, slots=True)
class Component:
    """One component of an org.

    Attributes:
        kind: Metadata type.
        name: Full name, with special characters as %XX.
        namespace: The managed package that it belongs to; empty for the org's own.
    """

    kind: str
    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why Salesforce would not deploy a component.

    Attributes:
        component: Metadata type and name, or the test that failed.
        text: Salesforce's words.
    """

    component: str
    text: str

    def __str__(self) -> str:
        return f"{self.component}: {self.text}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What became of a deployment.

    Attributes:
        id: Its id, which Setup → Deployment Status shows.
        ok: Whether all of it was taken; otherwise none of it was.
        problems: Why not.
        components: How many components were taken.
        changed: How many of them are new or different now.
    """

    id: str
    ok: bool
    problems: tuple[Problem, ...]
    components: int
    changed: int


class Metadata:
    """A client of one org's Metadata API.

    Args:
        wire: Sends the requests.
        sleep: How to wait between two looks at a job.
    """

    def __init__(self, wire: SalesforceWire, sleep: Callable[[float], None]) -> None:
        self._wire = wire
        self._waiting = Waiting(sleep, LONGEST_SECONDS, LONGEST_PAUSE, "See Setup → Deployment Status.")

    @property
    def version(self) -> str:
        """API version of the connection, as `66.0`."""
        return self._wire.version()

    def list(self, kind: str) -> list[Component]:
        """List the components of a metadata type."""
        answer = self._call("listMetadata", {"queries": {"type": kind}, "asOfVersion": self.version})
        found = [child for child in answer if local(child) == "result"]
        return [Component(kind, text(item, "fullName"), text(item, "namespacePrefix")) for item in found]

    def retrieve(self, members: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
        """Read components as files.

        Args:
            members: Full names by metadata type.

        Returns:
            Contents by path, as `layouts/Lead-Lead Layout.layout`; unknown names do not come.
        """
        types = [{"members": list(names), "name": kind} for kind, names in members.items() if names]
        if not types:
            return {}
        version = self.version
        request = {"apiVersion": version, "singlePackage": True, "unpackaged": {"types": types, "version": version}}
        job = text(self._result("retrieve", {"retrieveRequest": request}), "id")
        done = self._waiting.until(
            lambda found: text(found, "done") == "true", lambda: self._retrieved(job), "retrieve"
        )
        if text(done, "success") == "false":
            raise FatalError(f"Salesforce retrieve failed: {mask(text(done, 'errorMessage'))}")
        return _unzipped(text(done, "zipFile"))

    def deploy(self, archive: bytes, *, check_only: bool, tests: Sequence[str] = ()) -> Deployment:
        """Deploy a package, all or nothing.

        Args:
            archive: The zip.
            check_only: Only ask whether it would be taken.
            tests: Apex tests to run; production asks for them when there are classes in the package.

        Returns:
            What became of it.
        """
        options: dict[str, Any] = {
            "allowMissingFiles": False,
            "autoUpdatePackage": False,
            "checkOnly": check_only,
            "ignoreWarnings": True,
            "performRetrieve": False,
            "purgeOnDelete": False,
            "rollbackOnError": True,
            "singlePackage": True,
        }
        # Production refuses NoTestRun, even of layouts alone; its default runs no tests where there are no classes.
        if tests:
            options |= {"testLevel": "RunSpecifiedTests", "runTests": list(tests)}
        files = {
            "json": (None, json.dumps({"deployOptions": options}), "application/json"),
            "file": ("package.zip", archive, "application/zip"),
        }
        # The same package twice leaves the org as once.
        answer = self._wire.request("POST", "metadata/deployRequest", replay=Replay.REPEATABLE, files=files)
        job = readable_id(an_object(answer.body, "Salesforce POST metadata/deployRequest").get("id"))
        if job is None:
            raise RetriableError("Salesforce POST metadata/deployRequest: the answer names no job.")
        done = self._waiting.until(lambda found: found.get("done") is True, lambda: self._deployed(job), "deploy")
        return _deployment(job, done)

    def _retrieved(self, job: str) -> ET.Element:
        return self._result("checkRetrieveStatus", {"asyncProcessId": job, "includeZip": True})

    def _result(self, call: str, arguments: Mapping[str, Any]) -> ET.Element:
        found = [child for child in self._call(call, arguments) if local(child) == "result"]
        if len(found) != 1:
            raise RetriableError(f"Salesforce {call}: the answer has {len(found)} results.")
        return found[0]

    def _deployed(self, job: str) -> dict[str, Any]:
        answer = self._wire.request("GET", f"metadata/deployRequest/{job}", params={"includeDetails": "true"})
        where = "Salesforce GET metadata/deployRequest"
        return an_object(an_object(answer.body, where).get("deployResult"), where)

    def _call(self, call: str, arguments: Mapping[str, Any]) -> ET.Element:
        return self._wire.soap(call, arguments)


def _unzipped(encoded: str) -> dict[str, bytes]:
    try:
        with ZipFile(BytesIO(base64.b64decode(encoded))) as archive:
            return _files(archive)
    except _DAMAGED:
        raise RetriableError("Salesforce retrieve: the answer is no zip.") from None


def _files(archive: ZipFile) -> dict[str, bytes]:
    """Read the files of a zip.

    Raises:
        FatalError: They unpack to more than any package of Salesforce holds.
    """
    files: dict[str, bytes] = {}
    left = LARGEST_UNPACKED
    for name in archive.namelist()[: MOST_FILES + 1]:
        if name.endswith("/"):
            continue
        with archive.open(name) as packed:
            content = packed.read(left + 1)  # what the zip says of its sizes need not be so
        left -= len(content)
        # The folder of a package without a name comes first in some answers.
        files[name.removeprefix("unpackaged/")] = content
        if left < 0 or len(files) > MOST_FILES:
            raise FatalError("Salesforce retrieve: the files unpack to more than any package may hold.")
    return files


def _deployment(job: str, result: Mapping[str, Any]) -> Deployment:
    details = _part(result, "details")
    successes = [row for row in _rows(details.get("componentSuccesses")) if row.get("fullName") != "package.xml"]
    return Deployment(
        id=job,
        ok=result.get("success") is True,
        problems=tuple(_problems(result, details)),
        components=len(successes),
        changed=sum(bool(row.get("created") or row.get("changed") or row.get("deleted")) for row in successes),
    )


def _problems(result: Mapping[str, Any], details: Mapping[str, Any]) -> list[Problem]:
    found = [
        Problem(f"{row.get('componentType') or 'package'} {row.get('fullName')}", mask(row.get("problem")))
        for row in _rows(details.get("componentFailures"))
    ]
    tests = _part(details, "runTestResult")
    found += [
        Problem(f"Apex test {row.get('name')}.{row.get('methodName')}", mask(row.get("message")))
        for row in _rows(tests.get("failures"))
    ]
    found += [
        Problem(f"Apex coverage {row.get('name') or ''}".rstrip(), mask(row.get("message")))
        for row in _rows(tests.get("codeCoverageWarnings"))
    ]
    if not found and result.get("errorMessage"):
        found.append(Problem("package", mask(result["errorMessage"])))
    return found


def _rows(value: Any) -> list[Mapping[str, Any]]:
    """Read a list that Salesforce may give as one object or as null."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, Mapping)]


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = value.get(key)
    return part if isinstance(part, Mapping) else {}
