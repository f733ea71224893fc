from __future__ import annotations

import pytest

from salesmanago_sync.domain.explain.person_key import PersonKey, read_person_key
from salesmanago_sync.errors import ConfigurationError

UUID = "6445956b-6204-49f0-b124-58cbc5a475c1"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" Anna.Nowak@Example.COM ", "email", "anna.nowak@example.com"),
        ("00Q5f000003AbCd", "salesforce_id", "00Q5f000003AbCdEAK"),
        ("00Q5f000003AbCdEAK", "salesforce_id", "00Q5f000003AbCdEAK"),
        (UUID.upper(), "salesmanago_id", UUID),
    ],
)
def test_a_person_is_named_in_one_spelling(text: str, kind: str, value: str) -> None:
    assert read_person_key(text) == PersonKey(kind, value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "Anna", "anna@", "anna@nowhere.invalid", "00Q5f000003AbC", UUID[:-1]])
def test_what_names_nobody_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_person_key(text)
    assert "15 or 18 characters" in str(caught.value)
    assert not text or text not in str(caught.value)
