from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from demo.child_process import ChildProcess, ProcessGroup, free_port, session_members
from demo.errors import DemoError

# A program like Airflow's scheduler: its task has a process group of its own and takes no notice of SIGTERM.
FAMILY = """
import os, signal, sys, time
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("task", os.getpid(), flush=True)
time.sleep(600)
"""


def start(code: str, folder: Path, processes: ProcessGroup | None = None) -> ChildProcess:
    child = ChildProcess("The program", [sys.executable, "-c", code], os.environ, folder / "program.log")
    return processes.add(child) if processes else child


def task_of(child: ChildProcess) -> int:
    deadline = time.monotonic() + 30
    while "task" not in child.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(child.log.read_text().split()[1])


@pytest.mark.slow
def test_nothing_survives_not_even_a_task_in_a_group_of_its_own(tmp_path: Path) -> None:
    with ProcessGroup() as processes:
        child = start(FAMILY, tmp_path, processes)
        task = task_of(child)
        session = os.getsid(task)
        assert task in {process.pid for process in session_members(session)}
    assert child.exit_code is not None
    assert list(session_members(session)) == []


@pytest.mark.slow
def test_a_fault_ends_them_too(tmp_path: Path) -> None:
    def fail_while_it_runs() -> None:
        with ProcessGroup() as processes:
            sessions.append(os.getsid(task_of(start(FAMILY, tmp_path, processes))))
            raise DemoError("something else went wrong")

    sessions: list[int] = []
    with pytest.raises(DemoError, match="something else"):
        fail_while_it_runs()
    assert list(session_members(sessions[0])) == []


def test_a_program_that_ended_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = start("print('no such port'); raise SystemExit(3)", tmp_path)
    with pytest.raises(DemoError, match=r"The program failed with status 3[\s\S]*no such port"):
        child.wait(30)
    with pytest.raises(DemoError, match="stopped with status 3"):
        child.require_running()


def test_a_program_that_takes_too_long_is_told(tmp_path: Path) -> None:
    with ProcessGroup() as processes:
        child = start("import time; time.sleep(600)", tmp_path, processes)
        with pytest.raises(DemoError, match="has not finished"):
            child.wait(0.1)


def test_a_taken_port_gives_way_to_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in {0, port}
    assert free_port(port) == port
