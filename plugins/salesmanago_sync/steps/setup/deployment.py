"""Deploy: Salesforce is asked first whether it would take the package, then it takes it, all or nothing."""

from __future__ import annotations

from salesmanago_sync.clients.salesforce_metadata import Deployment
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.ledger.layout_edits import LayoutEdit
from salesmanago_sync.steps.setup.comparing import bytes_of, layout_path, retrieve
from salesmanago_sync.steps.setup.layout_names import readable
from salesmanago_sync.steps.setup.ports import SetupPlan, SetupPorts, plan, scope


def check(ports: SetupPorts) -> int:
    """Ask Salesforce whether it would take the package; nothing is changed.

    Returns:
        How many components it would take; 0 when there is nothing to deploy.

    Raises:
        ConfigurationError: It would not; with every problem that it names.
    """
    decided = plan(ports)
    if decided.package.is_empty:
        return 0
    done = _sent(ports, decided, check_only=True)
    ports.tell(f"Salesforce would take the package: {done.components} components (check {done.id}).")
    return done.components


def deploy(ports: SetupPorts) -> dict[str, int]:
    """Deploy the package and keep what undoes it.

    Returns:
        How many components were taken, and how many of them changed.

    Raises:
        ConfigurationError: Salesforce took none of it; with every problem that it names.
    """
    found, decided = scope(ports), plan(ports)
    if ports.request.undo:
        return _undo(ports, found.org, decided)
    if decided.package.is_empty:
        return {"components": 0, "changed": 0}
    # Before the deployment: a worker that dies in between must not take the originals with it.
    ports.ledger.layout_edits.keep(found.org, ports.run, [_kept(edit) for edit in decided.edits], ports.now())
    names = tuple(edit["layout"] for edit in decided.edits)
    try:
        done = _sent(ports, decided, check_only=False)
    except ConfigurationError:
        ports.ledger.layout_edits.end(found.org, names, "failed", ports.run)
        raise
    present = retrieve(ports, {"Layout": names})
    for name in names:
        # Salesforce writes a layout anew: only what it gives back can be compared later.
        ports.ledger.layout_edits.note_deployed(found.org, name, present[layout_path(name)])
    return _told(ports, done)


def _undo(ports: SetupPorts, org: str, decided: SetupPlan) -> dict[str, int]:
    names = [edit["layout"] for edit in decided.edits]
    counts = {"components": 0, "changed": 0}
    if not decided.package.is_empty:
        counts = _told(ports, _sent(ports, decided, check_only=False))
    ports.ledger.layout_edits.end(org, [*names, *decided.settled], "undone")
    return counts


def _kept(edit: dict[str, object]) -> LayoutEdit:
    assignments = edit["assignments"]
    return LayoutEdit(
        layout=str(edit["layout"]),
        kind="edited" if edit["kind"] == "edited" else "made",
        original=bytes_of(edit, "original"),
        deployed=bytes_of(edit, "content"),
        assignments=tuple((str(a), str(b), str(c)) for a, b, c in assignments) if isinstance(assignments, list) else (),
    )


def _sent(ports: SetupPorts, decided: SetupPlan, *, check_only: bool) -> Deployment:
    metadata = ports.salesforce.metadata
    archive = decided.package.to_zip(metadata.version)
    done = metadata.deploy(archive, check_only=check_only, tests=decided.package.tests)
    if not done.ok:
        fix = "Nothing was changed. Correct it in Salesforce, then run the set-up again."
        faults = [Fault(readable(problem.component), problem.text, fix) for problem in done.problems]
        raise ConfigurationError(faults or [Fault(f"deployment {done.id}", "Salesforce gives no reason.", fix)])
    return done


def _told(ports: SetupPorts, done: Deployment) -> dict[str, int]:
    ports.tell(f"Deployed: {done.components} components, {done.changed} of them changed (deployment {done.id}).")
    return {"components": done.components, "changed": done.changed}
