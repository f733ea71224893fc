"""What a session takes in, and where it takes its credentials."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

from salesmanago_sync.clients.http import Replay, TooLargeError, json_body, send
from salesmanago_sync.clients.session import Bounds, new_session
from salesmanago_sync.errors import FatalError, UnknownOutcomeError

CONNECTIONS: list[object] = []
Respond = Callable[[BaseHTTPRequestHandler], None]
SMALL = Bounds(size=100_000, seconds=600)
SHORT = Bounds(size=100_000, seconds=0.3)


@contextmanager
def serving(respond: Respond) -> Iterator[tuple[str, list[str]]]:
    """A service of its own; gives its address and the paths that were asked for."""
    asked: list[str] = []
    connections = CONNECTIONS
    connections.clear()

    class Conversation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                respond(self)
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - the library's name

        def setup(self) -> None:
            connections.append(self.client_address)
            super().setup()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def answering(body: bytes, **headers: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _ in range(50):
        handler.wfile.write(b" " * 100)
        handler.wfile.flush()
        time.sleep(0.05)


def dripping_raw(before: bytes, drop: bytes) -> Respond:
    """Answer drop by drop, each of them in time, in a part of the answer that is no body."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(before)
        for _ in range(50):
            handler.wfile.write(drop)
            handler.wfile.flush()
            time.sleep(0.05)

    return respond


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def moved(where: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302 if handler.path == "/" else 200)
        if handler.path == "/":
            handler.send_header("Location", where)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    return respond


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")


BOMB = gzip.compress(b" " * 50_000_000)


@pytest.mark.parametrize(
    ("respond", "bounds", "words"),
    [
        (answering(b" " * 200_000), SMALL, "more than 0 MB"),
        (answering(BOMB, Content_Encoding="gzip"), SMALL, "more than 0 MB"),
        (endless, SMALL, "more than 0 MB"),
        (dripping, SHORT, "more than 0 seconds"),
        (dripping_raw(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), SHORT, "more than 0 seconds"),
        (dripping_raw(b"HTTP/1.1 200 OK\r\nX: ", b"y"), SHORT, "more than 0 seconds"),
        (dripping_raw(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), SHORT, "more than 0 seconds"),
        (dripping_raw(CHUNKED, b"0"), SHORT, "more than 0 seconds"),
        (dripping_raw(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n"), SHORT, "more than 0 seconds"),
    ],
    ids=["large", "bomb", "endless", "slow", "headers", "one header", "to be continued", "size", "trailers"],
)
@pytest.mark.parametrize(("replay", "kind"), [(Replay.READ, TooLargeError), (Replay.NEVER, UnknownOutcomeError)])
def test_an_answer_without_end_is_not_taken_in(
    respond: Respond, bounds: Bounds, words: str, replay: Replay, kind: type[Exception]
) -> None:
    with serving(respond) as (url, asked), new_session(bounds=bounds) as session:
        began = time.monotonic()
        with pytest.raises(kind, match=words) as caught:
            send(session, "POST", url, where="Service POST x", replay=replay, json={})
        assert time.monotonic() - began < 2 or bounds is SMALL
        assert type(caught.value) is kind
        assert len(asked) == 1


def test_an_answer_within_the_bounds_is_read_and_its_connection_used_again() -> None:
    body = gzip.compress(b'{"a": "' + b"x" * 90_000 + b'"}')
    with serving(answering(body, Content_Encoding="gzip")) as (url, asked), new_session(bounds=SMALL) as session:
        for _ in range(3):
            answer = send(session, "GET", url, where="Service", replay=Replay.READ)
            assert json_body(answer, "Service", Replay.READ) == {"a": "x" * 90_000}
        assert (len(asked), len(CONNECTIONS)) == (3, 1)


def test_a_log_in_follows_a_redirect_on_its_own_host() -> None:
    with serving(moved("/there?x=1")) as (url, asked), new_session() as session:
        assert session.post(f"{url}/", data={"secret": "s"}).status_code == 200
        assert asked == ["/", "/there?x=1"]


@pytest.mark.parametrize(
    ("target", "followed"),
    [("https://login.example.com/there", True), ("/there", True), ("http://login.example.com/there", False)],
)
def test_a_log_in_follows_no_redirect_to_plain_http(target: str, followed: bool) -> None:
    answer = requests.Response()
    answer.status_code, answer.url, answer.headers["Location"] = 302, "https://login.example.com/", target
    with new_session() as session:
        if followed:
            assert session.get_redirect_target(answer) == target
        else:
            with pytest.raises(FatalError, match="or to http"):
                session.get_redirect_target(answer)


@pytest.mark.parametrize("where", ["{other}/there", "//localhost:{port}/there", "http://127.0.0.1:1/there"])
def test_a_log_in_follows_no_redirect_to_another_host(where: str) -> None:
    with serving(answering(b"{}")) as (other, strangers):
        target = where.format(other=other, port=other.rpartition(":")[2])
        with serving(moved(target)) as (url, asked), new_session() as session:
            with pytest.raises(FatalError, match="another host"):
                session.post(f"{url}/", data={"secret": "s"}, headers={"Authorization": "Bearer t"})
            assert (asked, strangers) == (["/"], [])
