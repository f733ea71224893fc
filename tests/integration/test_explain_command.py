"""`airflow salesmanago explain`: the story of one person, for people and for scripts."""

from __future__ import annotations

from tests.integration.commands import here
from tests.integration.sync import Sync


def test_one_person_is_explained_and_nothing_written(sync: Sync) -> None:
    sync.map("lead")
    lead = sync.lead(Email="anna@example.com")
    sync.forget_calls()
    text = here("explain", "anna@example.com")
    assert text.code == 0, text.err
    assert f"Lead {lead}" in text.out
    [story] = here("explain", lead, "--output", "json").rows[0]["stories"]
    assert (story["salesforce_id"], story["status"]) == (lead, "create_in_salesmanago")
    nobody = here("explain", "nobody@example.com")
    assert (nobody.code, "Nobody was found" in nobody.err) == (1, True)
    wrong = here("explain", "Anna Nowak")
    assert wrong.code == 1
    assert "Traceback" not in wrong.err
    assert sync.writes() == []
    assert sync.rows("SELECT * FROM runs") == []
