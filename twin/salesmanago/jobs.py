"""Long jobs: a number, polls that find it unfinished, and a file to download."""

from __future__ import annotations

import json
from secrets import token_hex

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from twin.salesmanago.api import Call, Method, Payload
from twin.salesmanago.refusal import RefusalError
from twin.state import State

FIRST_JOB = 123_456


def start_job(call: Call, content: object) -> int:
    """Note a job with the content of its file (null: it makes none) and return its number."""
    fault = call.state.faults.take_kind("salesmanago", "job_pending", call.path)
    polls = fault.polls if fault else call.settings["job_polls"]
    body = None if content is None else json.dumps(content)
    (newest,) = call.state.db.execute("SELECT coalesce(max(id), ?) FROM sm_job", (FIRST_JOB,)).fetchone()
    call.state.db.execute("INSERT INTO sm_job VALUES (?, ?, ?, ?)", (newest + 1, token_hex(8), polls, body))
    return int(newest) + 1


def status(call: Call) -> Payload:
    """Tell how far a job is: a progress text while it runs, then the address of its file."""
    job = call.state.db.execute("SELECT * FROM sm_job WHERE id = ?", (call.body.get("requestId"),)).fetchone()
    if job is None:
        raise RefusalError("Request does not exist")
    if job["polls"] > 0:
        call.state.db.execute("UPDATE sm_job SET polls = polls - 1 WHERE id = ?", (job["id"],))
        # What `success` says meanwhile is not known; false catches a client that decides by it.
        return {"success": False, "message": ["Request is being processed"]}
    return {"fileUrl": f"{call.base_url}/files/{job['token']}.json" if job["body"] else None}


def file_route(state: State) -> Route:
    """Return the route of the download, which needs no authentication."""

    async def download(request: Request) -> Response:
        token = request.path_params["token"]
        job = state.db.execute("SELECT body FROM sm_job WHERE token = ? AND polls = 0", (token,)).fetchone()
        if job is None or job["body"] is None:
            return PlainTextResponse("Not Found", status_code=404)
        return Response(job["body"], media_type="application/json")

    return Route("/files/{token}.json", download)


METHODS = (Method("job/status", status),)
