"""Which SALESmanago contacts there are, and which changed: ids only, page by page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, pairwise
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential

from salesmanago_sync.clients.clock import server_date
from salesmanago_sync.clients.salesmanago_errors import RefusedError, authentication_error
from salesmanago_sync.clients.salesmanago_wire import SalesmanagoWire
from salesmanago_sync.clients.shapes import listed, readable_id
from salesmanago_sync.errors import FatalError, RetriableError

log = logging.getLogger(__name__)

PAGE = 1_000
# A list of fewer that is the last is taken as whole. Whether, and at how many, SALESmanago cuts one is not documented;
# pages hold 1,000 at most, and half of that leaves room for a smaller number.
MAY_BE_CUT = 500
SECOND = timedelta(seconds=1)
WIDEST = timedelta(days=30)
JOB_DEADLINE = 30 * 60.0
_STALE_PAGES = 3

# Takes the number of a page and its size; gives its items, and whether the service calls it the last.
Fetch = Callable[[int, int], tuple[list[Any], bool]]


def contact_id(item: Any) -> str | None:
    """Read a contact's id, which is called `id` or `contactId` from method to method; nothing if it cannot be read."""
    if not isinstance(item, Mapping):
        return None
    return readable_id(item["contactId"] if item.get("contactId") is not None else item.get("id"))


class ContactIds:
    """Lists contact ids."""

    def __init__(self, wire: SalesmanagoWire) -> None:
        self._wire = wire
        self._page, self._may_be_cut, self._has_export = PAGE, MAY_BE_CUT, True

    def go_by(self, page: int | None, list_cut: int | None, *, has_export: bool) -> None:
        """List by what is known of the account (`Salesmanago.go_by`)."""
        # Pages of this size come whole. What is known of lists may only make the sync ask for more.
        self._page = min(PAGE, PAGE if page is None else page)
        self._may_be_cut = min(MAY_BE_CUT, MAY_BE_CUT if list_cut is None else list_cut)
        self._has_export = has_export

    def changed(self, since: datetime, until: datetime) -> Iterator[list[str]]:
        """List contacts changed or created in a time, each once."""
        seen: set[str] = set()
        for start, end in _windows(since, until):
            span = {"from": _milliseconds(start), "to": _milliseconds(end)}
            modified = list(_new(set(), _pages(partial(self._modified, span), self._page)))
            known = {name for page in modified for name in page}
            yield from _new(seen, [self._created(start, end, known)])
            yield from _unseen(seen, modified)

    def modified(self, since: datetime, until: datetime, pages: int) -> tuple[list[Any], bool]:
        """List contacts modified in a time, up to some pages; and tell whether these are all."""
        span, found = {"from": _milliseconds(since), "to": _milliseconds(until)}, list[Any]()
        for page in range(1, pages + 1):
            items, last = self._modified(span, page, self._page)
            found += items
            if last or not items:
                return found, len(items) < MAY_BE_CUT
            if len(items) < self._page:  # it may be cut, and there is no time to ask again
                break
        return found, False

    def recent(self, created: datetime, modified: datetime, until: datetime) -> list[str]:
        """List some contacts created or modified of late, in two requests: as many as come with them.

        Args:
            created: Since when created.
            modified: Since when modified.
            until: Last instant of both.
        """
        found = [*self._created_once(created, until), *self.modified(modified, until, 1)[0]]
        return list(dict.fromkeys(name for one in found if (name := contact_id(one)) is not None))

    def every(self, *, by_export: bool = True) -> Iterator[list[str]]:
        """List all contacts, each once.

        The export is the way that is known to work in production; its synchronous sister is only documented, and is
        asked where an account has no export, or the export leaves somebody out. A contact that moves to another page
        meanwhile is not lost for good: it was created or changed, so the next window has it.

        Args:
            by_export: Whether the export is asked first.
        """
        seen: set[str] = set()
        try:
            first = self._exported(1, self._page) if by_export and self._has_export else None
        except RefusedError:
            first = None
        fetch = self._listed if first is None else self._exported
        yield from _new(seen, _pages(fetch, self._page, first))

    def _created(self, start: datetime, end: datetime, modified: set[str]) -> list[Any]:
        """List contacts created in a time; a list that may have been cut is asked for in halves.

        A half that gives fewer than the whole was not cut, whatever the number is at which the service cuts. What even
        a single second may hide is looked for among the modified ones, which come page by page: an account that marks
        new contacts as modified names them there.

        Raises:
            FatalError: It cannot be known whether a list was cut.
        """
        items = self._created_once(start, end)
        if len(items) < self._may_be_cut:
            return items
        return self._in_halves(start, end, items, modified)

    def _in_halves(self, start: datetime, end: datetime, items: list[Any], modified: set[str]) -> list[Any]:
        if end - start <= SECOND:
            _check_named(items, modified, start)
            return items
        middle = (start + (end - start) / 2).replace(microsecond=0)
        middle = middle if middle > start else start + SECOND
        found = list(items)
        for since, until in ((start, middle), (middle, end)):
            half = self._created_once(since, until)
            found += half if len(half) < len(items) else self._in_halves(since, until, half, modified)
        return found

    def _created_once(self, start: datetime, end: datetime) -> list[Any]:
        span = {"from": _milliseconds(start), "to": _milliseconds(end)}
        method = "contact/createdContacts"
        return listed(self._wire.call(method, span).body, "createdContacts", f"SALESmanago {method}")

    def _modified(self, span: Mapping[str, int], page: int, size: int) -> tuple[list[Any], bool]:
        method = "contact/paginatedModifiedContacts"
        answer = self._wire.call(method, {**span, "page": page, "size": size}).body
        items = listed(answer, "modifiedContacts", f"SALESmanago {method}")
        # A full page is followed by another look, whatever the service says of the rest.
        return items, answer.get("hasMore") is False and len(items) < size

    def _listed(self, page: int, size: int) -> tuple[list[Any], bool]:
        method = "contact/paginatedListById"
        answer = self._wire.call(method, {"page": page, "size": size}).body
        return listed(answer, "contacts", f"SALESmanago {method}"), False

    def _exported(self, page: int, size: int) -> tuple[list[Any], bool]:
        answer = self._wire.call("contact/paginatedContactList/export", {"page": page, "size": size}).body
        job = answer.get("requestId")
        if job is None:  # past the last page
            return [], True
        content = self._wire.download(self._file_of(job))
        return _contacts_of(content), False

    def _file_of(self, job: Any) -> str:
        """Wait for the file of a job; only `fileUrl` says that it is done, whatever `success` says."""
        policy = Retrying(
            retry=retry_if_result(lambda url: url is None),
            wait=wait_exponential(multiplier=0.5, max=30),
            stop=stop_after_delay(JOB_DEADLINE),
            retry_error_callback=_overdue,
            sleep=self._wire.policy.sleep,
        )
        # Credentials are all that can be wrong with the question.
        ask = partial(self._wire.ask, "job/status", {"requestId": job}, judge=authentication_error)
        url = policy(lambda: ask().body.get("fileUrl"))
        if not isinstance(url, str):
            raise RetriableError("SALESmanago job/status: the address of the file cannot be read.")
        return url


