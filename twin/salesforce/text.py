"""How the store keeps and compares values: columns, and text without case."""

from __future__ import annotations

import sqlite3
from typing import Any

from twin.salesforce.schema import Field

COLUMN_TYPES = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}


def fold(text: Any) -> Any:
    """Return text as comparisons see it: without case. Other values stay."""
    return text.lower() if isinstance(text, str) else text


def rank(text: Any) -> Any:
    """Return text as ORDER BY sees it: upper case, by code point."""
    return text.upper() if isinstance(text, str) else text


def prepare(db: sqlite3.Connection) -> None:
    """Teach the connection how Salesforce compares text."""
    db.create_function("sf_fold", 1, fold, deterministic=True)
    db.create_function("sf_rank", 1, rank, deterministic=True)


def column(field: Field) -> str:
    """Return the definition of a field's column."""
    kind = COLUMN_TYPES.get(field.type, "TEXT")
    rules = " PRIMARY KEY" if field.name == "Id" else " NOT NULL DEFAULT 0" if field.type == "boolean" else ""
    return f'"{field.name}" {kind}{rules}'
