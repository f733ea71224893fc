from __future__ import annotations

from salesmanago_sync.ui.headers import HEADERS, POLICY

RULES = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))


def test_only_files_of_ours_run_and_only_airflow_frames_the_page() -> None:
    assert RULES.pop("default-src") == RULES.pop("base-uri") == "'none'"
    assert set(RULES) >= {"script-src", "style-src", "connect-src", "form-action", "frame-ancestors"}
    assert set(RULES.values()) == {"'self'"}, "nothing inline, nothing from elsewhere"


def test_nothing_is_kept_and_nothing_is_guessed() -> None:
    assert HEADERS["Cache-Control"] == "no-store"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"
    assert HEADERS["X-Frame-Options"] == "SAMEORIGIN"
