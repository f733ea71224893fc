from __future__ import annotations

import pytest

from salesmanago_sync.clients.redaction import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Email: invalid email address: jan@example.com", "Email: invalid email address: <e-mail>"),
        ("Email IN ('a.b+c@example.pl','ż@exämple.pl')", "Email IN ('<e-mail>','<e-mail>')"),
        ("url has jan%40example.com in it", "url has <e-mail> in it"),
        ("<Jan> <jan@example.com>; x", "<Jan> <<e-mail>>; x"),
        ("two\n  lines", "two lines"),
        ("nothing here", "nothing here"),
    ],
)
def test_addresses_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_long_text_is_cut() -> None:
    assert len(mask("x" * 5_000)) == 500
