"""Which Apex tests a deployment runs, and what they find.

Tests are really run; lines are not counted: a class counts as covered when a test class that runs names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.salesforce.apex.classes import run_test
from twin.salesforce.apex.syntax import CompileError, parse
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Package
from twin.salesforce.metadata.problems import MetadataError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

LEVELS = (None, "NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg")
LEAST_COVERAGE = 75


@dataclass
class TestRun:
    """What a test run found.

    Attributes:
        methods: Class and method of every test that passed.
        failures: Class, method and message of every test that did not.
        uncovered: Class and sentence of what else the run says against the deployment.
    """

    methods: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    uncovered: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many tests ran."""
        return len(self.methods) + len(self.failures)

    @property
    def good(self) -> bool:
        """Whether nothing speaks against the deployment."""
        return not self.failures and not self.uncovered

    def result(self) -> dict[str, Any]:
        """Return the `runTestResult` of a deploy result."""
        successes = [
            {"id": None, "methodName": method, "name": name, "namespace": None, "seeAllData": None, "time": 1.0}
            for name, method in self.methods
        ]
        warnings = [{"id": None, "message": text, "name": name, "namespace": None} for name, text in self.uncovered]
        failures = [
            {"id": None, "message": text, "methodName": method, "name": name, "namespace": None, "packageName": name}
            | {"seeAllData": False, "stackTrace": f"Class.{name}.{method}", "time": 1.0, "type": "Class"}
            for name, method, text in self.failures
        ]
        return {
            "apexLogId": None,
            "codeCoverage": [],
            "codeCoverageWarnings": warnings,
            "failures": failures,
            "flowCoverage": [],
            "flowCoverageWarnings": [],
            "numFailures": len(failures),
            "numTestsRun": self.total,
            "successes": successes,
            "totalTime": float(self.total),
        }


def is_production(org: Org) -> bool:
    """Tell whether the org is neither a sandbox nor a developer's own."""
    return not org.settings.get("is_sandbox") and org.edition != "Developer Edition"


def check_level(org: Org, options: dict[str, Any]) -> None:
    """Refuse a level that does not exist or that production does not take.

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
    # Whatever the package holds: the documentation keeps this level for development environments.
    if level == "NoTestRun" and is_production(org):
        raise MetadataError("INVALID_OPERATION", "testLevel of NoTestRun cannot be used in production organizations")


def is_test(source: str) -> bool:
    """Tell whether a class holds tests; one that cannot be read holds none."""
    try:
        return parse(source).test
    except CompileError:
        return False


def run_tests(org: Org, user: str, package: Package, options: dict[str, Any]) -> TestRun:
    """Run the tests that the level asks for, once everything is deployed."""
    level, changed = options["testLevel"], _classes(package)
    if level == "NoTestRun" or (level is None and not (changed and is_production(org))):
        return TestRun()
    sources = {one.name: one.content.decode() for one in Components(org).all("ApexClass")}
    tests = {name: text for name, text in sources.items() if is_test(text)}
    named = {one.lower() for one in options["runTests"] or []} if level == "RunSpecifiedTests" else None
    chosen = {name: text for name, text in tests.items() if named is None or name.lower() in named}
    run = TestRun()
    missing = (named or set()) - {name.lower() for name in chosen}
    run.uncovered += [(name, f"Apex class named {name} not found or is no test class") for name in sorted(missing)]
    for name, text in chosen.items():
        _run_class(org, user, name, text, run)
    if is_production(org) or level == "RunSpecifiedTests":
        run.uncovered += _uncovered([name for name in changed if name not in tests], chosen.values())
    return run


def _run_class(org: Org, user: str, name: str, source: str, run: TestRun) -> None:
    for method in parse(source).every():
        if method.test:
            message = run_test(org, user, name, method.name)
            if message is None:
                run.methods.append((name, method.name))
            else:
                run.failures.append((name, method.name, message))


def _uncovered(changed: Iterable[str], tests: Iterable[str]) -> list[tuple[str, str]]:
    texts = list(tests)
    return [
        (name, f"Test coverage of selected Apex Class is 0%, at least {LEAST_COVERAGE}% test coverage is required")
        for name in changed
        if not any(re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE) for text in texts)
    ]


def _classes(package: Package) -> list[str]:
    return [path.removeprefix("classes/").removesuffix(".cls") for path in package.files if path.endswith(".cls")]
