"""Pages written from templates: every value is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.templating import Jinja2Templates

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.settings import load_settings
from salesmanago_sync.ui import words
from salesmanago_sync.ui.chart import sparkline
from salesmanago_sync.ui.help import HELP, address_of
from salesmanago_sync.ui.pairs import base_of, name_of, pair_of

if TYPE_CHECKING:
    from salesmanago_sync.ui.access import Visitor

FOLDER = Path(__file__).parent
MENU = {
    "": "Synchronization Information",
    "issues": "Issues",
    "plan": "Plan",
    "explain": "Explain",
    "certificate": "Certificate",
    "mappings": "Mapping settings",
    "doctor": "Doctor",
}
# Pages that show people, not counts.
PEOPLE = ("issues", "plan", "explain", "certificate")


@cache
def _templates() -> Jinja2Templates:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (words.moment, words.span, words.number, words.signed, words.named, words.direction, sparkline):
        environment.filters[filter_.__name__] = filter_
    environment.globals["words"] = words
    return Jinja2Templates(env=environment)


def _menu(visitor: Visitor | None) -> dict[str, str]:
    lacking = {
        *(PEOPLE if visitor is None or not visitor.may_see_people else ()),
        *(["doctor"] if visitor is None or not visitor.may_trigger["full"] else ()),
    }
    return {path: name for path, name in MENU.items() if path not in lacking}


def _speller(request: Request) -> Callable[[str], str]:
    """Give what puts the names of the pair into texts; of a pair that cannot be read they are not known."""
    try:
        return pair_of(request).spelled
    except (ConfigurationError, HTTPException):
        return str


def _helped(request: Request, page: str) -> dict[str, str]:
    """Give the help of a page; the address of the documentation where one is set and can be read."""
    if page not in HELP:
        return {}
    try:
        docs = load_settings(pair_of(request)).docs
    except (ConfigurationError, HTTPException):
        docs = None
    known = HELP[page]
    return {"words": known.words, "more": "" if docs is None else address_of(docs, known.more)}


def show(
    request: Request, template: str, visitor: Visitor | None = None, code: int = 200, **values: Any
) -> HTMLResponse:
    """Write a page.

    Args:
        request: What was asked.
        template: Its file.
        visitor: Who looks; None on an error page.
        code: HTTP status.
        **values: What the template shows.
    """
    # Relative to the server: Airflow may be served below a path, and behind a proxy that knows another host.
    root = str(request.scope.get("root_path", "")).rstrip("/")
    base = base_of(request)
    page = template.removesuffix(".html")
    context: Mapping[str, Any] = {
        "root": root,
        "base": base,
        "airflow": base.removesuffix("/salesmanago"),
        "pair_name": name_of(request),
        "spelled": _speller(request),
        "visitor": visitor,
        "menu": _menu(visitor),
        "here": page,
        "help": _helped(request, page),
        **values,
    }
    return _templates().TemplateResponse(request, template, dict(context), status_code=code)
