"""Many records cut into requests, and the answers put together again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from salesmanago_sync.clients.outcome import OUTDATED, Outcome
from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.errors import (
    FatalError,
    OutdatedError,
    OwnFaultError,
    ReserveError,
    SyncError,
    UnknownOutcomeError,
)

T = TypeVar("T")


def in_batches(items: Iterable[T], size: int, key: Callable[[T], Hashable] | None = None) -> Iterator[list[T]]:
    """Cut in pieces, in order.

    Args:
        items: What to cut.
        size: The most that fits in a piece.
        key: Two items with one key never share a piece: services refuse or mix up such rows. None is no key.

    Yields:
        Pieces that are never empty.
    """
    piece: list[T] = []
    seen: set[Hashable] = set()
    for item in items:
        name = key(item) if key is not None else None
        if len(piece) == size or (name is not None and name in seen):
            yield piece
            piece, seen = [], set()
        piece.append(item)
        seen.add(name)
    if piece:
        yield piece


def no_answer(records: Sequence[object], error: SyncError) -> list[Outcome]:
    """Report rows of which nobody can say what became of them."""
    return [Outcome(ok=False, reason="NO_ANSWER", text=mask(f"{error} {error.words}")) for _ in records]


def outdated(records: Sequence[object]) -> list[Outcome]:
    """Report rows that did not leave."""
    return [Outcome(ok=False, reason=OUTDATED) for _ in records]


def write(pieces: Iterable[list[T]], send: Callable[[list[T]], list[Outcome]], *, begun: bool = False) -> list[Outcome]:
    """Send piece by piece and keep every answer that came in.

    An error before anything was written is raised. Later, the answers of the earlier pieces are worth more than the
    error: a lost answer marks its own rows, any other error marks its rows and all that follow as `NO_ANSWER`. What did
    not leave because it is out of date says so (`OUTDATED`), and stops nothing; so does what did not leave because the
    calls that are left are kept for others: whoever sends it once more learns why.

    Args:
        pieces: Records by request.
        send: Writes one piece; one outcome a record, in order.
        begun: Whether something was written already, by an earlier call.

    Returns:
        One outcome a record, in order.
    """
    outcomes: list[Outcome] = []
    stopped: SyncError | None = None
    for piece in pieces:
        try:
            outcomes += no_answer(piece, stopped) if stopped else accounted(piece, send(piece))
        except OutdatedError:
            outcomes += outdated(piece)
        except ReserveError:
            if not (begun or outcomes):
                raise
            outcomes += outdated(piece)
        except UnknownOutcomeError as error:
            outcomes += no_answer(piece, error)
        except SyncError as error:
            if not (begun or outcomes):
                raise
            stopped = error
            outcomes += no_answer(piece, error)
    return outcomes


def apart(
    records: list[T],
    send: Callable[[list[T]], list[Outcome]],
    refusals: tuple[type[SyncError], ...],
    alone: Callable[[T, SyncError | None], Outcome],
) -> list[Outcome]:
    """Send records; where a request is refused as a whole, halve it until the bad record is alone.

    A bad record among n costs at most 2 log n requests more.

    Args:
        records: What fits in one request.
        send: Writes them; one outcome a record, in order.
        refusals: Errors that say that nothing was written because of some of the records.
        alone: Gives the outcome of one record, with the refusal of its request where it was alone in it.

    Returns:
        One outcome a record, in order.
    """
    try:
        return send(records)
    except refusals as error:
        if len(records) == 1:
            return [alone(records[0], error)]
    middle = len(records) // 2

    def half(some: list[T]) -> list[Outcome]:
        return apart(some, send, refusals, alone) if len(some) > 1 else [alone(some[0], None)]

    return write([records[:middle], records[middle:]], half)


def own_fault(error: OwnFaultError) -> Outcome:
    """Make the outcome of a record that the sync itself made unreadable."""
    return Outcome(ok=False, reason="OWN_FAULT", text=str(error), fields=(error.field,))


def accounted(records: Sequence[T], outcomes: list[Outcome]) -> list[Outcome]:
    """Pass outcomes on if there is one for each record.

    Raises:
        FatalError: The answer does not account for every record.
    """
    if len(outcomes) != len(records):
        raise FatalError(
            f"{len(records)} records were sent and {len(outcomes)} were answered. "
            "Nothing more is written; look at the service's own log before the next run."
        )
    return outcomes
