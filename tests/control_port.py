"""The verbs of the twin's control port, however it is reached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class ControlPort(ABC):
    """A small client of the control port; answers are parsed JSON."""

    def get(self, path: str) -> Any:
        """GET a path."""
        return self._call("GET", path)

    def post(self, path: str, body: object = None) -> Any:
        """POST a body."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: object) -> Any:
        """PATCH with a body."""
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """DELETE a path."""
        return self._call("DELETE", path)

    @abstractmethod
    def _call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request; whatever is no success raises RuntimeError."""
