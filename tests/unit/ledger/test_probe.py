from __future__ import annotations

from datetime import datetime, timedelta

from salesmanago_sync.domain.probe.answers import AccountAnswer, Conclusion
from salesmanago_sync.ledger.store import Ledger


def test_the_newest_answer_of_an_account_counts(ledger: Ledger, noon: datetime) -> None:
    for days, said in ((0, Conclusion("cut", "seen", 0)), (1, Conclusion("unclear", "'; DROP TABLE runs; --😀"))):
        ledger.keep_answer("mine", AccountAnswer("list_cut", said, noon + timedelta(days=days)))
        ledger.keep_answer("other", AccountAnswer("list_cut", Conclusion("whole"), noon))
        assert ledger.answers_of("mine") == [AccountAnswer("list_cut", said, noon + timedelta(days=days))]
    assert ledger.answers_of("nobody") == []


def test_contacts_are_left_until_they_are_removed(ledger: Ledger, noon: datetime) -> None:
    ledger.begin_contacts("mine", ["b@example.com", "a@example.com"], noon)
    ledger.begin_contacts("mine", ["a@example.com", "c@example.com"], noon + timedelta(seconds=1))
    ledger.begin_contacts("other", ["d@example.com"], noon)
    assert ledger.contacts_left("mine") == ["a@example.com", "b@example.com", "c@example.com"]
    ledger.contact_removed("a@example.com", noon)
    ledger.contact_removed("nobody@example.com", noon)
    assert ledger.contacts_left("mine") == ["b@example.com", "c@example.com"]
