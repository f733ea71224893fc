"""What tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twin_server import TwinServer


@pytest.fixture(scope="session")
def twin_process() -> Iterator[TwinServer]:
    """One twin for all tests; whoever uses it directly finds what earlier tests left."""
    with TwinServer() as server:
        yield server


@pytest.fixture
def twin(twin_process: TwinServer) -> TwinServer:
    """The twin, empty and with its first settings."""
    twin_process.control.post("/reset")
    return twin_process
