from __future__ import annotations

import logging
import sys

import pytest

from salesmanago_sync.hooks.masking import mask_microsite_key

PRIVATE = ("airflow._shared.secrets_masker", "airflow.sdk._shared.secrets_masker")
VARIABLE = "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES"


@pytest.mark.parametrize("gone", PRIVATE)
def test_an_airflow_without_the_place_is_told_and_goes_on(
    gone: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, gone, None)
    with caplog.at_level(logging.WARNING):
        mask_microsite_key()
    assert f"{VARIABLE}=microsite_key" in caplog.text


def test_whoever_named_the_word_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, PRIVATE[0], None)
    monkeypatch.setenv(VARIABLE, "words,microsite_key")
    mask_microsite_key()
    assert caplog.text == ""
