"""Bulk API 2.0: jobs that are made, fed, polled and read back."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from twin.salesforce import ingest, sheet, values
from twin.salesforce.call import EMPTY, Call, Entry, Reply
from twin.salesforce.errors import ApiError, missing
from twin.salesforce.query import Statement
from twin.salesforce.writes import external_field

OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
DONE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
FINAL = frozenset({DONE, FAILED, ABORTED})
LARGEST_RESULT = 50_000
PAGES_LISTED = 5
KEPT = timedelta(days=7)
QUERY_OPERATIONS = {"query": False, "queryAll": True}
KINDS = {"ingest": "V2Ingest", "query": "V2Query"}
Job = dict[str, Any]


def create_query(call: Call) -> Reply:
    """Answer the creation of a query job."""
    wanted = call.json()
    operation = wanted.get("operation")
    if operation not in QUERY_OPERATIONS:
        raise ApiError("INVALIDJOB", f"Invalid operation: {operation}")
    statement = _statement(call, str(wanted.get("query", "")), operation)
    job = _new(call, wanted, UPLOADED) | {"object": statement.sobject.name}
    _save(call, "query", job, {"query": wanted["query"]})
    return Reply(job)


def _statement(call: Call, text: str, operation: str) -> Statement:
    statement = Statement(call.org, text, deleted=QUERY_OPERATIONS[operation], base=call.base)
    tree = statement.query
    if tree.counts or any(item.kind == "count_of" for item in tree.items):
        raise ApiError("INVALIDJOB", "Aggregate Relationships not supported in Bulk Query")
    if tree.offset:
        raise ApiError("INVALIDJOB", "OFFSET clause not supported in Bulk Query")
    if any(not column.field.stored for column in statement.columns()):
        raise ApiError("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
    return statement


def create_ingest(call: Call) -> Reply:
    """Answer the creation of an ingest job."""
    wanted = call.json()
    operation = wanted.get("operation")
    if operation not in ingest.OPERATIONS:
        raise ApiError("INVALIDJOB", f"Invalid operation: {operation}")
    sobject = call.org.find(str(wanted.get("object", "")))
    if sobject is None:
        raise ApiError("INVALIDENTITY", f"Unable to find object: {wanted.get('object')}")
    extra: Job = {"object": sobject.name}
    if operation == "upsert":
        name = wanted.get("externalIdFieldName")
        if not name:
            raise ApiError("INVALIDJOB", "External ID was blank for an upsert job")
        extra["externalIdFieldName"] = external_field(sobject, str(name)).name
    job = _new(call, wanted, OPEN) | extra
    job["contentUrl"] = f"{call.base.removeprefix('/')}/jobs/ingest/{job['id']}/batches"
    _save(call, "ingest", job, {})
    return Reply(job)


def _new(call: Call, wanted: Job, state: str) -> Job:
    now = call.org.now()
    if not call.org.settings.get("bulk_enabled", True):
        # The code is among those that the guide lists for jobs; it gives no sample of the answer.
        raise ApiError("FEATURENOTENABLED", "Bulk API is not enabled for this user", status=403)
    if wanted.get("contentType", "CSV") != "CSV":
        raise ApiError("INVALIDJOB", f"Unsupported content type: {wanted['contentType']}")
    delimiter, ending = wanted.get("columnDelimiter", "COMMA"), wanted.get("lineEnding", "LF")
    if delimiter not in sheet.DELIMITERS or ending not in sheet.ENDINGS:
        raise ApiError("INVALIDJOB", f"Invalid columnDelimiter or lineEnding: {delimiter}, {ending}")
    return {
        "id": call.org.next_id("750"),
        "operation": wanted["operation"],
        "createdById": call.user,
        "createdDate": now,
        "systemModstamp": now,
        "state": state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": call.version,
        "lineEnding": ending,
        "columnDelimiter": delimiter,
    }


def _save(call: Call, kind: str, job: Job, results: dict[str, Any]) -> None:
    call.org.db.execute(
        "INSERT INTO sf_job VALUES (?, ?, ?, NULL, ?)", (job["id"], kind, json.dumps(job), json.dumps(results))
    )


def _load(call: Call, kind: str, identifier: str) -> tuple[Job, dict[str, Any]]:
    row = call.org.db.execute(
        "SELECT job, results FROM sf_job WHERE substr(id, 1, 15) = ? AND kind = ?", (identifier[:15], kind)
    ).fetchone()
    if row is None:
        raise missing()
    job: Job = json.loads(row["job"])
    if values.read_stamp(job["createdDate"]) + KEPT < values.read_stamp(call.org.now()):
        raise missing()
    return job, json.loads(row["results"])


def _store(call: Call, job: Job, results: dict[str, Any]) -> None:
    job["systemModstamp"] = call.org.now()
    call.org.db.execute(
        "UPDATE sf_job SET job = ?, results = ? WHERE id = ?", (json.dumps(job), json.dumps(results), job["id"])
    )


def _body(call: Call, job: Job) -> bytes:
    return bytes(call.org.db.execute("SELECT body FROM sf_job WHERE id = ?", (job["id"],)).fetchone()[0] or b"")


def upload(call: Call, identifier: str) -> Reply:
    """Answer the one upload of an ingest job."""
    job, _ = _load(call, "ingest", identifier)
    if job["state"] != OPEN or _body(call, job):
        raise ApiError("INVALIDJOBSTATE", f"Found multiple contents for job: <{job['id']}>")
    call.org.db.execute("UPDATE sf_job SET body = ? WHERE id = ?", (call.body, job["id"]))
    return Reply(status=201)


def change(call: Call, kind: str, identifier: str) -> Reply:
    """Answer a change of state: an upload is complete, or the job is given up."""
    job, results = _load(call, kind, identifier)
    wanted = call.json().get("state")
    allowed = {(OPEN, UPLOADED), (OPEN, ABORTED), (UPLOADED, ABORTED), (RUNNING, ABORTED)}
    if (job["state"], wanted) not in allowed:
        raise ApiError("INVALIDJOBSTATE", f"Job state cannot be changed from {job['state']} to {wanted}")
    job["state"] = wanted
    _store(call, job, results)
    return Reply(job)


def status(call: Call, kind: str, identifier: str) -> Reply:
    """Answer how far a job is."""
    job, results = _advance(call, kind, identifier)
    counts = {name: results.get(name, 0) for name in ("numberRecordsProcessed", "numberRecordsFailed")}
    if kind == "query":
        counts.pop("numberRecordsFailed")
    more: Job = {"jobType": KINDS[kind], "retries": 0, "totalProcessingTime": 334, **counts}
    if kind == "query":
        more["isPkChunkingSupported"] = job["object"] in {"Account", "Contact", "Lead"}
    else:
        more |= {"apiActiveProcessingTime": 300, "apexProcessingTime": 0}
    if "errorMessage" in results:
        more["errorMessage"] = results["errorMessage"]
    return Reply(job | more)


def _advance(call: Call, kind: str, identifier: str) -> tuple[Job, dict[str, Any]]:
    """Return a job after letting it work: it runs between two calls unless a fault holds it up."""
    job, results = _load(call, kind, identifier)
    if job["state"] not in {UPLOADED, RUNNING}:
        return job, results
    fault = call.org.state.faults.take_kind("salesforce", "job_pending", f"{call.base}/{call.path}")
    pending = fault.polls if fault else results.get("pending", 0)
    if pending > 0:
        job["state"], results["pending"] = RUNNING, pending - 1
    else:
        work = _run_query if kind == "query" else _run_ingest
        job["state"], results = work(call, job, results)
    _store(call, job, results)
    return job, results


def _run_query(call: Call, job: Job, results: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    fault = call.org.state.faults.take_kind("salesforce", "job_failed", f"{call.base}/{call.path}")
    if fault is not None:
        return FAILED, {**results, "errorMessage": str(fault.body)}
    found = _statement(call, results["query"], job["operation"]).run()
    names = [column.name for column in found.columns]
    cells = (json.dumps([_cell(record, name) for name in names]) for record in found.records)
    rows = ((job["id"], place, row) for place, row in enumerate(cells))
    call.org.db.executemany("INSERT INTO sf_result VALUES (?, ?, ?)", rows)
    return DONE, {**results, "columns": names, "numberRecordsProcessed": len(found.records)}


def _cell(record: dict[str, Any], name: str) -> str:
    value: Any = record
    for part in name.split("."):
        value = None if value is None else value[part]
    text = values.cell(value)
    # Bulk results write moments with a Z.
    return text.replace("+0000", "Z") if text.endswith(".000+0000") else text


def _run_ingest(call: Call, job: Job, results: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    try:
        outcome = ingest.run(call, job, _body(call, job))
    except ingest.JobFailedError as failed:
        rows = {"columns": failed.columns, "unprocessed": failed.rows, "successful": [], "failed": []}
        return FAILED, {**results, **rows, "errorMessage": str(failed)}
    done = len(outcome["successful"]) + len(outcome["failed"])
    return DONE, {**results, **outcome, "numberRecordsProcessed": done, "numberRecordsFailed": len(outcome["failed"])}


def results_of_query(call: Call, identifier: str) -> Reply:
    """Answer one page of a query job's rows."""
    job, results = _finished(call, "query", identifier)
    if job["apiVersion"] != call.version:
        raise ApiError("API_VERSION_MISMATCH", "The job was created with another API version", status=409)
    count: int = results["numberRecordsProcessed"]
    start, size = _offset(call.query.get("locator"), count), _page_size(call)
    rows = [
        json.loads(row["cells"])
        for row in call.org.db.execute(
            "SELECT cells FROM sf_result WHERE job = ? AND place >= ? AND place < ? ORDER BY place",
            (job["id"], start, start + size),
        )
    ]
    more = start + size < count
    headers = {
        "Sforce-NumberOfRecords": str(len(rows)),
        # The word null marks the last page.
        "Sforce-Locator": _locator(start + size) if more else "null",
    }
    return _csv(sheet.write([results["columns"], *rows], job), headers)


