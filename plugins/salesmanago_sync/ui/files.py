"""The few files that the pages need: style, scripts and icons."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, status
from starlette.responses import FileResponse

from salesmanago_sync.ui.screens import FOLDER

router = APIRouter()
FILES = {
    "pages.css": "text/css",
    "theme.js": "text/javascript",
    "pages.js": "text/javascript",
    "workbench.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "icon-dark.svg": "image/svg+xml",
}


@router.get("/static/{name}")
def static(name: str) -> FileResponse:
    """Send one of the files."""
    if name not in FILES:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such file.")
    return FileResponse(FOLDER / "static" / name, media_type=FILES[name])
