"""A record that is refused becomes an issue; the rest goes through."""

from __future__ import annotations

from salesmanago_sync.domain.reasons import ISSUES
from tests.integration.sync import Sync


def test_a_refused_record_is_told_once_tried_again_and_closed_when_it_goes_through(sync: Sync) -> None:
    sync.map("lead")
    sync.control.post("/salesmanago/settings", {"max_length": 40})
    bad = sync.lead(Email="bad@example.com", Company="x" * 60)
    sync.lead(Email="good@example.com")

    sync.later(3600)  # the next window begins later: only its issue brings the bad record in again
    first = sync.full()
    assert first.red == {"report"}, first.log
    [(reason, _)] = sync.issues().items()
    first.says(reason, bad, f"Nobody was told yet of {reason}: 1.")
    assert first.log.count(ISSUES[reason].fix) == 1
    assert [card["email"] for card in sync.cards()] == ["good@example.com"]
    assert sync.watermark is not None, "an issue does not hold the watermark"
    [row] = sync.totals()[:1]
    assert (row["direction"], row["read"], row["created"], row["failed"]) == ("to_salesmanago", 2, 1, 1)

    again = sync.incremental()
    assert again.green, again.log
    again.says(reason, "(0 new)")
    assert sync.rows("SELECT attempts FROM issues") == [{"attempts": 2}]

    sync.set(fail_on="open")
    known = sync.incremental()
    assert known.red == {"report"}, known.log
    known.says(f"Open are {reason}: 1.")
    sync.set(fail_on="never")

    sync.edit("Lead", bad, Company="Short")
    fixed = sync.incremental()
    assert fixed.green, fixed.log
    assert sync.issues() == {}
    assert sync.card_of("bad@example.com")["company"] == "Short"


def test_a_lead_without_company_is_passed_over_where_the_mapping_says_skip(sync: Sync) -> None:
    sync.map("lead", company_when_empty={"action": "skip"})
    sync.contact("none@example.com", name="Ewa Nowa")
    sync.contact("some@example.com", name="Ewa Nowa", company="Nowa Spółka")
    run = sync.full()
    assert run.green, run.log
    assert [lead["Email"] for lead in sync.records("Lead")] == ["some@example.com"]
    [row] = [row for row in sync.totals() if row["direction"] == "to_salesforce"]
    assert row["skipped"] == {"COMPANY_EMPTY": 1}