def _page_size(call: Call) -> int:
    fault = call.org.state.faults.take_kind("salesforce", "short_pages", f"{call.base}/{call.path}")
    largest = min(fault.size, LARGEST_RESULT) if fault else LARGEST_RESULT
    wanted = call.query.get("maxRecords", str(largest))
    if not (wanted.isascii() and wanted.isdigit()) or int(wanted) < 1:
        raise ApiError("INVALIDJOB", f"Invalid maxRecords: {wanted}")
    return min(int(wanted), largest)


def result_pages(call: Call, identifier: str) -> Reply:
    """Answer links to the pages of a query job's rows, which may be read side by side."""
    job, results = _finished(call, "query", identifier)
    count: int = results["numberRecordsProcessed"]
    first = _offset(call.query.get("locator"), count)
    starts = range(first, max(count, 1), LARGEST_RESULT)
    base = f"{call.base}/jobs/query/{job['id']}"
    pages = [{"resultUrl": f"{base}/results?locator={_locator(start)}"} for start in starts[:PAGES_LISTED]]
    answer: dict[str, Any] = {"resultPages": pages, "done": len(starts) <= PAGES_LISTED}
    if not answer["done"]:
        answer["nextRecordsUrl"] = f"{base}/resultPages?locator={_locator(starts[PAGES_LISTED])}"
    return Reply(answer)