def _contacts_of(content: Any) -> list[Any]:
    """Read the contacts of an exported file; one without any key for them is no empty page.

    Raises:
        RetriableError: The file holds something else.
    """
    if isinstance(content, Mapping):
        if "contacts" not in content:
            raise RetriableError("SALESmanago contact/paginatedContactList/export: the file names no contacts.")
        content = content["contacts"] or []
    if not isinstance(content, list):
        raise RetriableError("SALESmanago contact/paginatedContactList/export: the file is no list of contacts.")
    return content


def _check_named(items: list[Any], modified: set[str], start: datetime) -> None:
    names = _ids(items)
    if len(names & modified) * 2 < len(names):
        raise FatalError(
            f"SALESmanago lists {len(names)} contacts created within a second of {start:%Y-%m-%d %H:%M:%S} UTC, and "
            "may have cut that list. Run salesmanago_full_sync, which reads everybody page by page."
        )


def _overdue(_: object) -> str:
    raise RetriableError(f"SALESmanago job/status: the export was not ready after {JOB_DEADLINE / 60:.0f} minutes.")


def _pages(fetch: Fetch, size: int, first: tuple[list[Any], bool] | None = None) -> Iterator[list[Any]]:
    """Turn pages, of which the first may have come before, and make those whole that came short."""
    cuts = False
    for page, (items, following) in enumerate(pairwise(chain(_turned(fetch, size, first), [[]])), start=1):
        # A short page that is not the last shows that this service may cut the last one, too, however short.
        cuts |= bool(following) and len(items) < size
        yield _whole(fetch, page, size, items) if cuts or len(items) >= MAY_BE_CUT else items


def _turned(fetch: Fetch, size: int, first: tuple[list[Any], bool] | None) -> Iterator[list[Any]]:
    """Turn pages until an empty one or the last; a short page is no end.

    Raises:
        FatalError: The service gives the same page again and again.
    """
    page, stale, seen = 1, 0, set[str]()
    while True:
        items, last = fetch(page, size) if first is None or page > 1 else first
        names = _ids(items)
        stale = 0 if names - seen else stale + 1
        seen |= names
        if items:
            yield items
        if last or not items:
            return
        if stale == _STALE_PAGES:
            raise FatalError("SALESmanago gives the same page of contacts again and again. Tell its support.")
        page += 1


def _whole(fetch: Fetch, page: int, size: int, items: list[Any]) -> list[Any]:
    """Add to a page that came short what smaller pages of its place hold: the service may have cut it.

    A half that gives fewer than the whole was not cut. Where a service never gives more at once, the halves are
    somewhere else; whoever is named there belongs to the list, too.
    """
    if len(items) >= size or size % 2:
        return items
    found = list(items)
    for half in (2 * page - 1, 2 * page):
        some, _ = fetch(half, size // 2)
        found += some if len(some) < len(items) else _whole(fetch, half, size // 2, some)
    return found


def _ids(items: Iterable[Any]) -> set[str]:
    return {name for item in items if (name := contact_id(item)) is not None}


def _new(seen: set[str], pages: Iterable[list[Any]]) -> Iterator[list[str]]:
    yield from _unseen(seen, map(_named, pages))


def _named(page: list[Any]) -> list[str]:
    names = [name for item in page if (name := contact_id(item)) is not None]
    if len(names) < len(page):
        log.warning("SALESmanago lists %s contacts without a readable id; they are left out.", len(page) - len(names))
    return names


def _unseen(seen: set[str], pages: Iterable[list[str]]) -> Iterator[list[str]]:
    for page in pages:
        fresh = [name for name in dict.fromkeys(page) if name not in seen]
        seen.update(fresh)
        if fresh:
            yield fresh


def _windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = since.astimezone(UTC)
    while start < until:
        end = min(start + WIDEST, until.astimezone(UTC))
        # Whether a bound belongs to the window is not documented: windows share theirs, and ids come once.
        yield start, end
        start = end


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def clock(wire: SalesmanagoWire) -> datetime:
    """Read the clock of SALESmanago, in UTC."""
    return server_date(wire.call("user/listByClient").headers, "SALESmanago")
