"""Where on this machine the services of the compose file listen: 127.0.0.1, at ports that were free."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from demo.child_process import free_port
from tests.compose import Service

HERE = "127.0.0.1"
# Ports that the file need not name.
USUAL = {"postgres": 5432, "redis": 6379, "api-server": 8080, "scheduler": 8974}

# Below the ports that Linux and macOS give to outgoing connections.
QUIET = range(20_000, 32_000)


@dataclass
class Addresses:
    """A port of this machine for each port of each service.

    Attributes:
        names: The services.
        ports: Ports of this machine, by service and its own port.
    """

    names: Iterable[str]
    ports: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A host stands behind @ or //, or is a whole value; not in a path, as /opt/airflow/twin-state.
        names = "|".join(map(re.escape, self.names))
        self._host = re.compile(rf'(?P<before>//|@|"|=)(?P<name>{names})(?::(?P<port>\d+))?(?=[/"]|$)')

    def port(self, service: str, own: int | None = None) -> int:
        """Give the port of this machine that stands for a port of a service, its usual one by default."""
        key = (service, USUAL[service] if own is None else own)
        if key not in self.ports:
            self.ports[key] = quiet_port()
        return self.ports[key]

    def here(self, text: str, service: str) -> str:
        """Rewrite a text that a service reads, so that it leads to this machine."""
        text = self._host.sub(self._replace, text).replace("0.0.0.0", HERE)  # noqa: S104 - replaced, not listened on
        own = {inner: outer for (name, inner), outer in self.ports.items() if name == service}
        for inner, outer in own.items():
            # Its own ports: --http-port=8180, http://localhost:8080/health.
            text = re.sub(rf"(?<=port=){inner}\b|(?<=localhost:){inner}\b", str(outer), text)
        # It takes no port from its environment.
        return text.replace("redis-cli", f"redis-cli -p {self.port('redis')}")

    def _replace(self, match: re.Match[str]) -> str:
        before, name, port = match["before"], match["name"], match["port"]
        if before == "=":  # an option, as --name=twin
            return f"{before}{HERE}"
        if port is None and name not in USUAL:
            return f"{before}{HERE}"
        return f"{before}{HERE}:{self.port(name, int(port) if port else None)}"


def quiet_port() -> int:
    """Find a free port that no outgoing connection takes before its service listens there, minutes later."""
    return next(port for port in random.sample(QUIET, len(QUIET)) if free_port(port) == port)


def declared(service: Service) -> list[int]:
    """Find the ports that the command of a service opens."""
    return [int(port) for word in service.command for port in re.findall(r"-port[= ](\d+)$", word)]
