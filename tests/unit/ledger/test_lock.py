from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from salesmanago_sync.ledger.store import Ledger

TTL = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def took(ledger: Ledger, owner: str, now: datetime, ttl: timedelta = TTL, **how: int) -> int:
    attempt = ledger.lock.take(owner, now, ttl, **how)
    assert isinstance(attempt, int), attempt
    return attempt


def test_one_owner_holds_the_lock(ledger: Ledger, noon: datetime) -> None:
    assert ledger.lock.holder(noon) is None
    assert ledger.lock.take("a", noon, TTL, "started by hand") == 1
    assert str(ledger.lock.take("b", noon + SECOND, TTL)) == "a (started by hand)"
    holder = ledger.lock.holder(noon)
    assert holder is not None
    assert (holder.owner, holder.attempt, holder.expires_at) == ("a", 1, noon + TTL)


def test_every_attempt_has_a_number_of_its_own_and_the_numbers_only_grow(ledger: Ledger, noon: datetime) -> None:
    first = took(ledger, "a", noon)
    again = took(ledger, "a", noon + SECOND)
    ledger.lock.free(again)
    other = took(ledger, "b", noon + SECOND)
    assert first < again < other == ledger.lock.last_attempt()


def test_who_takes_the_lock_again_stops_his_own_earlier_tasks(ledger: Ledger, noon: datetime) -> None:
    before = took(ledger, "a", noon)
    now = took(ledger, "a", noon)
    assert not ledger.lock.beat(before, noon, TTL)
    assert not ledger.lock.free(before)
    assert ledger.lock.is_current(now)


def test_a_dead_owner_loses_the_lock_when_it_expires(ledger: Ledger, noon: datetime) -> None:
    dead = took(ledger, "a", noon)
    assert str(ledger.lock.take("b", noon + TTL - SECOND, TTL)) == "a"
    assert ledger.lock.holder(noon + TTL) is None
    took(ledger, "b", noon + TTL)
    assert not ledger.lock.beat(dead, noon + TTL, TTL)
    assert not ledger.lock.free(dead)
    assert str(ledger.lock.take("c", noon + TTL, TTL)) == "b"


def test_an_owner_that_is_known_to_have_ended_loses_the_lock_at_once(ledger: Ledger, noon: datetime) -> None:
    ended = took(ledger, "a", noon)
    living = took(ledger, "b", noon, ended=ended)
    assert str(ledger.lock.take("c", noon, TTL, ended=ended)) == "b", "another attempt holds it by now"
    assert ledger.lock.is_current(living)


def test_signs_of_life_keep_the_lock(ledger: Ledger, noon: datetime) -> None:
    attempt = took(ledger, "a", noon)
    assert ledger.lock.beat(attempt, noon + TTL - SECOND, TTL)
    assert str(ledger.lock.take("b", noon + TTL, TTL)) == "a"


def test_a_lock_that_was_given_back_is_free(ledger: Ledger, noon: datetime) -> None:
    attempt = took(ledger, "a", noon)
    assert ledger.lock.free(attempt)
    assert ledger.lock.holder(noon) is None
    assert not ledger.lock.is_current(attempt)
    assert not ledger.lock.beat(attempt, noon, TTL)
    took(ledger, "b", noon)


class LockStory(RuleBasedStateMachine):
    """Owners come, live, leave or die, in any order; a dictionary knows which attempt may believe to hold the lock."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger.open(self.url)
        self.now = datetime(2026, 1, 31, tzinfo=UTC)
        self.believes: dict[int, datetime] = {}
        self.given = self.ledger.lock.last_attempt()
        self.attempts: dict[str, int] = {}
        self.ledger.lock.free(self.given)

    owners = st.sampled_from("abc")

    @rule(owner=owners, ttl=st.integers(1, 5))
    def take(self, owner: str, ttl: int) -> None:
        attempt = self.ledger.lock.take(owner, self.now, ttl * SECOND)
        if isinstance(attempt, int):
            assert attempt == self.given + 1
            self.believes.pop(self.attempts.get(owner, 0), None)
            self.given = self.attempts[owner] = attempt
            self.believes[attempt] = self.now + ttl * SECOND

    @precondition(lambda self: self.attempts)
    @rule(owner=owners, ttl=st.integers(1, 5))
    def beat(self, owner: str, ttl: int) -> None:
        attempt = self.attempts.get(owner, 0)
        self.believes.pop(attempt, None)
        if self.ledger.lock.beat(attempt, self.now, ttl * SECOND):
            self.believes[attempt] = self.now + ttl * SECOND

    @precondition(lambda self: self.attempts)
    @rule(owner=owners)
    def free(self, owner: str) -> None:
        attempt = self.attempts.get(owner, 0)
        self.ledger.lock.free(attempt)
        self.believes.pop(attempt, None)

    @rule(seconds=st.integers(1, 4))
    def time_goes_by(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @invariant()
    def never_two(self) -> None:
        living = [attempt for attempt, until in self.believes.items() if until > self.now]
        assert len(living) <= 1
        holder = self.ledger.lock.holder(self.now)
        assert [holder.attempt] == living if holder else not living

    def teardown(self) -> None:
        self.ledger.close()


def test_two_owners_never_both_hold_the_lock(url: str) -> None:
    story = type("Story", (LockStory,), {"url": url}).TestCase
    story.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
    story().runTest()


def test_a_new_process_sees_the_lock(tmp_path: Path, noon: datetime) -> None:
    first, second = (Ledger.open(f"sqlite:///{tmp_path}/ledger.db") for _ in range(2))
    took(first, "a", noon)
    assert str(second.lock.take("b", noon, TTL)) == "a"
    first.close()
    second.close()
