from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.clients.http import RetryPolicy
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesforce_bulk import JobLostError
from salesmanago_sync.clients.session import EndlessAnswerError
from salesmanago_sync.domain.carriage import UNREADABLE
from salesmanago_sync.domain.frames import salesforce_columns, salesforce_frame
from salesmanago_sync.errors import FatalError, RetriableError
from tests.unit.clients.service import Reply, Service, refusal

JOB = "750000000000001AAA"
PATH = f"/services/data/v66.0/jobs/query/{JOB}"
TYPES = {
    "Id": "id",
    "LastName": "string",
    "HasOptedOutOfEmail": "boolean",
    "NumberOfEmployees": "int",
    "AnnualRevenue": "currency",
    "Birthdate": "date",
    "Visited__c": "datetime",
    "SystemModstamp": "datetime",
    "Account.Name": "string",
    "Account.Rating__c": "double",
}


def state(name: str, **more: Any) -> Reply:
    return Reply({"id": JOB, "state": name, **more})


def table(*lines: Sequence[str], locator: str = "null", count: int | None = None, ending: str = "\n") -> Reply:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=ending).writerows(lines)
    told = len(lines) - 1 if count is None else count
    headers = {"Content-Type": "text/csv", "Sforce-Locator": locator, "Sforce-NumberOfRecords": str(told)}
    return Reply(text.getvalue().encode("utf-8", "surrogatepass"), headers=headers)


def test_a_job_is_made_waited_for_read_and_deleted(salesforce, waits) -> None:
    header = ["Id", "Account.Name"]
    client, service = salesforce(
        [
            Reply({"id": JOB, "state": "UploadComplete"}),
            state("UploadComplete"),
            state("InProgress"),
            state("JobComplete", numberRecordsProcessed=3),
            table(header, ["1", "A"], ["2", ""], locator="MTA"),
            table(header, ["3", "C"]),
            Reply(status=204),
        ]
    )
    job = client.jobs.begin("queryAll", "SELECT Id, Account.Name FROM Contact")
    pages = list(client.jobs.pages(job, {"Id": "id", "Account.Name": "string"}, client.jobs.wait(job)))
    client.jobs.end(job)
    assert pages == [{"Id": ["1", "2"], "Account.Name": ["A", None]}, {"Id": ["3"], "Account.Name": ["C"]}]
    assert service.lines == [
        "POST /services/data/v66.0/jobs/query",
        *[f"GET {PATH}"] * 3,
        *[f"GET {PATH}/results"] * 2,
        f"DELETE {PATH}",
    ]
    assert service.calls[0].body["operation"] == "queryAll"
    assert [call.query.get("locator") for call in service.calls[4:6]] == [None, "MTA"]
    assert waits == sorted(waits)


def test_a_job_that_is_never_done_is_left_to_the_next_attempt(salesforce, monkeypatch) -> None:
    monkeypatch.setattr("salesmanago_sync.clients.salesforce_bulk.LONGEST_SECONDS", 0)
    client, _ = salesforce([state("InProgress")])
    with pytest.raises(RetriableError, match="was not done") as raised:
        client.jobs.wait(JOB)
    assert not isinstance(raised.value, JobLostError)


@pytest.mark.parametrize(
    "answer",
    [
        state("Failed", errorMessage="InternalServerError : jan@example.com"),
        state("Aborted"),
        refusal("NOT_FOUND", "The requested resource does not exist", 404),
        refusal("INVALIDJOB", "No such job"),
        refusal("API_VERSION_MISMATCH", "another version", 409),
        state("JobComplete"),
    ],
    ids=["failed", "aborted", "gone", "unknown", "of another version", "uncounted"],
)
def test_a_job_that_will_never_give_rows_is_lost(salesforce, answer) -> None:
    client, _ = salesforce([answer])
    with pytest.raises(JobLostError) as raised:
        client.jobs.wait(JOB)
    assert "example.com" not in str(raised.value)


def test_a_used_up_allowance_loses_no_job(salesforce) -> None:
    client, _ = salesforce([refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)])
    with pytest.raises(FatalError, match="daily API limit"):
        client.jobs.wait(JOB)


@pytest.mark.parametrize(
    "answers",
    [
        [table(["Id"], ["1"], ["2"], count=3)] * 4,
        [table(["Id"], ["1"])],
        [Reply(b'"Id"\n"1"\n"2')] * 4,
        [Reply(b"")],
        [table(["Name"], ["1"], ["2"])],
        [table(["Id"], ["1"], ["2", "x"])],
        [table(["Id"], ["1"], locator="a"), table(["Id"], ["2"], locator="a")],
        [table(["Id"], ["1"], locator="a"), refusal("INVALIDLOCATOR", "Invalid locator")],
    ],
    ids=["short page", "short table", "cut off", "empty", "other columns", "a cell too many", "a circle", "locator"],
)
def test_a_table_that_is_not_whole_is_not_taken_for_whole(salesforce, answers) -> None:
    client, _ = salesforce(list(answers))
    with pytest.raises(JobLostError):
        list(client.jobs.pages(JOB, {"Id": "id"}, 2))


