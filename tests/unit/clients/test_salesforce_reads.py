from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from urllib.parse import quote

import pytest
import requests

from salesmanago_sync.clients.http import Replay
from salesmanago_sync.clients.soql import LONGEST_QUERY
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError
from tests.unit.clients.service import Call, Reply, refusal

SINCE = datetime(2026, 11, 1, 10, tzinfo=UTC)
UNTIL = datetime(2026, 11, 2, 10, 0, 0, 999_999, tzinfo=UTC)
BASE = "/services/data/v66.0"
LOST = refusal("INVALID_QUERY_LOCATOR", "invalid query locator")


def row(number: int, **fields: object) -> dict[str, object]:
    attributes = {"type": "Contact", "url": f"{BASE}/sobjects/Contact/{number}"}
    stamp = f"2026-11-01T10:00:{number:02}.000+0000"
    return {"attributes": attributes, "Id": f"003{number:012}AAA", "SystemModstamp": stamp, **fields}


def page(*rows: dict[str, object], more: str | None = None, of: int | None = None) -> Reply:
    extra = {} if more is None else {"nextRecordsUrl": f"{BASE}/query/{more}"}
    size = len(rows) if of is None else of
    return Reply({"totalSize": size, "done": more is None, "records": list(rows), **extra})


def test_a_window_is_read_in_a_total_order_with_deleted_records(salesforce) -> None:
    client, service = salesforce([page(row(1), more="a"), page(more="b"), page(row(2))])
    pages = list(client.changed("Contact", ["Id", "Email"], SINCE, UNTIL, "IsPersonAccount = false"))
    assert [[record["Id"][-4] for record in rows] for rows in pages] == [["1"], ["2"]]
    assert "attributes" not in pages[0][0]
    assert service.lines == [f"GET {BASE}/queryAll", f"GET {BASE}/query/a", f"GET {BASE}/query/b"]
    assert service.calls[0].soql == (
        "SELECT Id, Email, SystemModstamp FROM Contact WHERE (SystemModstamp >= 2026-11-01T10:00:00Z AND "
        "SystemModstamp < 2026-11-02T10:00:00Z) AND (IsPersonAccount = false) ORDER BY SystemModstamp, Id"
    )


def test_a_lost_cursor_goes_on_from_the_last_row(salesforce) -> None:
    client, service = salesforce([page(row(1), row(2), more="a"), LOST, page(row(3))])
    pages = list(client.changed("Contact", ["Id"], SINCE, UNTIL))
    assert [record["Id"][-4] for rows in pages for record in rows] == ["1", "2", "3"]
    stamp = "2026-11-01T10:00:02.000Z"
    after = f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{row(2)['Id']}'))"
    assert after in service.calls[2].soql
    assert service.calls[2].line == f"GET {BASE}/queryAll"


def test_a_cursor_that_is_lost_again_and_again_ends_the_read(salesforce) -> None:
    client, service = salesforce(lambda call: LOST if "/query/" in call.line else page(row(1), more="a"))
    with pytest.raises(RetriableError, match="again and again"):
        list(islice(client.matching("Contact", ["Id"]), 20))
    assert len(service.calls) < 20


@pytest.mark.parametrize(
    "answers",
    [
        [page(row(1), of=2)],
        [page(row(1), more="a", of=3), page(row(2))],
        [Reply({"totalSize": 2, "done": False, "records": [row(1)]})],
        [Reply({"done": False, "records": [row(1)]})],
    ],
    ids=["fewer than it counts", "fewer over two pages", "not done, and no next page", "no count, and no next page"],
)
def test_a_list_that_ends_before_its_end_is_not_taken_for_whole(salesforce, answers) -> None:
    for ask in (
        lambda client: list(client.changed("Contact", ["Id"], SINCE, UNTIL)),
        lambda client: client.moved("Contact", SINCE, "Email", 100),
        lambda client: client.stamps("Contact", [str(row(1)["Id"])]),
    ):
        client, _ = salesforce(list(answers))
        with pytest.raises(RetriableError, match=r"queryAll Contact: \d rows came of"):
            ask(client)


def test_no_more_than_some_records_that_moved_are_read(salesforce) -> None:
    client, service = salesforce([page(row(1), row(2), more="a", of=9), page(row(3), more="b", of=9)])
    assert len(client.moved("Contact", SINCE, "Email", 3)) == 3
    assert service.calls[0].soql == (
        "SELECT Id, SystemModstamp, Email FROM Contact WHERE SystemModstamp >= 2026-11-01T10:00:00Z LIMIT 3"
    )
    assert len(service.calls) == 2


