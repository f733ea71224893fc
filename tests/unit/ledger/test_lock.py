from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from salesmanago_sync.ledger.store import Ledger

TTL = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def test_one_owner_holds_the_lock(ledger: Ledger, noon: datetime) -> None:
    assert ledger.holder(noon) is None
    assert ledger.acquire("a", noon, TTL, "started by hand") is None
    assert ledger.acquire("b", noon + SECOND, TTL) == "a (started by hand)"
    assert ledger.acquire("a", noon + SECOND, TTL) is None
    holder = ledger.holder(noon)
    assert holder is not None
    assert (holder.owner, holder.expires_at) == ("a", noon + SECOND + TTL)


def test_a_dead_owner_loses_the_lock_when_it_expires(ledger: Ledger, noon: datetime) -> None:
    ledger.acquire("a", noon, TTL)
    assert ledger.acquire("b", noon + TTL - SECOND, TTL) == "a"
    assert ledger.holder(noon + TTL) is None
    assert ledger.acquire("b", noon + TTL, TTL) is None
    assert not ledger.heartbeat("a", noon + TTL, TTL)
    ledger.release("a")
    assert ledger.acquire("c", noon + TTL, TTL) == "b"


def test_a_heartbeat_keeps_the_lock(ledger: Ledger, noon: datetime) -> None:
    ledger.acquire("a", noon, TTL)
    assert ledger.heartbeat("a", noon + TTL - SECOND, TTL)
    assert ledger.acquire("b", noon + TTL, TTL) == "a"


def test_a_released_lock_is_free(ledger: Ledger, noon: datetime) -> None:
    ledger.acquire("a", noon, TTL)
    ledger.release("a")
    assert not ledger.heartbeat("a", noon, TTL)
    assert ledger.acquire("b", noon, TTL) is None


class LockStory(RuleBasedStateMachine):
    """Owners come, live, leave or die, in any order; a dictionary knows who may believe to hold the lock."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger.open(self.url)
        self.now = datetime(2026, 1, 31, tzinfo=UTC)
        self.believes: dict[str, datetime] = {}
        for name in "abc":
            self.ledger.release(name)

    owners = st.sampled_from("abc")

    @rule(owner=owners, ttl=st.integers(1, 5))
    def acquire(self, owner: str, ttl: int) -> None:
        if self.ledger.acquire(owner, self.now, ttl * SECOND) is None:
            self.believes[owner] = self.now + ttl * SECOND

    @rule(owner=owners, ttl=st.integers(1, 5))
    def heartbeat(self, owner: str, ttl: int) -> None:
        self.believes.pop(owner, None)
        if self.ledger.heartbeat(owner, self.now, ttl * SECOND):
            self.believes[owner] = self.now + ttl * SECOND

    @precondition(lambda self: self.believes)
    @rule(owner=owners)
    def release(self, owner: str) -> None:
        self.ledger.release(owner)
        self.believes.pop(owner, None)

    @rule(seconds=st.integers(1, 4))
    def time_goes_by(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @invariant()
    def never_two(self) -> None:
        living = [owner for owner, until in self.believes.items() if until > self.now]
        assert len(living) <= 1
        holder = self.ledger.holder(self.now)
        assert [holder.owner] == living if holder else not living

    def teardown(self) -> None:
        self.ledger.close()


def test_two_owners_never_both_hold_the_lock(url: str) -> None:
    story = type("Story", (LockStory,), {"url": url}).TestCase
    story.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
    story().runTest()


def test_a_new_process_sees_the_lock(tmp_path: Path, noon: datetime) -> None:
    first, second = (Ledger.open(f"sqlite:///{tmp_path}/ledger.db") for _ in range(2))
    first.acquire("a", noon, TTL)
    assert second.acquire("b", noon, TTL) == "a"
    first.close()
    second.close()