def _finished(call: Call, kind: str, identifier: str) -> tuple[Job, dict[str, Any]]:
    job, results = _advance(call, kind, identifier)
    if job["state"] != DONE and not (kind == "ingest" and job["state"] in FINAL):
        raise ApiError("INVALIDJOBSTATE", f"The job is not complete: {job['state']}")
    return job, results


def _locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _offset(locator: str | None, count: int) -> int:
    """Return where a page begins; a locator that this job never gave is refused."""
    if not locator:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        start = -1
    if not 0 <= start < max(count, 1) or locator != _locator(start):
        raise ApiError("INVALIDLOCATOR", "Invalid locator")
    return start


def ingest_results(call: Call, identifier: str, kind: str) -> Reply:
    """Answer one of the three row sets of an ingest job."""
    job, results = _finished(call, "ingest", identifier)
    name = {"successfulresults": "successful", "failedresults": "failed", "unprocessedrecords": "unprocessed"}.get(
        kind.lower()
    )
    if name is None:
        raise missing()
    lead = {"successful": ["sf__Id", "sf__Created"], "failed": ["sf__Id", "sf__Error"], "unprocessed": []}[name]
    header = [*lead, *results.get("columns", [])]
    # The order of results is not promised, so it is not the order of the upload.
    rows = list(reversed(results.get(name, [])))
    return _csv(sheet.write([header, *rows], job), {})


def _csv(content: bytes, headers: dict[str, str]) -> Reply:
    # As a real org sends it: no charset, though the bytes are UTF-8.
    return Reply(raw=content, headers={"Content-Type": "text/csv", **headers})


def remove(call: Call, kind: str, identifier: str) -> Reply:
    """Answer the deletion of a job."""
    job, _ = _load(call, kind, identifier)
    if job["state"] not in FINAL | {UPLOADED}:
        raise ApiError("INVALIDJOBSTATE", f"Job state {job['state']} does not allow deletion")
    call.org.db.execute("DELETE FROM sf_job WHERE id = ?", (job["id"],))
    call.org.db.execute("DELETE FROM sf_result WHERE job = ?", (job["id"],))
    return EMPTY


def listed(call: Call, kind: str) -> Reply:
    """Answer the list of jobs of a kind."""
    rows = call.org.db.execute("SELECT job FROM sf_job WHERE kind = ? ORDER BY id DESC", (kind,))
    records = [json.loads(row["job"]) | {"jobType": KINDS[kind]} for row in rows]
    return Reply({"done": True, "records": records, "nextRecordsUrl": None})


def _of(handler: Any, kind: str) -> Any:
    def bound(call: Call, **parameters: str) -> Reply:
        reply: Reply = handler(call, kind, **parameters)
        return reply

    return bound


ENTRIES: list[Entry] = [
    ("POST", "jobs/query", create_query),
    ("POST", "jobs/ingest", create_ingest),
    ("PUT", "jobs/ingest/{identifier}/batches", upload),
    ("GET", "jobs/query/{identifier}/results", results_of_query),
    ("GET", "jobs/query/{identifier}/resultPages", result_pages),
    ("GET", "jobs/ingest/{identifier}/{kind}", ingest_results),
    *(
        entry
        for kind in KINDS
        for entry in (
            ("GET", f"jobs/{kind}", _of(listed, kind)),
            ("GET", f"jobs/{kind}/{{identifier}}", _of(status, kind)),
            ("PATCH", f"jobs/{kind}/{{identifier}}", _of(change, kind)),
            ("DELETE", f"jobs/{kind}/{{identifier}}", _of(remove, kind)),
        )
    ),
]
