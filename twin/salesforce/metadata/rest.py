"""`metadata/deployRequest` of the REST API."""

from __future__ import annotations

import io
import json
from typing import Any

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from twin.salesforce.call import Call, Entry, Reply
from twin.salesforce.errors import ApiError
from twin.salesforce.metadata import deploys
from twin.salesforce.metadata.problems import MetadataError


def start(call: Call) -> Reply:
    """Answer the start of a deployment: a zip and its options as two parts of a form."""
    parts = _parts(call)
    # The documentation calls the part `json`, Salesforce's own clients `entity_content`: its name does not count.
    text = parts.get("json", parts.get("entity_content"))
    if text is None or "file" not in parts:
        raise ApiError("INVALID_MULTIPART_REQUEST", "Multipart message must include a non-binary part and a file")
    try:
        options = json.loads(text)["deployOptions"]
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError("JSON_PARSER_ERROR", f"deployOptions expected: {error}") from error
    try:
        identifier = deploys.deploy(call.org, call.user, parts["file"], options)
    except MetadataError as refused:
        raise _refusal(refused) from refused
    return Reply(_body(call, identifier, pending="Pending", details=False), 201)


def status(call: Call, identifier: str) -> Reply:
    """Answer how a deployment is going."""
    fault = call.org.state.faults.take_kind("salesforce", "job_pending", f"{call.base}/{call.path}")
    details = call.query.get("includeDetails", "false").lower() == "true"
    return Reply(_body(call, identifier, pending="InProgress" if fault else None, details=details))


def _body(call: Call, identifier: str, *, pending: str | None, details: bool) -> dict[str, Any]:
    try:
        found = deploys.find(call.org, identifier)
    except MetadataError as refused:
        raise _refusal(refused, 404) from refused
    result = found["deployResult"]
    if pending:
        result = deploys.unfinished(result, pending)
    if not details:
        result = {**result, "details": None}
    url = f"{call.origin}{call.base}/metadata/deployRequest/{result['id']}"
    options = found["deployOptions"]
    return {"id": result["id"], "url": url, "deployOptions": options, "deployResult": result}


def _parts(call: Call) -> dict[str, bytes]:
    found: dict[str, bytes] = {}

    def keep_field(field: Any) -> None:
        found[field.field_name.decode()] = field.value or b""

    def keep_file(file: Any) -> None:
        file.file_object.seek(0)
        found[file.field_name.decode()] = file.file_object.read()

    headers = {"Content-Type": call.headers.get("content-type", "").encode()}
    try:
        parse_form(headers, io.BytesIO(call.body), keep_field, keep_file)
    except (FormParserError, ValueError) as error:
        raise ApiError("INVALID_MULTIPART_REQUEST", f"not a multipart form: {error}") from error
    return found


def _refusal(refused: MetadataError, http: int | None = None) -> ApiError:
    forbidden = refused.code == "INSUFFICIENT_ACCESS"
    return ApiError(refused.code, refused.message, status=http or (403 if forbidden else 400))


ENTRIES: list[Entry] = [
    ("POST", "metadata/deployRequest", start),
    ("GET", "metadata/deployRequest/{identifier}", status),
]
