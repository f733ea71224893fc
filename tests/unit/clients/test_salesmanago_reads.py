from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from salesmanago_sync.clients.salesmanago_ids import MAY_BE_CUT, PAGE
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError
from tests.unit.clients.service import Call, Reply

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def yes(**payload: object) -> Reply:
    return Reply({"success": True, "message": [], **payload})


def items(*names: str, key: str = "id") -> list[dict[str, str]]:
    return [{key: name, "email": f"{name}@example.com"} for name in names]


def modified(*names: str, more: bool | None = False, key: str = "id") -> Reply:
    extra = {} if more is None else {"hasMore": more}
    return yes(modifiedContacts=items(*names, key=key), **extra)


def created(*names: str) -> Reply:
    return yes(createdContacts=items(*names))


def of_pages(*pages: Reply) -> Callable[[Call], Reply]:
    """Give pages, of which smaller ones would hold nobody else."""

    def answer(call: Call) -> Reply:
        if "created" in call.line:
            return created("e")
        return modified() if call.body["size"] < PAGE else pages[min(call.body["page"], len(pages)) - 1]

    return answer


def test_changed_contacts_come_once_from_every_page(salesmanago) -> None:
    pages = [modified("a", "b", more=True), modified("b", "c", more=True, key="contactId"), modified("d")]
    client, service = salesmanago(of_pages(*pages))
    assert list(client.changed_ids(SINCE, SINCE + DAY)) == [["e"], ["a", "b"], ["c"], ["d"]]
    assert set(service.lines[:-1]) == {"POST /api/contact/paginatedModifiedContacts"}
    asked = [(call.body["page"], call.body["size"]) for call in service.calls[:-1]]
    assert asked == [(1, PAGE), (2, PAGE), (1, 500), (2, 500), (3, PAGE), *((half, 500) for half in (3, 4, 5, 6))]
    assert {(call.body["from"], call.body["to"]) for call in service.calls} == {(1793491200000, 1793577600000)}


def test_a_long_time_is_asked_for_in_months(salesmanago) -> None:
    client, service = salesmanago(lambda call: created() if "created" in call.line else modified())
    list(client.changed_ids(SINCE, SINCE + 70 * DAY))
    spans = [(call.body["from"], call.body["to"]) for call in service.calls[::2]]
    assert len(spans) == 3
    assert all(end - start <= 30 * 86_400_000 for start, end in spans)
    assert all(left[1] == right[0] for left, right in pairwise(spans))


def test_no_time_no_request(salesmanago) -> None:
    client, _ = salesmanago([])
    assert list(client.changed_ids(SINCE, SINCE)) == []


def test_without_has_more_an_empty_page_is_the_end(salesmanago) -> None:
    client, _ = salesmanago(of_pages(modified("a", more=None), modified(more=None)))
    assert list(client.changed_ids(SINCE, SINCE + DAY)) == [["e"], ["a"]]


def test_a_service_that_never_turns_the_page_is_found_out(salesmanago) -> None:
    client, service = salesmanago(of_pages(modified("a", more=True)))
    with pytest.raises(FatalError, match="same page"):
        list(client.changed_ids(SINCE, SINCE + DAY))
    assert len(service.calls) < 15


class Cut:
    """Contacts of whom a page of the service names so many at most, whatever was asked for.

    Attributes:
        names: Everybody.
    """

    def __init__(self, count: int, cut: int, *, clamps: bool) -> None:
        self.names = [f"n{number}" for number in range(count)]
        self._cut, self._clamps = cut, clamps

    def page(self, number: int, size: int) -> tuple[list[dict[str, str]], bool]:
        """Give a page: cut inside, or as if a smaller one had been asked for."""
        size = min(size, self._cut) if self._clamps else size
        some = self.names[(number - 1) * size : number * size]
        return items(*some[: self._cut]), number * size < len(self.names)

    def __call__(self, call: Call) -> Reply:
        if "created" in call.line:
            return created()
        if "export" in call.line:
            return Reply({"success": False, "message": ["No such method"]})
        found, more = self.page(call.body["page"], call.body["size"])
        return yes(modifiedContacts=found, contacts=found, hasMore=more)


