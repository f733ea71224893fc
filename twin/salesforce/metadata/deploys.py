"""Deployments: components applied in the order they depend on each other, all or nothing, and what is told of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.salesforce.metadata import apex_files, fields, layouts, objects, permissions, profiles, removals, sites
from twin.salesforce.metadata.apex_tests import TestRun, check_level, is_test, run_tests
from twin.salesforce.metadata.components import KINDS, Components
from twin.salesforce.metadata.package import (
    AFTER,
    BEFORE,
    MANIFEST,
    Component,
    Failure,
    Package,
    components,
    deleted,
    open_package,
)
from twin.salesforce.metadata.permitted import check_access
from twin.salesforce.metadata.problems import MetadataError, RefusedError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

Json = dict[str, Any]
APPLY: Mapping[str, Callable[[Org, Component], None]] = {
    "CustomObject": objects.apply,
    "CustomField": fields.apply,
    "ApexClass": apex_files.apply_class,
    "ApexPage": apex_files.apply_page,
    "CspTrustedSite": sites.apply,
    "RemoteSiteSetting": sites.apply,
    "Layout": layouts.apply,
    "PermissionSet": permissions.apply,
    "Profile": profiles.apply,
}
ORDER = list(KINDS)
OPTIONS: Json = {
    "allowMissingFiles": False,
    "autoUpdatePackage": False,
    "checkOnly": False,
    "ignoreWarnings": False,
    "performRetrieve": False,
    "purgeOnDelete": False,
    "rollbackOnError": False,
    "runTests": None,
    "singlePackage": False,
    "testLevel": None,
}


class _UndoneError(Exception):
    """Takes back what a deployment did; never leaves this module."""


@dataclass
class _Outcome:
    """What happened to the components."""

    successes: list[Json] = field(default_factory=list)
    failures: list[Json] = field(default_factory=list)
    tests: TestRun = field(default_factory=TestRun)

    @property
    def good(self) -> bool:
        return not self.failures and self.tests.good


def deploy(org: Org, user: str, content: bytes, given: Mapping[str, Any]) -> str:
    """Deploy a zip and return the id of the deployment, whose result is there at once.

    Raises:
        MetadataError: The user may not, or the call makes no sense.
    """
    check_access(org)
    options = OPTIONS | {name: value for name, value in given.items() if name in OPTIONS}
    if not content:
        raise MetadataError("INVALID_OPERATION", "No zip file content passed in")
    check_level(org, options)
    identifier = org.next_id("0Af")
    outcome = _Outcome()
    try:
        with org.state.transaction():
            _run(org, user, content, options, outcome)
            if options["checkOnly"] or (options["rollbackOnError"] and not outcome.good):
                raise _UndoneError
    except _UndoneError:
        pass
    result = _result(org, user, identifier, options, outcome)
    stored = json.dumps({"deployResult": result, "deployOptions": options})
    org.db.execute("INSERT INTO sf_process VALUES (?, ?, NULL)", (identifier, stored))
    return identifier


def find(org: Org, identifier: str) -> Json:
    """Return result and options of a deployment.

    Raises:
        MetadataError: There is none of that id.
    """
    row = org.db.execute("SELECT result FROM sf_process WHERE id LIKE ? || '%'", (identifier[:15],)).fetchone()
    if row is None or not identifier.startswith("0Af"):
        raise MetadataError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    found: Json = json.loads(row["result"])
    return found


def unfinished(found: Json, status: str) -> Json:
    """Return a result as it was before the deployment had ended."""
    early = {"status": status, "done": False, "success": False, "completedDate": None}
    counts = {"numberComponentsDeployed": 0, "numberComponentErrors": 0}
    return found | early | counts | {"details": None}


def _run(org: Org, user: str, content: bytes, options: Json, outcome: _Outcome) -> None:
    also = frozenset(org.settings.get("known_elements") or ())
    try:
        package = open_package(content, single=bool(options["singlePackage"]), also=also)
    except RefusedError as refused:
        outcome.failures += [_failed(org, Failure(one, MANIFEST)) for one in refused.problems]
        return
    outcome.successes.append(_message(org, "", MANIFEST, MANIFEST, success=True, changed=True))
    _delete(org, package, BEFORE, outcome)
    for one in sorted(components(package), key=_place):
        if isinstance(one, Failure):
            outcome.failures.append(_failed(org, one))
        else:
            _apply(org, one, outcome)
    _delete(org, package, AFTER, outcome)
    if not outcome.failures:
        outcome.tests = run_tests(org, user, package, options)


def _delete(org: Org, package: Package, files: Sequence[str], outcome: _Outcome) -> None:
    try:
        doomed = deleted(package, files)
    except RefusedError as refused:
        outcome.failures += [_failed(org, Failure(one, files[0], files[0])) for one in refused.problems]
        return
    for file, kind, name in doomed:
        known = Components(org).find(kind, name)
        message = _message(org, kind, name, file, success=True, gone=known is not None)
        if known is None:
            message |= {"problem": f"No {kind} named: {name} found", "problemType": "Warning"}
        try:
            with org.state.transaction():
                removals.remove(org, kind, name)
        except RefusedError as refused:
            outcome.failures += [_failed(org, Failure(one, name, file, kind)) for one in refused.problems]
            continue
        outcome.successes.append(message)


def _place(one: Component | Failure) -> tuple[int, bool]:
    if isinstance(one, Failure):
        return -1, False
    # Test classes name the others.
    return ORDER.index(one.kind.name), one.kind.name == "ApexClass" and is_test(one.content.decode())


def _apply(org: Org, one: Component, outcome: _Outcome) -> None:
    kind, before = one.kind.name, Components(org).find(one.kind.name, one.name)
    try:
        with org.state.transaction():
            APPLY[kind](org, one)
    except RefusedError as refused:
        outcome.failures += [_failed(org, Failure(problem, one.name, one.file, kind)) for problem in refused.problems]
        return
    after = Components(org).find(kind, one.name)
    message = _message(org, kind, one.name, one.file, success=True, created=before is None)
    message["id"] = after.id if after else None
    message["changed"] = before is None or after is None or before.content != after.content or before.meta != after.meta
    outcome.successes.append(message)


def _failed(org: Org, failure: Failure) -> Json:
    message = _message(org, failure.kind, failure.name, failure.file, success=False)
    problem = {"problem": failure.problem.text, "problemType": "Error"}
    place = {"lineNumber": failure.problem.line, "columnNumber": failure.problem.column}
    return message | problem | place


def _message(
    org: Org,
    kind: str,
    name: str,
    file: str,
    *,
    success: bool,
    created: bool = False,
    changed: bool = False,
    gone: bool = False,
) -> Json:
    return {
        "changed": changed,
        "columnNumber": None,
        "componentType": kind,
        "created": created,
        "createdDate": org.now(),
        "deleted": gone,
        "fileName": file,
        "fullName": name,
        "id": None,
        "lineNumber": None,
        "problem": None,
        "problemType": None,
        "success": success,
    }


def _result(org: Org, user: str, identifier: str, options: Json, outcome: _Outcome) -> Json:
    now = org.now()
    deployed = [one for one in outcome.successes if one["fullName"] != MANIFEST]
    failed = {(one["componentType"], one["fullName"]) for one in outcome.failures if one["fullName"] != MANIFEST}
    partial = "Failed" if options["rollbackOnError"] or not deployed or not outcome.tests.good else "SucceededPartial"
    status = "Succeeded" if outcome.good else partial
    details = {
        "componentFailures": outcome.failures,
        "componentSuccesses": outcome.successes,
        "retrieveResult": None,
        "runTestResult": outcome.tests.result(),
    }
    return {
        "checkOnly": bool(options["checkOnly"]),
        "completedDate": now,
        "createdBy": user,
        "createdByName": "Integration",
        "createdDate": now,
        "details": details,
        "done": True,
        "errorMessage": None,
        "errorStatusCode": None,
        "id": identifier,
        "ignoreWarnings": bool(options["ignoreWarnings"]),
        "lastModifiedDate": now,
        "numberComponentErrors": len(failed),
        "numberComponentsDeployed": len(deployed),
        "numberComponentsTotal": len(deployed) + len(failed),
        "numberTestErrors": len(outcome.tests.failures),
        "numberTestsCompleted": len(outcome.tests.methods),
        "numberTestsTotal": outcome.tests.total,
        "rollbackOnError": bool(options["rollbackOnError"]),
        "runTestsEnabled": bool(outcome.tests.total),
        "startDate": now,
        "status": status,
        "success": status != "Failed",
    }
