"""What stands for a container: a program with the environment, the folders and the command of its service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from demo.airflow_process import clean_environment
from demo.child_process import KILL_SECONDS, ChildProcess, session_members
from tests.cluster.addresses import Addresses
from tests.compose import ROOT, Service

HOME = "/opt/airflow"
HOSTNAME = Path(__file__).parent / "hostname"
CHECK_SECONDS = 120.0


@dataclass(frozen=True)
class Machine:
    """What all containers share.

    Attributes:
        folder: Where everything is written.
        interpreter: The folder of an environment that has what Airflow's image has.
        addresses: Where services listen.
    """

    folder: Path
    interpreter: Path
    addresses: Addresses


class Container:
    """One container of a service.

    Args:
        machine: Where it runs.
        service: What it runs.
        hostname: Its name, which is also that of its folder and its log.
        more: Environment that stands for what a machine of its own would give: the ports it listens at.
        tools: Folders of programs that come before those of this machine.
    """

    def __init__(
        self,
        machine: Machine,
        service: Service,
        hostname: str,
        more: Mapping[str, str] | None = None,
        tools: tuple[Path, ...] = (),
    ) -> None:
        self.service, self.hostname = service, hostname
        self._machine = machine
        self.root = machine.folder / "containers" / hostname
        self._lay_out()
        interpreter = machine.interpreter if is_airflow(service) else Path(sys.prefix)
        bins = [*map(str, tools), str(interpreter / "bin"), os.environ["PATH"]]
        self.environment = {
            **clean_environment(),
            "AIRFLOW_HOME": self._inside(HOME),
            "HOSTNAME": hostname,
            "PATH": os.pathsep.join(bins),
            "PYTHONPATH": str(HOSTNAME),
            **{name: self.translated(value) for name, value in service.environment.items()},
            **(more or {}),
        }
        self.process: ChildProcess | None = None

    def translated(self, text: str) -> str:
        """Rewrite a text of the compose file for this machine: hosts, ports and paths."""
        text = self._machine.addresses.here(text, self.service.name)
        paths = "|".join(map(re.escape, (HOME, *self.service.mounts, *self.service.files)))
        return re.sub(rf"(?<![\w.-])({paths})", lambda match: self._inside(match[0]), text)

    def words(self) -> list[str]:
        """Return the words of its command, as the entry point of its image takes them."""
        return entry(self.service, [self.translated(word) for word in self.service.command])

    def start(self, words: list[str] | None = None, *, name: str = "") -> ChildProcess:
        """Start its program, or another one in its place."""
        log = self._machine.folder / "logs" / f"{name or self.hostname}.log"
        process = ChildProcess(name or self.hostname, words or self.words(), self.environment, log, self.home)
        if not name:
            self.process = process
        return process

    @property
    def home(self) -> Path:
        """The folder that its program starts in."""
        return Path(self._inside(HOME))

    def is_healthy(self) -> bool:
        """Run its health check once."""
        words = [self.translated(word) for word in self.service.health]
        assert words, f"{self.service.name} has no health check"
        check = subprocess.run(
            words,
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=CHECK_SECONDS,
            check=False,
        )
        return check.returncode == 0

    def lose_power(self) -> int:
        """End it and whatever it started, at once, and return how many programs that were."""
        assert self.process
        lost = list(session_members(self.process.pid))
        for process in lost:
            process.kill()
        psutil.wait_procs(lost, timeout=KILL_SECONDS)
        return len(lost)

    def _inside(self, path: str) -> str:
        return f"{self.root}{path}"

    def _lay_out(self) -> None:
        Path(self._inside(HOME)).mkdir(parents=True)
        for path, source in self.service.mounts.items():
            shared = ROOT / source if source.startswith(".") else self._machine.folder / "volumes" / source
            shared.mkdir(parents=True, exist_ok=True)
            inside = Path(self._inside(path))
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.symlink_to(shared.resolve())
        for path, content in self.service.files.items():
            inside = Path(self._inside(path))
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_text(content)


def entry(service: Service, words: list[str]) -> list[str]:
    """Do what the entry point of Airflow's image does: other images run the words as they are.

    https://airflow.apache.org/docs/docker-stack/entrypoint.html#executing-commands
    """
    return ["airflow", *words] if is_airflow(service) and words[0] not in ("bash", "python", "airflow") else words


def is_airflow(service: Service) -> bool:
    """Tell whether a service is a component of Airflow."""
    return "AIRFLOW__CORE__EXECUTOR" in service.environment
