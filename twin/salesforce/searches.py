"""The query resources: a first page, the pages after it, and their locators."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from twin.salesforce import describe, values
from twin.salesforce.call import Call, Entry, Reply
from twin.salesforce.errors import ApiError, malformed_query
from twin.salesforce.org import Org
from twin.salesforce.query import Result, Statement

LARGEST_PAGE = 2_000
SMALLEST_PAGE = 200
LOCATOR_LIFE = timedelta(days=2)
BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def query(call: Call) -> Reply:
    """Answer `query`: living records alone."""
    return _first(call, deleted=False)


def query_all(call: Call) -> Reply:
    """Answer `queryAll`: the recycle bin included."""
    return _first(call, deleted=True)


def _first(call: Call, *, deleted: bool) -> Reply:
    text = call.query.get("q")
    if not text:
        raise malformed_query("unexpected token: '<EOF>'")
    statement = Statement(call.org, text, deleted=deleted, base=call.base)
    result = statement.run()
    if call.query.get("columns") == "true":
        return Reply(_columns(result))
    if call.org.settings.get("list_twice"):
        result = replace(result, records=[one for record in result.records for one in (record, record)])
    size = _page_size(call)
    if len(result.records) <= size:
        return Reply({"totalSize": result.total, "done": True, "records": result.records})
    return Reply(_store(call, result, size))


def _columns(result: Result) -> dict[str, Any]:
    return {
        "columnMetadata": [describe.column_metadata(one.field, one.name) for one in result.columns],
        "entityName": result.sobject.name,
        "groupBy": False,
        "idSelected": any(one.name == "Id" for one in result.columns),
        "keyPrefix": result.sobject.prefix,
    }


def _page_size(call: Call) -> int:
    size = min(int(call.org.settings.get("page_size", LARGEST_PAGE)), LARGEST_PAGE)
    wanted = BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    if wanted:
        size = min(size, max(SMALLEST_PAGE, int(wanted.group(1))))
    fault = call.org.state.faults.take_kind("salesforce", "short_pages", f"{call.base}/{call.path}")
    return min(size, fault.size) if fault else size


def _store(call: Call, result: Result, size: int) -> dict[str, Any]:
    """Keep the pages after the first and return the first, which names the next."""
    locator = call.org.next_id("0r8")
    now = call.org.now()
    for start in range(size, len(result.records), size):
        page = {"totalSize": result.total, "records": result.records[start : start + size]}
        after = start + size if start + size < len(result.records) else None
        call.org.db.execute(
            "INSERT INTO sf_cursor VALUES (?, ?, ?, ?)", (locator, start, now, json.dumps({**page, "next": after}))
        )
    return _page(call, locator, result.records[:size], result.total, size)


def _page(call: Call, locator: str, records: list[Any], total: int, after: int | None) -> dict[str, Any]:
    more = {} if after is None else {"nextRecordsUrl": f"{call.base}/query/{locator}-{after}"}
    return {"totalSize": total, "done": after is None, **more, "records": records}


def query_more(call: Call, locator: str) -> Reply:
    """Answer the page a locator names."""
    known, _, start = locator.rpartition("-")
    row = call.org.db.execute(
        "SELECT created, page FROM sf_cursor WHERE locator = ? AND start = ?", (known, start)
    ).fetchone()
    if row is None or _too_old(call.org, row["created"]):
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    page = json.loads(row["page"])
    return Reply(_page(call, known, page["records"], page["totalSize"], page["next"]))


def _too_old(org: Org, created: str) -> bool:
    return org.state.clock.now() - values.read_stamp(created) > LOCATOR_LIFE


def tooling_query(call: Call) -> Reply:
    """Answer a tooling query; the twin has no tooling objects with rows."""
    name = re.search(r"\bfrom\s+(\w+)", call.query.get("q", ""), re.IGNORECASE)
    entity = {"entityTypeName": name.group(1) if name else None}
    return Reply({"size": 0, "totalSize": 0, "done": True, "queryLocator": None, **entity, "records": []})


ENTRIES: list[Entry] = [
    ("GET", "query", query),
    ("GET", "queryAll", query_all),
    ("GET", "query/{locator}", query_more),
    ("GET", "queryAll/{locator}", query_more),
    ("GET", "tooling/query", tooling_query),
]
