"""The notifier that is told of failed runs: any of Airflow's, by configuration, and checked before it is needed."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk import BaseNotifier

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.hooks.lateness import LATE, tell_late
from salesmanago_sync.hooks.notification import QuestionNotifier, make_notifier, notify
from salesmanago_sync.pair import FIRST
from salesmanago_sync.settings import Settings, load_settings

PATH = f"{__name__}.Postcard"


class Postcard(BaseNotifier):
    """Writes what it is told into a file."""

    template_fields = ("text",)

    def __init__(self, text: str, file: str) -> None:
        super().__init__()
        self.text, self.file = text, file

    def notify(self, context: object) -> None:
        Path(self.file).write_text(self.text, encoding="utf-8")


def made(notifier: str, **arguments: str) -> BaseNotifier | None:
    return make_notifier(Settings(notifier=notifier, notifier_arguments=arguments))


@pytest.mark.parametrize(
    ("notifier", "arguments", "told"),
    [
        ("no.such.Notifier", {}, "SALESMANAGO_SYNC_NOTIFIER: cannot be imported"),
        (f"{PATH}s", {}, "SALESMANAGO_SYNC_NOTIFIER: cannot be imported"),
        ("not a path", {}, "SALESMANAGO_SYNC_NOTIFIER: cannot be imported"),
        ("pathlib.Path", {}, "pathlib.Path is no notifier of Airflow"),
        (PATH, {"txt": "x"}, "SALESMANAGO_SYNC_NOTIFIER_ARGUMENTS:"),
    ],
)
def test_a_notifier_that_cannot_be_made_is_told(notifier: str, arguments: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        made(notifier, **arguments)


def test_arguments_that_are_no_json_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_NOTIFIER_ARGUMENTS", "{text")
    with pytest.raises(ConfigurationError, match="SALESMANAGO_SYNC_NOTIFIER_ARGUMENTS: is no JSON"):
        load_settings(FIRST)


def test_none_is_made_where_none_is_wanted() -> None:
    assert make_notifier(Settings()) is None


def test_it_is_told_the_result_of_the_run_in_words_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "told"
    text = "{{ dag_run.dag_id }}: {{ sync_note }}"
    monkeypatch.setenv("AIRFLOW_CONN_SYNC_LEDGER", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setenv("SALESMANAGO_SYNC_NOTIFIER", PATH)
    monkeypatch.setenv("SALESMANAGO_SYNC_NOTIFIER_ARGUMENTS", json.dumps({"text": text, "file": str(file)}))
    run = SimpleNamespace(dag_id="salesmanago_full_sync", run_id="unknown")
    notify({"dag_run": run})
    assert file.read_text() == "salesmanago_full_sync: The run failed: see its red tasks."


def test_a_notifier_that_fails_takes_no_question_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    arguments = {"text": "{{ sync_note }}", "file": str(tmp_path / "no folder" / "told")}
    QuestionNotifier(Settings(notifier=PATH, notifier_arguments=arguments), "May it write?")({})
    assert "Nobody could be told of the question: FileNotFoundError" in caplog.text


@pytest.mark.parametrize("wanted", [True, False])
def test_opt_outs_that_wait_are_told_in_the_log_and_to_the_notifier(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, wanted: bool
) -> None:
    file = tmp_path / "told"
    if wanted:
        monkeypatch.setenv("SALESMANAGO_SYNC_NOTIFIER", PATH)
        arguments = {"text": "{{ sync_note }}", "file": str(file)}
        monkeypatch.setenv("SALESMANAGO_SYNC_NOTIFIER_ARGUMENTS", json.dumps(arguments))
    tell_late({"dag_run": SimpleNamespace(dag_id="salesmanago_consent")}, something_newer=1)
    assert LATE in caplog.text
    assert file.exists() is wanted
    assert not wanted or file.read_text() == LATE
