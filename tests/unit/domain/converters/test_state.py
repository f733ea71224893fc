"""state: a word is understood within its country, and spelled as the org lists it."""

from __future__ import annotations

import pytest

from salesmanago_sync.domain.converters.state import ANYWHERE, ListedState, states
from tests.unit.domain.converters.lines import bind, plain, texts, write_salesforce, write_salesmanago

LISTED = [
    ("US", "CA", "California"),
    ("US", "MA", "Massachusetts"),
    ("IT", "CA", "Cagliari"),
    ("IT", "RM", "Roma"),
    ("BR", "SP", "São Paulo"),
    ("MX", "DF", "Federal District"),  # an org's own words for Ciudad de México
    ("PL", "14", "woj. mazowieckie"),
]


def listed(*, codes: bool = False) -> tuple[ListedState, ...]:
    return tuple(ListedState(code if codes else label, code, label, (country,)) for country, code, label in LISTED)


def read(text: str | None, country: str | None, *, codes: bool = False) -> object:
    bound = bind("state", states=states(listed(codes=codes)))
    [found] = plain(bound.within(texts(text), texts(country)))
    [again] = plain(bound.within(texts(found), texts(country)))  # type: ignore[arg-type]
    assert again == found, "a canonical value is read as itself"
    return found


@pytest.mark.parametrize(
    ("text", "country", "label", "code"),
    [
        ("CA", "US", "California", "CA"),
        ("ca", "IT", "Cagliari", "CA"),
        ("california", "US", "California", "CA"),
        ("Kalifornia", "US", "California", "CA"),
        ("カリフォルニア", "US", "California", "CA"),
        ("Rzym", "IT", "Roma", "RM"),
        ("sao paulo", "BR", "São Paulo", "SP"),
        ("federal district", "MX", "Federal District", "DF"),
        ("Mazowieckie", "PL", "woj. mazowieckie", "14"),
        ("Massachusetts", None, "Massachusetts", "MA"),
        ("Massachusetts", "Atlantis", "Massachusetts", "MA"),
        # What nobody can tell, or the org does not list for the country, stays as typed.
        ("CA", None, "CA", "CA"),
        ("California", "IT", "California", "California"),
        ("Bayern", "DE", "Bayern", "Bayern"),
        ("śląskie", "PL", "śląskie", "śląskie"),
        (None, "US", None, None),
    ],
)
def test_a_state_is_what_the_org_calls_it(text: str | None, country: str | None, label: str, code: str) -> None:
    assert read(text, country) == label
    assert read(text, country, codes=True) == code


def test_a_code_of_two_states_means_neither_without_its_country() -> None:
    anywhere = states(listed(codes=True))[ANYWHERE]
    # Both are written alike, so that nothing is lost.
    assert anywhere["ca"] == "CA"
    assert "ca" not in states(listed())[ANYWHERE]


def test_an_org_that_lists_no_states_takes_text() -> None:
    for nothing in (None, {}):
        bound = bind("state", states=nothing)
        assert plain(bound.within(texts("mazowieckie", None), texts("PL", "PL"))) == ["mazowieckie", None]


def test_what_is_read_is_written_as_it_is() -> None:
    bound = bind("state", states=states(listed()))
    assert write_salesforce(bound, "California", "anything", None) == ["California", "anything", None]
    assert write_salesmanago(bound, "California", "anything", None) == ["California", "anything", None]
