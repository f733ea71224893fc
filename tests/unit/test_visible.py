from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.errors import ConfigurationError, FatalError, Fault
from salesmanago_sync.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("good\rbad", r"good\rbad"),
        ("\x9b31m", r"\x9b31m"),
        ("name\u202egpj.exe", r"name\u202egpj.exe"),
        ("a\u2028b", r"a\u2028b"),
        ("half \ud83d", r"half \ud83d"),
        ("Zażółć 😀 👩‍👩‍👧\nsecond line", "Zażółć 😀 👩‍👩‍👧\nsecond line"),
    ],
)
def test_what_would_move_a_cursor_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(codec=None)))
def test_nothing_unseen_is_left_and_what_is_seen_stays(text: str) -> None:
    shown = visible(text, keep="")
    assert not [char for char in shown if category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert visible(shown, keep="") == shown
    shown.encode()


def test_errors_are_fit_for_a_log() -> None:
    assert str(FatalError("a\x1bb")) == r"a\x1bb"
    assert r"\x1b" in str(ConfigurationError([Fault("lead.yaml", "holds \x1b.")]))
