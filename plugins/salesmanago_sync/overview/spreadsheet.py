"""Spreadsheet: lines of a CSV file that no spreadsheet mistakes for formulas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from salesmanago_sync.visible import visible

# A spreadsheet runs a cell that begins with one of these.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(kind: type[Any], rows: Iterable[Any]) -> Iterator[str]:
    """Write the head and the rows of a file.

    Args:
        kind: The dataclass of the rows; its fields are the columns.
        rows: The rows.
    """
    names = [one.name for one in fields(kind)]
    yield _line(names)
    for row in rows:
        yield _line([_cell(getattr(row, name)) for name in names])


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    shown = visible(text)
    return f"'{shown}" if text.startswith(FORMULA) else shown


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
