from __future__ import annotations

from datetime import datetime, timedelta

from salesmanago_sync.domain.probe.answers import AccountAnswer, Conclusion
from salesmanago_sync.ledger.store import Ledger


def test_the_newest_answer_of_an_account_counts(ledger: Ledger, noon: datetime) -> None:
    for days, said in ((0, Conclusion("cut", "seen", 0)), (1, Conclusion("unclear", "'; DROP TABLE runs; --😀"))):
        ledger.probe_answers.keep("mine", AccountAnswer("list_cut", said, noon + timedelta(days=days)))
        ledger.probe_answers.keep("other", AccountAnswer("list_cut", Conclusion("whole"), noon))
        assert ledger.probe_answers.read("mine") == [AccountAnswer("list_cut", said, noon + timedelta(days=days))]
    assert ledger.probe_answers.read("nobody") == []


def test_contacts_are_left_until_they_are_removed(ledger: Ledger, noon: datetime) -> None:
    ledger.probe_contacts.note("mine", ["b@example.com", "a@example.com"], noon)
    ledger.probe_contacts.note("mine", ["a@example.com", "c@example.com"], noon + timedelta(seconds=1))
    ledger.probe_contacts.note("other", ["d@example.com"], noon)
    assert ledger.probe_contacts.list_left("mine") == ["a@example.com", "b@example.com", "c@example.com"]
    ledger.probe_contacts.note_removed("a@example.com", noon)
    ledger.probe_contacts.note_removed("nobody@example.com", noon)
    assert ledger.probe_contacts.list_left("mine") == ["b@example.com", "c@example.com"]