def test_the_records_that_moved_last_are_named_in_one_call(salesforce) -> None:
    client, service = salesforce([page(row(2), row(1), more="a", of=9)])
    assert client.newest("Lead", 2, "City = 'Łódź'") == [row(2)["Id"], row(1)["Id"]]
    assert [call.soql for call in service.calls] == [
        "SELECT Id FROM Lead WHERE City = 'Łódź' ORDER BY SystemModstamp DESC LIMIT 2"
    ]


def test_whom_a_cut_answer_leaves_out_is_asked_for_by_a_query(salesforce) -> None:
    client, _ = salesforce([Reply([row(1)]), page(row(2), row(3))])
    ids = [str(row(number)["Id"]) for number in (1, 2, 3)]
    assert [record["Id"] for record in client.retrieve("Contact", ids, ["Email"])] == ids


def test_a_full_read_goes_by_id_and_leaves_out_deleted_records(salesforce) -> None:
    client, service = salesforce([page(row(1), more="a"), LOST, page(row(2))])
    assert len(list(client.matching("Lead", ["Email"], "Status = 'Open' OR Status = 'New'"))) == 2
    assert service.calls[0].soql == ("SELECT Email, Id FROM Lead WHERE Status = 'Open' OR Status = 'New' ORDER BY Id")
    assert service.calls[2].soql.endswith(
        f"WHERE (Status = 'Open' OR Status = 'New') AND (Id > '{row(1)['Id']}') ORDER BY Id"
    )
    assert service.lines[0] == f"GET {BASE}/query"


def test_a_record_that_an_answer_names_twice_is_found_once(salesforce) -> None:
    client, _ = salesforce([page(row(1), row(2), row(1), row(2))])
    found = client.find("Account", "Name", ["Acme"], ["Id"])
    assert [one["Id"] for one in found] == [row(1)["Id"], row(2)["Id"]]


def test_parents_are_cleaned_and_null_stays_null(salesforce) -> None:
    parent = {"attributes": {"type": "Account"}, "Name": "A"}
    client, _ = salesforce([page(row(1, Account=parent), row(2, Account=None, Score__c=0))])
    ((first, second),) = client.matching("Contact", ["Account.Name"])
    assert first["Account"] == {"Name": "A"}
    assert (second["Account"], second["Score__c"]) == (None, 0)


def test_values_are_escaped(salesforce) -> None:
    client, service = salesforce([page()])
    client.find("Contact", "Email", ["o'neil@example.com", r"back\slash"], ["Id"], "IsPersonAccount = false")
    assert r"Email IN ('o\'neil@example.com','back\\slash')" in service.calls[0].soql


def test_a_long_list_is_asked_for_in_addresses_that_are_not_too_long(salesforce) -> None:
    emails = [f"person.number.{number}@example.com" for number in range(1_500)]
    client, service = salesforce(lambda call: page())
    client.find("Contact", "Email", emails + emails, ["Id", "Email"], "IsPersonAccount = false")
    assert 1 < len(service.calls) < 10
    assert all(len(quote(call.soql, safe="")) <= LONGEST_QUERY for call in service.calls)
    assert all(sum(email in call.soql for call in service.calls) == 1 for email in emails[:50] + emails[-50:])


def test_no_values_no_request(salesforce) -> None:
    client, _ = salesforce([])
    assert client.find("Contact", "Email", [], ["Id"]) == []
    assert client.retrieve("Contact", [], ["Id"]) == []


def test_a_query_that_cannot_fit_says_what_to_do(salesforce) -> None:
    client, _ = salesforce([])
    with pytest.raises(FatalError, match="Map fewer fields"):
        list(client.matching("Contact", ["Id"], "x" * LONGEST_QUERY))


def test_records_by_id_and_what_became_of_the_missing_ones(salesforce) -> None:
    client, service = salesforce([Reply([row(1), None]), page(row(2, IsDeleted=True))])
    rows = client.retrieve("Contact", [str(row(1)["Id"]), str(row(2)["Id"]), str(row(1)["Id"])], ["Email"])
    assert [record.get("IsDeleted") for record in rows] == [None, True]
    assert service.lines == [f"POST {BASE}/composite/sobjects/Contact", f"GET {BASE}/queryAll"]
    assert service.calls[0].body == {"ids": [row(1)["Id"], row(2)["Id"]], "fields": ["Id", "Email", "IsDeleted"]}
    assert f"Id IN ('{row(2)['Id']}')" in service.calls[1].soql


