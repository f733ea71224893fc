"""What the readers share: what is asked of them, and what they say of it. Nothing of this project is imported here."""

from __future__ import annotations

import json
import resource
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


@dataclass(frozen=True)
class Query:
    """Fields of an object."""

    sobject: str
    fields: tuple[str, ...]

    def as_soql(self) -> str:
        """Write it down."""
        return f"SELECT {', '.join(self.fields)} FROM {self.sobject}"  # noqa: S608 - our own benchmark asks it


def asked(arguments: Sequence[str]) -> tuple[Query, str, str, Path]:
    """Read the command line: object, fields with commas, address of the server, token, folder for files."""
    sobject, fields, url, token, folder = arguments[1:]
    return Query(sobject, tuple(fields.split(","))), url, token, Path(folder)


def session() -> requests.Session:
    """Make a session that takes the certificate of the local server as it is."""
    warnings.simplefilter("ignore")
    made = requests.Session()
    made.verify, made.trust_env = False, False
    return made


def measured(read: Callable[[], int]) -> None:
    """Read, and print how many records came and how many seconds of CPU that took, imports excepted."""
    before, out = _seconds(), sys.stdout
    count = read()
    out.write(json.dumps({"records": count, "seconds": _seconds() - before}) + "\n")


def _seconds() -> float:
    found = [resource.getrusage(whose) for whose in WHOSE]
    return sum(one.ru_utime + one.ru_stime for one in found)
