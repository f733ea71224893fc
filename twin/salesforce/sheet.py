"""CSV as Bulk 2.0 reads and writes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class WrongEndingError(Exception):
    """The lines of an upload do not end as the job says."""


def write(rows: Sequence[Sequence[str]], job: Mapping[str, Any]) -> bytes:
    """Return rows as CSV in which every value is quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=DELIMITERS[job["columnDelimiter"]],
        lineterminator=ENDINGS[job["lineEnding"]],
        quoting=csv.QUOTE_ALL,
    )
    writer.writerows(rows)
    return text.getvalue().encode()


def read(content: bytes, job: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of an upload, its header first."""
    text = content.decode("utf-8-sig")
    first = text.split("\n", 1)[0]
    if "\n" in text and first.endswith("\r") != (job["lineEnding"] == "CRLF"):
        raise WrongEndingError
    delimiter = DELIMITERS[job["columnDelimiter"]]
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
