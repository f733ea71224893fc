"""What a task makes of the window that another one fixed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.window import span_of


def test_the_span_of_a_side() -> None:
    window = {"salesforce": {"since": "2026-01-31T10:00:00Z", "until": "2026-01-31T10:15:00Z"}}
    assert span_of(window, "salesforce") == tuple(datetime(2026, 1, 31, 10, minute, tzinfo=UTC) for minute in (0, 15))


def test_a_window_that_was_marked_as_fixed_says_what_to_do() -> None:
    with pytest.raises(FatalError, match=r"fix_window did not run.*Clear it together"):
        span_of(None, "salesforce")
