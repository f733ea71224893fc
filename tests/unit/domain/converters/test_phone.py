from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS, PhoneNumberFormat, example_number, format_number

from tests.unit.domain.converters.lines import bind, check_laws, plain, read_salesforce, texts


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
        ("(+48) 601-657-778", None, "+48601657778"),
        ("+(48) 601.657.778", None, "+48601657778"),
        ("[+48] 601/657/778", None, "+48601657778"),
        ("+48\u00a0601\u2009657\u202f778", None, "+48601657778"),
        ("+48 601–657—778", None, "+48601657778"),
        ("\u202a+48 601 657 778\u202c", None, "+48601657778"),
        ("＋４８　６０１６５７７７８", None, "+48601657778"),
        ("tel:+48-601-657-778", None, "+48601657778"),
        ("0048 601 657 778", None, "+48601657778"),
        ("022 123 45 67", "PL", "+48221234567"),
        ("+48 (0)22 123 45 67", None, "+48221234567"),
        ("022 123 456", "IT", "+39022123456"),  # there the zero is part of the number
        ("022 123 45 67", "US", "022 123 45 67"),
        ("8 5 212 3456", "LT", "+37052123456"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("030/123456", "DE", "+4930123456"),
        ("22 123 45 67 ext. 12", "PL", "+48221234567 ext. 12"),
        ("+48 22 123-45-67 wew. 12", None, "+48221234567 ext. 12"),
        ("(22) 123 45 67 x12", "PL", "+48221234567 ext. 12"),
        ("+48221234567;ext=12", None, "+48221234567 ext. 12"),
        ("22 123 45 67 w.101", "PL", "+48221234567 ext. 101"),
        ("0049-30-901820 Durchwahl 12", None, "+4930901820 ext. 12"),
        ("tel. 601 657 778", "PL", "+48601657778"),
        ("22 123 45 6", "PL", "22 123 45 6"),
        ("+48 999 999 999 999", None, "+48 999 999 999 999"),
        ("030 123456/7", "DE", "030 123456/7"),
        ("601 + 602 123 456", "PL", "601 + 602 123 456"),
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


NUMBERS = [
    format_number(found, PhoneNumberFormat.E164)
    for found in map(example_number, sorted(SUPPORTED_REGIONS))
    if found is not None
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NUMBERS), st.data())
def test_a_valid_number_is_understood_in_any_punctuation(number, data):
    between = st.text("() .-\u00a0\u2011[]", max_size=2)
    typed = data.draw(between) + "+" + "".join(data.draw(between) + digit for digit in number[1:]) + data.draw(between)
    assert read_salesforce(bind("phone", region="PL"), typed.strip()) == [number]


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"\+?(48|0|00)?[0-9]{3,11}", fullmatch=True), st.data())
def test_the_same_digits_are_compared_as_one(digits, data):
    between = st.sampled_from(["", "", "", "(", ")", ".", "/", "-", " ", "\u00a0"])
    bound = bind("phone", region="PL")
    one, other = ("".join(data.draw(between) + digit for digit in digits) for _ in range(2))
    [left, right] = plain(bound.alike(bound.from_salesmanago(texts(one, other))))
    assert left == right


def test_two_numbers_are_compared_by_their_digits():
    bound = bind("phone", region="PL")
    typed = ("+48 601 657 778 / +48 601 657 779", "+48601657778, +48601657779", "++48601657778", "--", "+")
    found = plain(bound.alike(texts(*typed)))
    assert found == ["4860165777848601657779x", "4860165777848601657779x", "48601657778x", "--", "+"]


def test_words_are_no_digits():
    bound = bind("phone")
    compared = plain(bound.alike(texts("601 123 456 (Anna)", "601 123 456 (Ewa)", "601 123 456", "false", None)))
    assert compared == ["601 123 456 (Anna)", "601 123 456 (Ewa)", "601123456x", "false", None]
