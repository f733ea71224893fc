"""Mapping workbench: a copy of a mapping file edited, checked, tried on a sample, and taken as a file or a diff.

The draft lives in the form: nothing of it is kept on the server. Only where a setting allows it, and for those who may,
it takes the place of the file in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, UploadFile, status
from starlette.responses import RedirectResponse, Response

from salesmanago_sync.domain.mapping_files.file import MOST_BYTES
from salesmanago_sync.errors import ConfigurationError, SyncError
from salesmanago_sync.hooks.audit import audit
from salesmanago_sync.hooks.mapping_file import replace_file
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.hooks.ports import account
from salesmanago_sync.hooks.staging import MemoryStaging
from salesmanago_sync.overview.drafts import (
    Present,
    difference,
    draft_with,
    faults_here,
    names_of,
    plain,
    read_choices,
    read_present,
    read_text,
)
from salesmanago_sync.overview.mappings import faults_of
from salesmanago_sync.overview.trials import MOST, SAMPLE, told_effects, try_draft
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.trial import Draft
from salesmanago_sync.ui.access import MAY_SEE_PEOPLE, Visitor, VisitorDep, may_set_watermark
from salesmanago_sync.ui.asking import asking_ports
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

router = APIRouter(prefix="/workbench", dependencies=[Depends(MAY_SEE_PEOPLE)])
FileName = Annotated[str, Query(max_length=120)]
# So many rows are read on a page; the command has all of them.
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds.

    Attributes:
        file: Name of the file.
        text: The draft.
        opened: Digest of the file when it was opened.
        sample: How many people of each object are tried.
    """

    file: str
    text: str
    opened: str
    sample: int


def typed(
    file: Annotated[str, Form(max_length=120)],
    text: Annotated[str, Form(max_length=MOST_BYTES)] = "",
    opened: Annotated[str, Form(max_length=64)] = "",
    sample: Annotated[int, Form(ge=1, le=MOST)] = SAMPLE,
) -> Typed:
    """Read the form."""
    return Typed(file, plain(text), opened, sample)


TypedDep = Annotated[Typed, Depends(typed)]


@router.get("")
def edit(request: Request, visitor: VisitorDep, pair: PairDep, file: FileName = "", saved: bool = False) -> Response:
    """Open a copy of a mapping file."""
    present = _present(pair, file)
    form = Typed(present.path.name, present.text, present.digest, SAMPLE)
    return _page(request, visitor, pair, form, saved=saved)


@router.post("", dependencies=[Depends(same_site)])
def work(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    form: TypedDep,
    do: Annotated[Literal["open", "check", "try", "file", "difference"], Form()],
    upload: UploadFile | None = None,
) -> Response:
    """Check or try the draft, give it away as a file or a diff, or put a file of one's own in its place."""
    present = _present(pair, form.file)
    if do == "open":
        return _uploaded(request, visitor, pair, form, upload)
    if do == "file":
        return _attached(present.path.name, "application/yaml", present.content(form.text))
    if do == "difference":
        return _attached(f"{present.path.name}.diff", "text/x-diff", difference(present, form.text).encode())
    return _examined(request, visitor, pair, form, present, do)


@router.post("/save", dependencies=[Depends(same_site), Depends(may_set_watermark)])
def save(request: Request, visitor: VisitorDep, pair: PairDep, form: TypedDep) -> Response:
    """Put the draft in the place of the file in use, if that has not changed and the draft has no fault."""
    if not settings_here(pair).may_edit_mappings:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "SALESMANAGO_SYNC_MAY_EDIT_MAPPINGS does not allow it.")
    present = _present(pair, form.file)
    with asking_ports(pair) as ports:
        found, trouble = faults_here(ports, draft_with(present, form.text))
    if found or trouble:
        return _page(request, visitor, pair, form, faults=found, trouble=trouble, refused="Nothing was saved.")
    try:
        replace_file(present.path, present.content(form.text), form.opened)
    except ConfigurationError as error:
        return _page(request, visitor, pair, form, refused=" ".join(map(str, error.faults)))
    audit(pair, "edit mapping", visitor.name, [present.path.name])
    target = f"{request.scope['root_path']}/workbench?{urlencode({'file': present.path.name, 'saved': 'true'})}"
    return RedirectResponse(target, status.HTTP_303_SEE_OTHER)


def _present(pair: Pair, name: str) -> Present:
    """Read the file that is edited; only those of the folder have a name here."""
    folder = settings_here(pair).mappings
    names = names_of(folder)
    if name and name not in names:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such mapping file.")
    return read_present(folder, name or names[0])


def _uploaded(request: Request, visitor: Visitor, pair: Pair, form: Typed, upload: UploadFile | None) -> Response:
    """Put the text of a file of one's own in the editor."""
    content = b"" if upload is None else upload.file.read(MOST_BYTES + 1)
    try:
        text = plain(read_text("The file", content))
    except ConfigurationError as error:
        return _page(request, visitor, pair, form, refused=" ".join(map(str, error.faults)))
    if not content or len(content) > MOST_BYTES:
        refused = "Choose a file first." if not content else f"The file has more than {MOST_BYTES // 1024} KiB."
        return _page(request, visitor, pair, form, refused=refused)
    return _page(request, visitor, pair, Typed(form.file, text, form.opened, form.sample))


def _examined(request: Request, visitor: Visitor, pair: Pair, form: Typed, present: Present, do: str) -> Response:
    draft = draft_with(present, form.text)
    with asking_ports(pair) as ports:
        told = _checked(ports, draft) if do == "check" else _tried(ports, draft, form.sample)
    return _page(request, visitor, pair, form, **told)


def _checked(ports: Ports, draft: Draft) -> dict[str, Any]:
    faults, trouble = faults_here(ports, draft)
    return {"faults": faults, "trouble": trouble, "checked": True}


def _tried(ports: Ports, draft: Draft, size: int) -> dict[str, Any]:
    try:
        tried = try_draft(ports, draft, size, partial(account, ports.pair), MemoryStaging)
    except SyncError as error:
        return {"faults": faults_of(draft.mappings), "trouble": str(error)}
    return {"faults": tried.faults, "tried": tried, "told": told_effects(tried)}


def _page(request: Request, visitor: Visitor, pair: Pair, form: Typed, **values: Any) -> Response:
    settings = settings_here(pair)
    with asking_ports(pair) as ports:
        choices = read_choices(ports, form.file, form.text)
        address = ports.ledger.runs.salesforce_address()
    told: dict[str, Any] = {
        "faults": (),
        "trouble": "",
        "checked": False,
        "tried": None,
        "told": [],
        "refused": "",
        "saved": False,
        "form": form,
        "files": names_of(settings.mappings),
        "folder": settings.mappings,
        "choices": choices,
        "salesforce": address,
        "may_save": settings.may_edit_mappings and visitor.may_set_watermark,
        "shown": SHOWN,
        "most": MOST,
    }
    return show(request, "workbench.html", visitor, **told | values)


def _attached(name: str, kind: str, content: bytes) -> Response:
    # Whoever named the file may have used any letters; a header takes few.
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)