def test_records_with_parents_are_queried(salesforce) -> None:
    client, service = salesforce([page(row(1))])
    client.retrieve("Contact", [str(row(1)["Id"])], ["Account.Name"])
    assert service.lines == [f"GET {BASE}/queryAll"]


def test_an_id_of_15_characters_is_the_same_record(salesforce) -> None:
    client, _ = salesforce([Reply([{"Id": "003000000000001AAA"}])])
    assert len(client.retrieve("Contact", ["003000000000001"], ["Email"])) == 1


USAGE = "api-usage=18/15000; per-app-api-usage=1/2(appName=x)"


def answer(call: Call) -> Reply:
    replies = {
        f"GET {BASE}": {},
        f"GET {BASE}/limits": {"DailyApiRequests": {"Max": 15000, "Remaining": 1}},
        f"GET {BASE}/sobjects/Lead/describe": {"name": "Lead", "fields": []},
        "GET /services/oauth2/userinfo": {"user_id": "005000000000001AAA"},
        f"GET {BASE}/query": {"totalSize": 7, "done": True, "records": [row(1, Name="Org")]},
    }
    return Reply(
        replies[call.line], headers={"Sforce-Limit-Info": "api-usage=18/15000; per-app-api-usage=1/2(appName=x)"}
    )


def test_what_the_org_says_of_itself(salesforce) -> None:
    client, service = salesforce(answer)
    assert client.server_time().isoformat() == "2026-11-15T12:00:00+00:00"
    assert client.limits()["DailyApiRequests"]["Remaining"] == 1
    assert client.describe("Lead")["name"] == "Lead"
    assert client.user_id() == "005000000000001AAA"
    assert client.organization()["Name"] == "Org"
    assert "attributes" not in client.permissions()
    assert client.count("Lead", "Status = 'Open'") == 7
    assert service.calls[-1].soql == "SELECT COUNT() FROM Lead WHERE Status = 'Open'"
    assert (client.usage, client.calls) == ((18, 15_000), len(service.calls))


def test_an_org_that_hides_itself(salesforce) -> None:
    client, _ = salesforce([page()])
    with pytest.raises(AuthenticationError, match="UserPermissionAccess"):
        client.permissions()


def test_a_read_is_repeated_with_the_same_headers_and_query(salesforce) -> None:
    reset = requests.exceptions.ConnectionError(ConnectionResetError())
    broken = [reset, Reply(b'{"half'), Reply(b"<html>", 502), page(row(1))]
    client, service = salesforce(broken)
    assert client.find("Contact", "Email", ["a@example.com"], ["Id"])
    assert len({call.url for call in service.calls}) == 1
    assert len({call.headers["Authorization"] for call in service.calls}) == 1
    assert len(service.calls) == 4


def test_errors_hold_no_query_and_no_address(salesforce) -> None:
    client, _ = salesforce([refusal("INVALID_FIELD", "\nWHERE Email IN ('a@example.com')\n ^\nNo such column 'Foo'")])
    with pytest.raises(FatalError) as caught:
        client.find("Contact", "Email", ["a@example.com"], ["Foo"])
    assert "example.com" not in str(caught.value)
    assert "q=" not in str(caught.value)
    assert "Check the permission set" in str(caught.value)


def test_the_daily_limit_is_not_asked_again(salesforce) -> None:
    client, service = salesforce([refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)])
    with pytest.raises(FatalError, match="daily API limit"):
        client.limits()
    assert len(service.calls) == 1


def test_every_kind_of_replay_says_why() -> None:
    assert all(" " in replay.value for replay in Replay)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("per-app-api-usage=1/2(appName=x), api-usage=18/15000", (18, 15_000)),
        ("per-app-api-usage=1/2(appName=x)", None),
        ("api-usage=many", None),
        ("api-usage=5/0", None),
    ],
)
def test_what_one_application_used_is_not_what_the_org_used(
    salesforce, told: str, known: tuple[int, int] | None
) -> None:
    client, _ = salesforce([Reply({"records": [], "done": True, "totalSize": 0}, headers={"Sforce-Limit-Info": told})])
    client.count("Lead", "")
    assert client.usage == known
