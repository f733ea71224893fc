"""The whole topology of docker-compose.yaml on this machine, without docker."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from demo.airflow_api import AirflowApi
from demo.child_process import ChildProcess, ProcessGroup
from tests import compose
from tests.cluster import databases
from tests.cluster.addresses import HERE, Addresses, declared
from tests.cluster.container import Container, Machine
from tests.twin_server import Control

FOLDER = compose.ROOT / ".test" / "cluster"
INTERPRETER = compose.ROOT / ".venv" / "cluster"
# One machine has one of each of these ports, where each container has its own.
LOG_PORTS = ("AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT", "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT")
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")
WORKERS = ("worker-1", "worker-2")
START_SECONDS = 300.0
INIT_SECONDS = 300.0


class Topology:
    """Everything that `docker compose --profile demo up --scale worker=2` starts.

    Attributes:
        containers: By hostname.
        api: Airflow's API, asked by the user that `init` made.
        twin: The twin's control port.
    """

    def __init__(self, **variables: str) -> None:
        shutil.rmtree(FOLDER, ignore_errors=True)
        (FOLDER / "logs").mkdir(parents=True)
        self._addresses = Addresses(compose.services(compose.example()))
        self._port = self._addresses.port("api-server")
        base = f"http://{HERE}:{self._port}"
        self._variables = compose.example(AIRFLOW_BASE_URL=base, **variables)
        self._services = compose.services(self._variables)
        self._machine = Machine(FOLDER, INTERPRETER, self._addresses)
        self._processes = ProcessGroup()
        self._files = databases.cluster_of_files()
        self.containers: dict[str, Container] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End whatever was started."""
        self._processes.stop()
        databases.remove(self._files)

    def survivors(self) -> list[psutil.Process]:
        """Find programs that were started here and still run."""
        return [process for process in psutil.process_iter() if _belongs(process)]

    def _start(self) -> None:
        twin = self._start_twin()
        postgres = self._container("postgres", tools=(self._files.bin_path,))
        self._processes.add(databases.start_postgres(postgres, self._files, self._addresses.port("postgres")))
        self._start_redis()
        self._wait(postgres.is_healthy, "postgres")
        self._init()
        self._airflow()
        self._wait(lambda: "{" in twin.log.read_text(), "twin")
        control = json.loads(next(line for line in twin.log.read_text().splitlines() if line.startswith("{")))
        self.twin = Control(control["control"])

    def _start_twin(self) -> ChildProcess:
        for port in declared(self._services["twin"]):
            self._addresses.port("twin", port)
        return self._processes.add(self._container("twin").start())

    def _start_redis(self) -> None:
        redis = self._container("redis")
        here = ["--bind", HERE, "--port", str(self._addresses.port("redis")), "--dir", f"{redis.root}/data"]
        self._processes.add(redis.start([*redis.words(), *here]))

    def _init(self) -> None:
        init = self._container("init")
        self._processes.add(init.start()).wait(INIT_SECONDS)
        user = self._variables.get("AIRFLOW_ADMIN_USER", "admin")
        self.api = AirflowApi(f"http://{HERE}:{self._port}", user, self._variables["AIRFLOW_ADMIN_PASSWORD"])

    def _airflow(self) -> None:
        health = {"AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self._addresses.port("scheduler"))}
        server = {"AIRFLOW__API__HOST": HERE, "AIRFLOW__API__PORT": str(self._port)}
        for name in AIRFLOW:
            self._processes.add(self._container(name, more=health | server).start())
        self._wait(self.api.is_healthy, *AIRFLOW)
        for name in WORKERS:
            self._processes.add(self._container("worker", name).start())
        for name in WORKERS:
            self._wait(self.containers[name].is_healthy, name)

    def _container(
        self, service: str, hostname: str = "", more: dict[str, str] | None = None, tools: tuple[Path, ...] = ()
    ) -> Container:
        ports = {name: str(self._addresses.port(hostname or service, index)) for index, name in enumerate(LOG_PORTS)}
        made = Container(self._machine, self._services[service], hostname or service, ports | (more or {}), tools)
        self.containers[made.hostname] = made
        return made

    def _wait(self, is_there: Callable[[], bool], *names: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_there():
            for process in self._running(names):
                process.require_running()
            assert time.monotonic() < deadline, "\n".join(process.tail() for process in self._running(names))
            time.sleep(0.5)

    def _running(self, names: Iterable[str]) -> list[ChildProcess]:
        return [process for name in names if (process := self.containers[name].process)]


def _belongs(process: psutil.Process) -> bool:
    try:
        return str(FOLDER) in process.environ().get("AIRFLOW_HOME", "") and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
