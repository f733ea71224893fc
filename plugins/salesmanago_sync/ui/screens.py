"""Pages written from templates: every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.templating import Jinja2Templates

from salesmanago_sync.ui import words
from salesmanago_sync.ui.chart import sparkline

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
    for filter_ in (words.moment, words.span, words.number, words.signed, words.direction, sparkline):
        environment.filters[filter_.__name__] = filter_
    environment.globals["words"] = words
    return Jinja2Templates(env=environment)


def _menu(visitor: Visitor | None) -> dict[str, str]:
    sees = visitor is not None and visitor.may_see_people
    return {path: name for path, name in MENU.items() if sees or path not in PEOPLE}


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
    context: Mapping[str, Any] = {
        "root": root,
        "airflow": root.removesuffix("/salesmanago"),
        "visitor": visitor,
        "menu": {
            path: name for path, name in MENU.items() if path not in PEOPLE or (visitor and visitor.may_see_people)
        },
        "here": template.removesuffix(".html"),
        **values,
    }
    return _templates().TemplateResponse(request, template, dict(context), status_code=code)