@pytest.mark.parametrize("clamps", [False, True], ids=["cut inside", "smaller pages"])
@pytest.mark.parametrize(
    ("count", "cut"),
    [
        (600, 500),
        (999, 600),
        (2_300, 999),
        (2_300, 600),
        (5_000, 250),
        (900, 600),
        (3_000, 130),
        (499, 10_000),
        (700, 10_000),
    ],
)
def test_a_page_that_is_cut_inside_loses_nobody(salesmanago, count, cut, clamps) -> None:
    account = Cut(count, cut, clamps=clamps)
    client, service = salesmanago(account)
    assert {name for some in client.all_ids() for name in some} == set(account.names)
    pages = -(-count // min(cut, PAGE))
    assert len(service.calls) <= 2 + 15 * pages
    if count < MAY_BE_CUT:
        assert len(service.calls) == 3, "nothing is asked twice"
    if cut >= MAY_BE_CUT:
        assert {name for some in client.changed_ids(SINCE, SINCE + DAY) for name in some} == set(account.names)


def test_a_feed_whose_page_may_be_cut_does_not_count_as_whole(salesmanago) -> None:
    for count, cut, whole in ((3, 1_000, True), (499, 1_000, True), (900, 600, False), (1_700, 1_000, False)):
        client, _ = salesmanago(Cut(count, cut, clamps=False))
        found, all_of_them = client.moved(SINCE, SINCE + DAY, 1)
        assert all_of_them == whole
        assert len(found) == count or not whole


def test_some_who_are_new_or_edited_come_in_two_requests(salesmanago) -> None:
    client, service = salesmanago(Cut(3_000, 10_000, clamps=False))
    found = client.recent_ids(SINCE, SINCE, SINCE + DAY)
    assert len(service.calls) == 2
    assert len(found) == len(set(found)) == PAGE


class Births:
    """Contacts by the second in which they were created; the service cuts lists without pages."""

    def __init__(self, seconds: dict[int, int], cut: int, *, marked: bool = True) -> None:
        self.born = [(second, f"{second}-{number}") for second, count in seconds.items() for number in range(count)]
        self.cut, self.marked = cut, marked
        self.calls = 0

    @property
    def names(self) -> set[str]:
        return {name for _, name in self.born}

    def __call__(self, call: Call) -> Reply:
        first, last = (call.body[key] / 1000 - SINCE.timestamp() for key in ("from", "to"))
        mine = [name for second, name in sorted(self.born) if first <= second <= last]
        if "created" in call.line:
            self.calls += 1
            return created(*mine[: self.cut])
        some = mine[(call.body["page"] - 1) * PAGE : call.body["page"] * PAGE] if self.marked else []
        return modified(*some, more=len(some) == PAGE)


@pytest.mark.parametrize(
    ("seconds", "cut", "most", "doubtful"),
    [
        (dict.fromkeys(range(499), 1), 499, 1, False),
        (dict.fromkeys(range(0, 86_400, 100), 1), 10_000, 3, False),
        (dict.fromkeys(range(0, 65_000, 50), 1), 1_000, 3, False),
        ({100: 1_300}, 1_000, 40, True),
        ({100: 900, 101: 900, 5_000: 3}, 1_000, 40, True),
        (dict.fromkeys(range(900), 10), 1_000, 60, False),
    ],
    ids=["few", "many and uncut", "cut", "all in one second", "in two seconds", "cut again and again"],
)
@pytest.mark.parametrize("marked", [True, False])
def test_a_list_of_new_contacts_that_is_cut_is_asked_for_in_parts(
    salesmanago, seconds, cut, most, doubtful, marked
) -> None:
    births = Births(seconds, cut, marked=marked)
    client, _ = salesmanago(births)
    listed = lambda: {name for some in client.changed_ids(SINCE, SINCE + DAY) for name in some}  # noqa: E731
    if doubtful and not marked:
        with pytest.raises(FatalError, match="salesmanago_full_sync"):
            listed()
    else:
        assert listed() == births.names
    assert births.calls <= most


def test_a_full_page_is_followed_by_another_look_whatever_the_service_says(salesmanago) -> None:
    full = [f"n{number}" for number in range(PAGE)]
    client, _ = salesmanago([modified(*full, more=False), modified("late", more=False), created()])
    assert [name for some in client.changed_ids(SINCE, SINCE + DAY) for name in some] == [*full, "late"]


@pytest.mark.parametrize("url", ["https://evil.example.com/x", "http://app2.salesmanago.com/x", ["x"], 5])
def test_the_file_of_an_export_is_not_fetched_from_anywhere(salesmanago, url) -> None:
    client, service = salesmanago([yes(requestId=1), yes(fileUrl=url)])
    with pytest.raises((FatalError, RetriableError), match=r"EXPORT_HOSTS|cannot be read"):
        list(client.all_ids())
    assert len(service.calls) == 2


class Exports:
    """The export job: start, poll, download."""

    def __init__(self, *pages: list[str] | None, pending: int = 0) -> None:
        self.pages, self.pending = pages, pending

    def __call__(self, call: Call) -> Reply:
        if call.line.startswith("GET "):
            assert call.body is None
            names = self.pages[int(call.query["page"]) - 1]
            return Reply({"contacts": [{"success": True, "exists": True, **item} for item in items(*(names or []))]})
        if call.line.endswith("job/status"):
            return self._status(call.body["requestId"])
        assert call.line == "POST /api/contact/paginatedContactList/export"
        if call.body["page"] > len(self.pages):
            return yes()
        return yes(requestId=call.body["page"])

    def _status(self, page: int) -> Reply:
        if self.pending:
            self.pending -= 1
            return Reply({"success": False, "message": ["In progress: 10%"]})
        return yes(fileUrl=f"https://files.salesmanago.com/x?page={page}")


@pytest.mark.parametrize("pages", [(["a", "b"], ["b", "c"], []), (["a", "b"], ["c"])], ids=["empty page", "no job"])
def test_all_contacts_come_once(salesmanago, pages) -> None:
    client, _ = salesmanago(Exports(*pages))
    assert [name for some in client.all_ids() for name in some] == ["a", "b", "c"]


def test_an_unfinished_export_is_waited_for_whatever_success_says(salesmanago, waits) -> None:
    client, _ = salesmanago(Exports(["a"], [], pending=5))
    assert list(client.all_ids()) == [["a"]]
    assert len(waits) == 5
    assert waits == sorted(waits)
    assert waits[0] < 1


def test_an_export_that_never_ends_is_given_up(salesmanago, monkeypatch) -> None:
    monkeypatch.setattr("salesmanago_sync.clients.salesmanago_ids.JOB_DEADLINE", 0.01)
    client, _ = salesmanago(Exports(["a"], pending=10_000))
    with pytest.raises(RetriableError, match="not ready"):
        list(client.all_ids())


def test_credentials_refused_while_waiting_are_told(salesmanago) -> None:
    denied = Reply({"success": False, "message": ["Not authenticated"]})
    client, _ = salesmanago([yes(requestId=1), denied])
    with pytest.raises(AuthenticationError):
        list(client.all_ids())


def test_an_account_without_export_is_read_page_by_page(salesmanago) -> None:
    refused = Reply({"success": False, "message": ["No such method"]})
    pages = {(1, PAGE): ["a", "b"], (2, PAGE): ["c"]}

    def answer(call: Call) -> Reply:
        if "export" in call.line:
            return refused
        return yes(contacts=items(*pages.get((call.body["page"], call.body["size"]), [])))

    client, service = salesmanago(answer)
    assert [name for some in client.all_ids() for name in some] == ["a", "b", "c"]
    assert set(service.lines[1:]) == {"POST /api/contact/paginatedListById"}


def test_a_refused_log_in_is_no_reason_to_try_the_other_way(salesmanago) -> None:
    client, service = salesmanago([Reply({"success": False, "message": ["Not authenticated"]})])
    with pytest.raises(AuthenticationError):
        list(client.all_ids())
    assert len(service.calls) == 1


def known(call: Call) -> Reply:
    """An account that knows every contact whose name does not begin with x; those with o belong to another user."""
    key = "contactId" if "ById" in call.line else "email"
    wide = "listAll" in call.line
    names = [name for name in call.body[key] if not name.startswith("x") and (wide or not name.startswith("o"))]
    return yes(contacts=[{"id": name, "email": name.upper(), "name": "N"} for name in reversed(names)])


def test_cards_come_for_every_known_id_by_50(salesmanago) -> None:
    client, service = salesmanago(known)
    ids = [f"id{number}" for number in range(1_010)]
    pages = list(client.cards([*ids, ids[0]]))
    assert {card["id"] for page in pages for card in page} == set(ids)
    assert max(len(call.body["contactId"]) for call in service.calls) == 50
    assert len(service.calls) == 21


def test_unknown_contacts_are_absent_and_other_users_contacts_are_found(salesmanago) -> None:
    client, service = salesmanago(known)
    assert [[card["id"] for card in page] for page in client.cards(["a", "o", "x"])] == [["a"], ["o"]]
    assert service.lines == ["POST /api/contact/listById", *["POST /api/contact/listAllById"] * 2]
    assert [call.body["contactId"] for call in service.calls] == [["a", "o", "x"], ["o", "x"], ["x"]]


@pytest.mark.parametrize("cut", [1, 7, 49])
def test_whom_a_cut_answer_leaves_out_is_not_taken_for_gone(salesmanago, cut) -> None:
    def answer(call: Call) -> Reply:
        return yes(contacts=json.loads(known(call).content)["contacts"][:cut])

    client, service = salesmanago(answer)
    ids = [f"{'oxi'[number % 3]}{number}" for number in range(90)]
    assert {card["id"] for page in client.cards(ids) for card in page} == {one for one in ids if one[0] != "x"}
    assert len(service.calls) <= 2 + 90 // cut + 3


def test_cards_by_address_match_in_any_case(salesmanago) -> None:
    client, service = salesmanago(known)
    assert [len(page) for page in client.cards_by_email(["a@example.com", "o@example.com"])] == [1, 1]
    assert service.lines == ["POST /api/contact/list", "POST /api/contact/listAll"]


def test_a_contact_that_an_answer_names_twice_comes_once(salesmanago) -> None:
    def twice(call: Call) -> Reply:
        return yes(contacts=json.loads(known(call).content)["contacts"] * 2)

    client, _ = salesmanago(twice)
    assert [[card["id"] for card in page] for page in client.cards(["a", "o"])] == [["a"], ["o"]]


def test_unknown_contacts_of_several_batches_are_looked_for_together(salesmanago) -> None:
    client, service = salesmanago(known)
    ids = [f"{'ox'[number % 2] if number % 50 < 2 else 'i'}{number}" for number in range(200)]
    assert {card["id"] for page in client.cards(ids) for card in page} == {one for one in ids if one[0] != "x"}
    assert [line.rpartition("/")[2] for line in service.lines] == [*["listById"] * 4, *["listAllById"] * 2]


def test_cards_that_nobody_has_are_no_page(salesmanago) -> None:
    client, _ = salesmanago(known)
    assert list(client.cards(["x1"])) == []
    assert list(client.cards([])) == []


def test_no_more_than_four_requests_at_once(salesmanago) -> None:
    running, most, lock, full = 0, 0, threading.Lock(), threading.Barrier(4)

    def answer(call: Call) -> Reply:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait(10)  # breaks unless four come together
        with lock:
            running -= 1
        return known(call)

    client, _ = salesmanago(answer)
    list(client.cards(f"id{number}" for number in range(16 * 50)))
    assert most == 4


def test_an_error_in_one_of_many_reads_ends_them(salesmanago) -> None:
    client, _ = salesmanago(lambda _: Reply({"success": False, "message": ["Not authenticated"]}))
    with pytest.raises(AuthenticationError):
        list(client.cards(f"id{number}" for number in range(500)))
