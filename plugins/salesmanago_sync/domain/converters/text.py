"""text: a value as it is, trimmed, with one kind of line break."""

from __future__ import annotations

from salesmanago_sync.domain.converters.base import Converter, Scalar


class _Text(Scalar):
    def read(self, text: str) -> str:
        return text.replace("\r\n", "\n").replace("\r", "\n")


TEXT = Converter("text", _Text)
