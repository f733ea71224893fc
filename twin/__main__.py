"""Serve a local Salesforce and SALESmanago: `python -m twin --help`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from twin.app import Twin, systems
from twin.certificates import make_certificates
from twin.control import control_app
from twin.people import Population
from twin.ready import Address, ready_line, write_private_key
from twin.servers import RunningServer, listen, serve
from twin.state import State

EXAMPLE = """
When every port answers, one line of JSON on standard output tells the URLs, the credentials, the file of the
certificate authority, and two Airflow connections. Logs go to standard error. Ctrl-C or SIGTERM ends it.

  python -m twin --http-port 8180 --https-port 8543 --control-port 8190 --people leads=100,contacts=100,salesmanago=150
  curl -X POST http://127.0.0.1:8190/faults -d '{"system": "salesforce", "kind": "status", "status": 503, "times": 2}'
  curl http://127.0.0.1:8190/calls
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(
        prog="python -m twin",
        description="A local Salesforce and a local SALESmanago, with the answers of the real ones.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("--http-port", type=int, default=0, metavar="PORT", help="both systems over http (0: any free port)")
    add("--https-port", type=int, default=0, metavar="PORT", help="both systems over https (0: any free port)")
    add("--control-port", type=int, default=0, metavar="PORT", help="the control port (0: any free port)")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)")
    add("--name", default="localhost", help="host name in the https URL and in the certificate (default: %(default)s)")
    add("--state", default=":memory:", metavar="FILE", help="SQLite file of all records (default: %(default)s)")
    add("--certificates", type=Path, metavar="FOLDER", help="where to put certificates and keys (default: temporary)")
    add("--seed", type=int, default=1, help="the same seed makes the same people (default: %(default)s)")
    add(
        "--people",
        default="",
        metavar="LIST",
        help="people to start with, such as leads=1500,contacts=1500,person_accounts=500,salesmanago=2500",
    )
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the twin until it is told to stop."""
    command = parser()
    options = command.parse_args(arguments)
    try:
        population = Population.parse(options.people, options.seed)
    except ValueError as error:
        command.error(f"--people: {error}")
    with tempfile.TemporaryDirectory(prefix="twin-") as temporary:
        folder = options.certificates or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_run(options, population, folder.resolve()))
    return 0


async def _run(options: argparse.Namespace, population: Population, folder: Path) -> None:
    twin = Twin(State(options.state))
    if options.people and not twin.populated:
        twin.seed(population)
    certificates = make_certificates(folder, options.name)
    app = systems(twin.state)
    sockets = [listen(options.host, port) for port in (options.http_port, options.https_port, options.control_port)]
    plain, secure, control = (socket.getsockname()[1] for socket in sockets)
    address = Address(options.host, options.name, plain, secure, control)
    key_file = write_private_key(twin.state, folder)
    servers = [
        serve(app, sockets[0]),
        serve(app, sockets[1], certificates),
        serve(control_app(twin), sockets[2]),
    ]
    _stop_on_signals(servers)
    for server in servers:
        await server.started()
    sys.stdout.write(ready_line(twin.state, address, certificates.authority, key_file) + "\n")
    sys.stdout.flush()
    for server in servers:
        await server.ended()


def _stop_on_signals(servers: Sequence[RunningServer]) -> None:
    def stop() -> None:
        for server in servers:
            server.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


if __name__ == "__main__":
    sys.exit(main())
