"""Which Apex tests a deployment runs, and what that says.

The twin reads test classes and counts their methods; it does not execute them. A class counts as covered when a test
class that runs names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Package
from twin.salesforce.metadata.problems import MetadataError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

LEVELS = (None, "NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg")
METHOD = re.compile(r"(?:@istest\s*(?:\([^)]*\))?\s*(?:private\s+|public\s+)?static|testmethod)\s+void\s+(\w+)", re.I)
TEST_CLASS = re.compile(r"@istest\b", re.I)
LEAST_COVERAGE = 75


@dataclass
class TestRun:
    """What a test run found.

    Attributes:
        methods: Class and method of every test that ran.
        faults: Class and sentence of what the run says against the deployment.
    """

    methods: list[tuple[str, str]] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        """Return the `runTestResult` of a deploy result."""
        successes = [
            {"id": None, "methodName": method, "name": name, "namespace": None, "seeAllData": None, "time": 1.0}
            for name, method in self.methods
        ]
        warnings = [{"id": None, "message": text, "name": name, "namespace": None} for name, text in self.faults]
        return {
            "apexLogId": None,
            "codeCoverage": [],
            "codeCoverageWarnings": warnings,
            "failures": [],
            "flowCoverage": [],
            "flowCoverageWarnings": [],
            "numFailures": 0,
            "numTestsRun": len(self.methods),
            "successes": successes,
            "totalTime": float(len(self.methods)),
        }


def is_production(org: Org) -> bool:
    """Tell whether the org is neither a sandbox nor a developer's own."""
    return not org.settings.get("is_sandbox") and org.edition != "Developer Edition"


def check_level(org: Org, package: Package, options: dict[str, Any]) -> None:
    """Refuse a level that does not exist or that production does not take for Apex.

    Raises:
        MetadataError: It is one of them.
    """
    level, named = options["testLevel"], options["runTests"] or []
    if level not in LEVELS:
        raise MetadataError("INVALID_OPERATION", f"'{level}' is not a valid value for the enum 'TestLevel'")
    if level == "RunSpecifiedTests" and not named:
        raise MetadataError("INVALID_OPERATION", "runTests must not be empty with testLevel of RunSpecifiedTests")
    if named and level != "RunSpecifiedTests":
        raise MetadataError("INVALID_OPERATION", "runTests can be used only with a testLevel of RunSpecifiedTests")
    if level == "NoTestRun" and is_production(org) and _classes(package):
        raise MetadataError("INVALID_OPERATION", "testLevel of NoTestRun cannot be used in production organizations")


def run_tests(org: Org, package: Package, options: dict[str, Any]) -> TestRun:
    """Run the tests that the level asks for, once everything is deployed."""
    level, changed = options["testLevel"], _classes(package)
    if level == "NoTestRun" or (level is None and not (changed and is_production(org))):
        return TestRun()
    sources = {one.name: one.content.decode() for one in Components(org).all("ApexClass")}
    tests = {name: text for name, text in sources.items() if TEST_CLASS.search(text)}
    run = TestRun()
    named = {one.lower() for one in options["runTests"] or []} if level == "RunSpecifiedTests" else None
    chosen = {name: text for name, text in tests.items() if named is None or name.lower() in named}
    missing = (named or set()) - {name.lower() for name in chosen}
    run.faults += [(name, f"Apex class named {name} not found or is no test class") for name in sorted(missing)]
    run.methods = [(name, method) for name, text in chosen.items() for method in METHOD.findall(text)]
    if is_production(org) or level == "RunSpecifiedTests":
        run.faults += _uncovered([name for name in changed if name not in tests], chosen.values())
    return run


def _uncovered(changed: Iterable[str], tests: Iterable[str]) -> list[tuple[str, str]]:
    texts = list(tests)
    return [
        (name, f"Test coverage of selected Apex Class is 0%, at least {LEAST_COVERAGE}% test coverage is required")
        for name in changed
        if not any(re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE) for text in texts)
    ]


def _classes(package: Package) -> list[str]:
    return [path.removeprefix("classes/").removesuffix(".cls") for path in package.files if path.endswith(".cls")]
