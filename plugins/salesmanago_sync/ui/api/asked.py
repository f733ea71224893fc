"""What several JSON routes take and say."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from salesmanago_sync.actions.rows import Asked


class Page(Asked):
    """Which part of a long list.

    Attributes:
        offset: How many rows to leave out.
        limit: How many rows at most.
    """

    offset: int = Field(0, ge=0, le=10**9)
    limit: int = Field(100, ge=1, le=1000)


def as_command(name: str) -> dict[str, Any]:
    """Say in the document which command does the same."""
    return {"x-command": f"airflow salesmanago {name}"}
