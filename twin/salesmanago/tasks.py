"""Tasks: what somebody is to do about a contact."""

from __future__ import annotations

import json

from twin.salesmanago.api import Call, Method, Payload
from twin.salesmanago.refusal import RefusalError
from twin.salesmanago.upsert import usable_email

KEPT = ("note", "date", "cc", "reminder", "realized")


def update_task(call: Call) -> Payload:
    """Add a task, change one, or delete one that is `finished`; a task does not move the contact's clock."""
    asked = call.body.get("smContactTaskReq")
    if not isinstance(asked, dict):
        raise RefusalError("No smContactTaskReq specified")
    number = asked.get("id") or None
    if call.body.get("finished") is True and number is not None:
        call.state.db.execute("DELETE FROM sm_task WHERE id = ?", (_existing(call, number),))
        return {"taskId": number}
    if call.contacts.one(usable_email(asked.get("contactEmail"))) is None:
        raise RefusalError("Contact does not exist")
    told = json.dumps({key: asked[key] for key in ("contactEmail", *KEPT) if key in asked})
    if number is not None:
        call.state.db.execute("UPDATE sm_task SET body = ? WHERE id = ?", (told, _existing(call, number)))
        return {"taskId": number}
    return {"taskId": call.state.db.execute("INSERT INTO sm_task (body) VALUES (?)", (told,)).lastrowid}


def _existing(call: Call, number: object) -> int:
    if isinstance(number, int) and call.state.db.execute("SELECT 1 FROM sm_task WHERE id = ?", (number,)).fetchone():
        return number
    raise RefusalError("Task does not exist")


METHODS = (Method("contact/updateTask", update_task),)
