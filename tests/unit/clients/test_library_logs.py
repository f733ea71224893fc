from __future__ import annotations

import ast
import logging
import pkgutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
import urllib3

from salesmanago_sync.clients.http import Replay, send
from salesmanago_sync.clients.library_logs import LOGGERS
from salesmanago_sync.clients.session import new_session


def test_every_module_of_urllib3_that_logs_is_known() -> None:
    logging_ones = set()
    for module in pkgutil.walk_packages(urllib3.__path__, "urllib3."):
        spec = module.module_finder.find_spec(module.name, None)
        if spec is None or spec.origin is None or "contrib" in module.name:  # these talk to no service of ours
            continue
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        if any(isinstance(call.func, ast.Attribute) and call.func.attr == "getLogger" for call in calls):
            logging_ones.add(module.name)
    assert logging_ones - {"urllib3.http2.connection"} == set(LOGGERS)


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    made = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def test_addresses_of_our_requests_are_in_no_log_and_those_of_others_are(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = new_session()
    session.trust_env = False
    send(session, "GET", f"{server}/query?q=jan%40example.com", where="Salesforce GET query", replay=Replay.READ)
    session.close()
    assert "Salesforce GET query: HTTP 200" in caplog.text
    assert "jan" not in caplog.text
    with requests.Session() as other:
        other.trust_env = False
        other.get(f"{server}/of-others")
    assert "of-others" in caplog.text


def test_a_connection_that_is_tried_again_tells_no_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session = new_session(connect=0.2)
    session.trust_env = False
    with pytest.raises(Exception, match="no connection"):
        send(session, "GET", "http://127.0.0.1:9/query?q=jan%40example.com", where="Salesforce GET", replay=Replay.READ)
    session.close()
    assert "jan" not in caplog.text
