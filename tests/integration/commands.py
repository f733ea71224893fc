"""`airflow salesmanago …` as a person runs it: a process of its own, or quicker in this one."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 240


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered.

    Attributes:
        code: Its exit code.
        out: Standard output.
        err: Standard error.
    """

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of `--output json`."""
        rows: list[dict[str, Any]] = json.loads(self.out)
        return rows


def process(*words: str) -> Answer:
    """Run `airflow salesmanago` with these words as a process."""
    command = [str(Path(sys.executable).parent / "airflow"), "salesmanago", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


def here(*words: str, input: str = "") -> Answer:
    """Run `airflow salesmanago` with these words in this process: the same parser and command, without its start."""
    from airflow.cli.cli_parser import get_parser

    out, err = io.StringIO(), io.StringIO()
    code, typed = 0, sys.stdin
    sys.stdin = io.StringIO(input)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            args = get_parser().parse_args(["salesmanago", *words])
            args.func(args)
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            sys.stdin = typed
    return Answer(code, out.getvalue(), err.getvalue())
