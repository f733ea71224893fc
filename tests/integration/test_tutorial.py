"""The tutorial keeps its word: its mapping line, its commands and the answers that it shows, read from the page itself.

Shell lines run in a shell against the twin. The runs that `airflow salesmanago sync` and `plan` start in the demo's
Airflow are walked, and what commands show they show in this process.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import yaml

from tests.integration.commands import here
from tests.integration.sync import Sync
from tests.twin_server import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What only a person at the demo does.
AROUND = ("make demo", ". .demo/airflow.env", "export PATH=", "git restore")


@dataclass
class Reader:
    """Somebody who follows the page.

    Attributes:
        shell: The shell's variables.
        seen: What the last command answered.
    """

    sync: Sync
    shell: dict[str, str] = field(default_factory=dict)
    seen: str = ""

    def follow(self, kind: str, text: str) -> None:
        """Do what a block says, or compare what was seen with it."""
        if kind == "yaml":
            self.sync.map("lead", *yaml.safe_load(text))
        elif kind == "text":
            assert missing(text, self.seen) == [], self.seen
        else:
            assert kind == "sh"
            for line in commands(text):
                self.type(line)

    def type(self, line: str) -> None:
        """Run one line."""
        if line.startswith(AROUND):
            return
        words = shlex.split(line)
        if words[:2] != ["airflow", "salesmanago"]:
            # What changes in the second of a write is taken for what the service made of it; a person is slower.
            self.sync.later(5)
            self.seen = self._run(line)
        elif words[2] == "sync":
            self._walk(words)
        elif words[2] == "plan":
            self._walk(words, dry_run=True)
            self.seen = answer("plan", "--run", "last")
        else:
            self.seen = answer(*words[2:])

    def _run(self, line: str) -> str:
        """Run a line in a shell that keeps its variables from line to line."""
        script = f"set -a -o pipefail\n{line} || exit\nenv -0 >&3"
        reading, writing = os.pipe()
        with os.fdopen(reading) as told:
            done = subprocess.run(
                ["bash", "-c", f"exec 3>&{writing}\n{script}"],
                env={"PATH": os.environ["PATH"], "NO_PROXY": "*", "TWIN": self.sync.twin.control.url, **self.shell},
                pass_fds=[writing],
                capture_output=True,
                text=True,
                check=False,
            )
            os.close(writing)
            variables = told.read()
        assert done.returncode == 0, f"{line}: {done.returncode} {done.stderr}"
        self.shell = dict(each.split("=", 1) for each in variables.split("\0") if re.match(r"(LEAD|CONTACT)=", each))
        return done.stdout

    def _walk(self, words: list[str], **params: bool) -> None:
        """Run the DAG that a command starts."""
        emails = [words[at + 1] for at, word in enumerate(words) if word == "--email"]
        done = self.sync.full() if "--full" in words else self.sync.incremental(emails=emails, **params)
        assert done.green, done.log


def commands(text: str) -> Iterator[str]:
    """The commands of a block; one goes on while a quotation is open."""
    waiting = ""
    for line in text.splitlines():
        waiting += line
        if waiting.count("'") % 2 == 0:
            yield waiting
            waiting = ""
        else:
            waiting += "\n"
    assert waiting == ""


def answer(*words: str) -> str:
    answer = here(*words)
    assert answer.code == 0, answer.err
    return answer.out


def missing(wanted: str, seen: str) -> list[str]:
    """The lines that the page shows and nobody saw; `…` stands for anything, and widths of columns do not count."""
    plain = "\n".join(" ".join(line.split()) for line in seen.splitlines())
    return [line for line in wanted.splitlines() if not re.search(pattern(line), plain)]


def pattern(line: str) -> str:
    return ".*".join(re.escape(" ".join(part.split())) for part in line.split("…"))


def blocks() -> Iterator[tuple[str, str]]:
    return ((kind, text) for kind, text in BLOCK.findall(PAGE))


@pytest.fixture
def reader(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # commands read connections as Airflow's own do
    for name in ("contact", "person_account", "lead"):
        sync.map(name)
    sync.full()
    return Reader(sync)


def test_whoever_follows_the_tutorial_sees_what_it_shows(reader: Reader) -> None:
    kinds = [kind for kind, _ in blocks()]
    assert kinds.count("yaml") == 1
    assert kinds.count("text") >= 6
    for kind, text in blocks():
        reader.follow(kind, text)
    [lead] = reader.sync.records("Lead")
    assert lead["Loyalty_Level__c"] == "Silver"


def test_an_answer_that_differs_is_seen() -> None:
    assert missing("a | b |\n1 … 3", "a  |    b |\n0 1 2 3") == []
    assert missing("Gold\nSilver", "Gold") == ["Silver"]
