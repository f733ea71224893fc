from __future__ import annotations

import pytest

from salesmanago_sync.clients.batches import in_batches, write
from salesmanago_sync.clients.outcome import OUTDATED, Outcome
from salesmanago_sync.errors import FatalError, OutdatedError, ReserveError, RetriableError, UnknownOutcomeError


def test_pieces_keep_the_order_and_lose_nothing() -> None:
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_batches([], 2)) == []


def test_one_key_never_comes_twice_in_a_piece() -> None:
    assert list(in_batches("abcad", 10, key=str)) == [["a", "b", "c"], ["a", "d"]]
    assert list(in_batches("abcad", 10, key=lambda _: None)) == [["a", "b", "c", "a", "d"]]


def sending(*answers: Exception | None):
    left = list(answers)

    def send(piece: list[int]) -> list[Outcome]:
        error = left.pop(0)
        if error is not None:
            raise error
        return [Outcome(ok=True, id=str(item)) for item in piece]

    return send


def test_a_lost_answer_marks_its_own_rows_only() -> None:
    outcomes = write([[1], [2, 3], [4]], sending(None, UnknownOutcomeError("jan@example.com"), None))
    assert [outcome.reason for outcome in outcomes] == [None, "NO_ANSWER", "NO_ANSWER", None]
    assert outcomes[1].text == "<e-mail>"


def test_an_error_before_anything_was_written_is_raised() -> None:
    with pytest.raises(RetriableError):
        write([[1], [2]], sending(RetriableError("busy")))


@pytest.mark.parametrize("error", [RetriableError("busy"), FatalError("limit")])
def test_a_later_error_keeps_what_is_known_and_sends_nothing_more(error: Exception) -> None:
    outcomes = write([[1], [2], [3]], sending(None, error))
    assert [outcome.ok for outcome in outcomes] == [True, False, False]


def test_a_bug_is_never_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        write([[1], [2]], sending(None, ZeroDivisionError()))


def test_rows_that_nobody_answered_stop_the_run() -> None:
    with pytest.raises(FatalError, match="2 records were sent and 1 were answered"):
        write([[1, 2]], lambda _: [Outcome(ok=True)])


def test_what_did_not_leave_says_so_and_stops_nothing() -> None:
    outcomes = write([[1], [2, 3], [4]], sending(OutdatedError("old"), OutdatedError("old"), None))
    assert [outcome.reason for outcome in outcomes] == [OUTDATED, OUTDATED, OUTDATED, None]


def test_what_is_kept_back_for_want_of_calls_was_not_sent() -> None:
    kept = ReserveError("kept for others")
    outcomes = write([[1], [2, 3], [4]], sending(None, kept, kept))
    assert [outcome.reason for outcome in outcomes] == [None, OUTDATED, OUTDATED, OUTDATED]
    with pytest.raises(ReserveError):
        write([[1], [2]], sending(kept, kept))
