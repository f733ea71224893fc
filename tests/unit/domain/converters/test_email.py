from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.converters import email, normalise_email
from salesmanago_sync.domain.converters.email import spellings
from tests.unit.domain.converters.lines import bind, check_laws, plain, read_salesforce, texts


@pytest.mark.parametrize(
    ("typed", "usable"),
    [
        (" Jan.Kowalski@Example.COM ", "jan.kowalski@example.com"),
        ("j.a.n+news@example.com", "j.a.n+news@example.com"),
        ("jan@ŁÓDŹ.example.pl", "jan@xn--d-uga0v4h.example.pl"),
        ("jan@xn--d-uga0v4h.example.pl", "jan@xn--d-uga0v4h.example.pl"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("łucja@example.pl", "łucja@example.pl"),
        ("0@example.com", "0@example.com"),
        ("jan@example.com.", None),
        ("jan", None),
        ("@example.com", None),
        ("jan@", None),
        ("jan@example", None),
        ("jan..k@example.com", None),
        (".jan@example.com", None),
        ("jan k@example.com", None),
        ("jan@exa mple.com", None),
        ("a@b@example.com", None),
        ("Jan <jan@example.com>", None),
        ("jan@example.com, ewa@example.com", None),
        ("jan@example.invalid", None),
        ("x" * 65 + "@example.com", None),
        ("x" * 60 + "@" + ".".join(["y" * 60] * 4) + ".com", None),
        ("false", None),
        ("0", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_has_one_spelling_or_is_not_usable(typed, usable):
    assert plain(normalise_email(texts(typed))) == [usable]
    assert read_salesforce(bind("email"), typed) == [usable]


LOCAL = st.text("aB0._+-@ ł'\"żé\n", max_size=9) | st.sampled_from(["x" * 64, "x" * 65, "Jan.Kowalski"])
DOMAIN = st.text("aB0.-@ ł\n", max_size=6) | st.sampled_from(
    [
        "example.com",
        "Ex.PL",
        " x.pl",
        "x.pl ",
        "ŁÓDŹ.example.pl",
        "x.invalid",
        "localhost",
        ".".join(["y" * 60] * 4) + ".com",
    ]
)
ADDRESS = st.builds("{}@{}".format, LOCAL, DOMAIN)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.none() | LOCAL | ADDRESS, max_size=8))
def test_many_are_spelled_as_few_are(typed: list[str | None]) -> None:
    few = normalise_email(texts(*typed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(email, "MANY", 0)
        pd.testing.assert_series_equal(normalise_email(texts(*typed)), few)


def test_addresses_read_back_the_same():
    check_laws(bind("email"), ["Jan@Example.com", "łucja@ŁÓDŹ.example.pl", "x", "o'neil@example.com", None])


@pytest.mark.parametrize(("foreign", "listed"), [(1, 2), (2, 4), (4, 16), (5, 2)])
def test_a_few_labels_of_a_domain_are_listed_each_in_its_own_spelling(foreign: int, listed: int) -> None:
    [address] = normalise_email(texts("jan@" + "ł." * foreign + "example.com"))
    found = spellings([address])
    assert len(found) == listed
    assert set(normalise_email(texts(*found))) == {address}
