from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from salesmanago_sync.errors import FatalError, UnexpectedError
from salesmanago_sync.hooks.failure import without_values


def stumble(value: str) -> None:
    raise KeyError(value)


def test_an_unforeseen_error_is_told_by_kind_and_place_without_its_text() -> None:
    with pytest.raises(UnexpectedError) as caught, without_values():
        stumble("Jan Kowalski")
    text = str(caught.value)
    assert "KeyError" in text
    assert "hooks/test_failure.py:" in text
    assert "stumble" in text
    assert "Kowalski" not in text
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("error", [FatalError("known"), AirflowSkipException("not now")])
def test_what_says_what_to_do_stays_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, without_values():
        raise error
    assert caught.value is error
