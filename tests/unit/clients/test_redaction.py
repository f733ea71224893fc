from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.clients.redaction import LONGEST, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Email: invalid email address: jan@example.com", "Email: invalid email address: <e-mail>"),
        ("Email IN ('a.b+c@example.pl','ż@exämple.pl')", "Email IN ('<e-mail>','<e-mail>')"),
        ("invalid: o'brien@example.com.", "invalid: <e-mail>."),
        (r"Email = 'o\'brien@example.com'", "Email = '<e-mail>'"),
        ('said "jan kowalski, jr"@example.com', "said <e-mail>"),
        (r'{"email":"\"jan kowalski\"@example.com"}', r'{"email":"\<e-mail>"}'),
        ("url has jan%40example.com in it", "url has <e-mail> in it"),
        ("twice jan%2540example.com", "twice <e-mail>"),
        (r'{"email":"jan\u0040example.com"}', '{"email":"<e-mail>"}'),
        ("jan&#64;example.com", "<e-mail>"),
        ("a=b|c{d}@example.com", "<e-mail>"),
        ("jan＠example.com", "<e-mail>"),
        ("<Jan> <jan@example.com>; x", "<Jan> <<e-mail>>; x"),
        ("cut off: jan@", "cut off: <e-mail>"),
        ("two\n  lines", "two lines"),
        ("it's a 5 o'clock 'quote', (isn't it?)", "it's a 5 o'clock 'quote', (isn't it?)"),
        ("nothing here", "nothing here"),
    ],
)
def test_addresses_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_long_text_is_cut() -> None:
    assert len(mask("x" * 5_000)) == LONGEST


# What RFC 5321 and 6531 let stand before the sign without quotes.
ATOMS = st.text(st.sampled_from("abżяO'`+-_.!#$%&*/=?^{|}~0"), min_size=1, max_size=12).map("q{}z".format)
QUOTED = st.text(st.sampled_from("ab żO'@,;:()<>[]"), min_size=1, max_size=12).map('"q{}z"'.format)
HOSTS = st.sampled_from(["example.com", "exämple.pl", "xn--exmple-cua.pl", "mail.example.co.uk"])
SPELLINGS = [
    str,
    quote,
    quote_plus,
    lambda text: quote(quote(text)),
    json.dumps,
    lambda text: json.dumps(text, ensure_ascii=False),
    lambda text: json.dumps(text).replace("@", "\\u0040"),
    repr,
]


@given(
    local=st.one_of(ATOMS, QUOTED),
    host=HOSTS,
    spell=st.sampled_from(SPELLINGS),
    around=st.sampled_from(["{}", "('{}')", "x: {}; y", "<{}>"]),
)
def test_neither_half_of_an_address_is_left_in_any_spelling(local: str, host: str, spell, around: str) -> None:
    told = mask(around.format(spell(f"{local}@{host}")))
    assert "q" not in told
    assert "mple" not in told
