"""One program started by the demo, with its log, and the promise that nothing of it survives."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

import psutil

from demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

STOP_SECONDS = 10.0  # Airflow's scheduler and API server need a few seconds to end their workers
KILL_SECONDS = 5.0
TAIL_LINES = 25


class ChildProcess:
    """A program in a session of its own, so that everything it starts in turn can be found and ended.

    Airflow puts each task into a process group of its own, so a signal to one group would leave tasks behind; the
    session they all share.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path | None = None
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the demo's own commands
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its session."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._process.poll()

    def require_running(self) -> None:
        """Raise with the end of the log when the program has ended by itself."""
        if self.exit_code is not None:
            raise DemoError(f"{self.name} stopped with status {self.exit_code}.\n{self.tail()}")

    def wait(self, seconds: float) -> None:
        """Wait until it ends well; raise with the end of its log otherwise."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise DemoError(f"{self.name} has not finished after {seconds:.0f} s.\n{self.tail()}") from None
        if code != 0:
            raise DemoError(f"{self.name} failed with status {code}.\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of the log, headed by where it is."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"The end of {self.log}:", *(f"  {line}" for line in lines)])

    def interrupt(self) -> None:
        """Ask it to end, without waiting."""
        if self.exit_code is None:
            self._process.terminate()

    def finish(self, deadline: float) -> None:
        """Wait for its end until the deadline, then end whatever is left of its session."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        survivors = list(session_members(self._process.pid))
        for survivor in survivors:
            with contextlib.suppress(psutil.NoSuchProcess):
                survivor.kill()
        psutil.wait_procs(survivors, timeout=KILL_SECONDS)
        self._process.wait()


class ProcessGroup:
    """All programs of the demo: started one by one, ended together."""

    def __init__(self) -> None:
        self._children: list[ChildProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add(self, child: ChildProcess) -> ChildProcess:
        """Take a program into care."""
        self._children.append(child)
        return child

    def stop(self) -> None:
        """End every program and everything it started."""
        for child in self._children:
            child.interrupt()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            child.finish(deadline)
        self._children.clear()


def session_members(session: int) -> Iterator[psutil.Process]:
    """Yield the living processes of a session."""
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def free_port(preferred: int = 0) -> int:
    """Return the preferred port of this machine when nobody listens there, else any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            # Without it a port counts as taken for a minute after the last demo.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise DemoError("This machine has no free port.")