def test_a_page_that_came_short_is_asked_for_again(salesforce) -> None:
    client, _ = salesforce([Reply(b'"Id"\n"1'), table(["Id"], ["1"])])
    assert list(client.jobs.pages(JOB, {"Id": "id"}, 1)) == [{"Id": ["1"]}]


def test_pages_become_smaller_where_records_are_large(salesforce) -> None:
    large = EndlessAnswerError("more than 100 MB")
    client, service = salesforce([large, table(["Id"], ["1"], locator="a"), large, table(["Id"], ["2"])])
    assert list(client.jobs.pages(JOB, {"Id": "id"}, 2)) == [{"Id": ["1"]}, {"Id": ["2"]}]
    asked = [(call.query["maxRecords"], call.query.get("locator")) for call in service.calls]
    assert asked == [("10000", None), ("5000", None), ("5000", "a"), ("2500", "a")]


def test_pages_do_not_become_smaller_for_ever(salesforce) -> None:
    client, service = salesforce(lambda call: EndlessAnswerError("more than 100 MB"))
    with pytest.raises(FatalError, match="more than 100 MB"):
        list(client.jobs.pages(JOB, {"Id": "id"}, 2))
    assert len(service.calls) == 6


def test_empty_cells_are_null_quoted_or_not(salesforce) -> None:
    client, _ = salesforce([Reply(b'\xef\xbb\xbfId,LastName,HasOptedOutOfEmail\n1,,\n2,"",""\n')])
    types = {name: TYPES[name] for name in ("Id", "LastName", "HasOptedOutOfEmail")}
    (page,) = client.jobs.pages(JOB, types, 2)
    assert page == {"Id": ["1", "2"], "LastName": [None, None], "HasOptedOutOfEmail": [None, None]}


TEXTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["#N/A", "null", "true", "0", '"', '""', ",", "a\r\nb", "\n", "a\rb", "=1+1", " a ", "Z", "\ufeffx"]
    ),
    st.text(min_size=1),
)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.none() | st.datetimes(datetime(1700, 1, 1), datetime(3999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ROWS = st.fixed_dictionaries(
    {
        "LastName": TEXTS,
        "HasOptedOutOfEmail": st.none() | st.booleans(),
        "NumberOfEmployees": st.none() | st.integers(),
        "AnnualRevenue": NUMBERS,
        "Birthdate": st.none() | st.dates().map(str),
        "Visited__c": MOMENTS,
        "SystemModstamp": MOMENTS,
        "Account": st.none() | st.fixed_dictionaries({"Name": TEXTS, "Rating__c": NUMBERS}),
    }
)


def as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: as_json(part) for key, part in value.items()}
    return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000") if isinstance(value, datetime) else value


def as_cell(row: Mapping[str, Any], path: str) -> str:
    value: Any = row
    for part in path.split("."):
        value = None if value is None else value[part]
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z") if isinstance(value, datetime) else str(value)


def read(answers: list[Any]) -> Salesforce:
    return Salesforce(Service(answers).connection, RetryPolicy(sleep=lambda seconds: None))


@given(st.lists(ROWS, max_size=5))
def test_records_are_the_same_whichever_way_they_are_read(drawn: list[dict[str, Any]]) -> None:
    rows = [{"Id": f"003{number:012}AAA", **row} for number, row in enumerate(drawn)]
    page = Reply({"totalSize": len(rows), "done": True, "records": [as_json(row) for row in rows]})
    lines = [[as_cell(row, name) for name in TYPES] for row in rows]
    rest = [row for some in read([page]).matching("Contact", list(TYPES)) for row in some]
    bulk = list(read([table(list(TYPES), *lines)]).jobs.pages(JOB, TYPES, len(rows)))
    assert len(bulk) == bool(rows)
    columns = bulk[0] if bulk else {name: list[Any]() for name in TYPES}
    pd.testing.assert_frame_equal(salesforce_frame(rest, list(TYPES)), salesforce_columns(columns, len(rows)))


def test_what_is_no_utf_8_is_unreadable_both_ways() -> None:
    page = Reply(b'{"totalSize": 1, "done": true, "records": [{"Id": "003000000000000AAA", "LastName": "a\xff"}]}')
    cells = Reply(b'"Id","LastName"\n"003000000000000AAA","a\xff"\n')
    types = {"Id": "id", "LastName": "string"}
    (rest,) = read([page]).matching("Contact", list(types))
    (bulk,) = read([cells]).jobs.pages(JOB, types, 1)
    assert bulk == {"Id": ["003000000000000AAA"], "LastName": [UNREADABLE]}
    pd.testing.assert_frame_equal(salesforce_frame(rest, list(types)), salesforce_columns(bulk, 1))
