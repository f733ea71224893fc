"""The log of calls that the twin answered."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass

LOG_LENGTH = 10_000  # the newest calls are kept in full, older ones only counted


@dataclass(frozen=True, slots=True)
class Call:
    """One answered request.

    Attributes:
        at: Twin time, ISO 8601.
        system: `salesforce` or `salesmanago`.
        method: The HTTP method.
        path: The path without prefix and query.
        query: The raw query string.
        status: The HTTP status sent; 0 when the connection was closed without an answer.
        rows: How many records the request carried, where the handler said so.
    """

    at: str
    system: str
    method: str
    path: str
    query: str
    status: int
    rows: int | None = None


class Calls:
    """Counts every call and keeps the newest ones."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._log: deque[Call] = deque(maxlen=LOG_LENGTH)

    def add(self, call: Call) -> None:
        """Count and log one call."""
        self._counts[call.system, call.method, call.path] += 1
        self._log.append(call)

    def count(self, system: str) -> int:
        """Return how many calls one system got since the last clearing."""
        return sum(number for (owner, _, _), number in self._counts.items() if owner == system)

    def clear(self) -> None:
        """Forget all calls."""
        self._counts.clear()
        self._log.clear()

    def report(self) -> dict[str, object]:
        """Return totals by system, method and path, and the log."""
        by = [
            {"system": system, "method": method, "path": path, "count": number}
            for (system, method, path), number in sorted(self._counts.items())
        ]
        return {"total": self._counts.total(), "by": by, "log": [asdict(call) for call in self._log]}
