from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.converters.lines import bind, check_laws, read_salesforce


@pytest.mark.parametrize(
    ("typed", "region", "canonical"),
    [
        ("601 123 456", "PL", "+48601123456"),
        ("(22) 123-45-67", "PL", "+48221234567"),
        ("0048 601 123 456", "PL", "+48601123456"),
        ("+48601123456", None, "+48601123456"),
        ("+44 20 7946 0958", "PL", "+442079460958"),
        ("+39 06 1234 5678", "PL", "+390612345678"),
        ("(212) 555-0123", "US", "+12125550123"),
        (" 601 123 456 ", None, "601 123 456"),
        ("22 123 45 67 ext. 12", "PL", "22 123 45 67 ext. 12"),
        ("601123456 / 602123456", "PL", "601123456 / 602123456"),
        ("601 123 456 (Anna)", "PL", "601 123 456 (Anna)"),
        ("601123456, 12", "PL", "601123456, 12"),
        ("1-800-FLOWERS", "US", "1-800-FLOWERS"),
        ("112", "PL", "112"),
        ("0061416388", "BR", "0061416388"),  # would be read as two different numbers, one after the other
        ("0", "PL", "0"),
        ("false", "PL", "false"),
        ("+", "PL", "+"),
        ("9" * 300, "PL", "9" * 300),
    ],
)
def test_a_number_is_e164_or_stays_as_typed(typed, region, canonical):
    assert read_salesforce(bind("phone", region=region), typed) == [canonical]


@settings(max_examples=100, deadline=None)
@given(st.text("+0123456789 ()-./", min_size=1, max_size=16), st.sampled_from(["PL", "US", "IT", "MX", None]))
def test_any_digits_read_back_the_same(typed, region):
    check_laws(bind("phone", region=region), [typed])
