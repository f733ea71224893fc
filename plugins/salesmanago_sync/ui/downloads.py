"""Downloads: files that a page makes line by line."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import StreamingResponse


def download(name: str, lines: Iterable[str]) -> StreamingResponse:
    """Send the lines of a CSV file."""
    # A mark of byte order, or Excel reads the names in another alphabet.
    marked = (f"\ufeff{line}" if number == 0 else line for number, line in enumerate(lines))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(marked, media_type="text/csv; charset=utf-8", headers=headers)
