"""The control port: JSON over HTTP for tests and the demo to plant people and faults, and to see what happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from twin.app import Twin
from twin.faults import Fault
from twin.lies import Lie
from twin.orders import (
    ClockMove,
    ContactEdit,
    Conversion,
    HostileLayout,
    Merge,
    NewField,
    NewSession,
    SalesforceSettings,
    SalesmanagoSettings,
)
from twin.people import Population
from twin.salesforce.errors import ApiError
from twin.salesforce.metadata import hostile
from twin.salesforce.metadata.components import Components
from twin.salesmanago import edits
from twin.salesmanago.cards import full_card
from twin.salesmanago.refusal import RefusalError

Json = Any
Endpoint = Callable[[Request, Json], Json]


class ControlPort:
    """The endpoints of the control port; each takes the parsed body and returns what is answered as JSON."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    # -- the whole twin

    def reset(self, request: Request, body: Json) -> Json:
        """Empty both systems and forget faults, calls, settings and clock."""
        self._twin.reset()
        return {}

    def seed(self, request: Request, body: Json) -> Json:
        """Plant people."""
        return self._twin.seed(Population.model_validate(body)).report()

    def seeded(self, request: Request, body: Json) -> Json:
        """Tell what a first full sync must report."""
        return self._twin.seeded.report()

    def clock(self, request: Request, body: Json) -> Json:
        """Tell the time."""
        return {"now": self._twin.state.clock.now().isoformat()}

    def move_clock(self, request: Request, body: Json) -> Json:
        """Move the clock."""
        self._twin.state.clock.advance(ClockMove.model_validate(body).advance)
        return self.clock(request, body)

    def calls(self, request: Request, body: Json) -> Json:
        """Tell the calls since the last clearing."""
        return self._twin.state.calls.report()

    def clear_calls(self, request: Request, body: Json) -> Json:
        """Forget the calls."""
        self._twin.state.calls.clear()
        return {}

    def faults(self, request: Request, body: Json) -> Json:
        """Tell the faults that are still to happen."""
        return [fault.model_dump() for fault in self._twin.state.faults.all()]

    def plant_fault(self, request: Request, body: Json) -> Json:
        """Plant a fault."""
        return {"id": self._twin.state.faults.plant(Fault.model_validate(body))}

    def clear_faults(self, request: Request, body: Json) -> Json:
        """Remove every fault."""
        self._twin.state.faults.clear()
        return {}

    def lie(self, request: Request, body: Json) -> Json:
        """Let a system lie about one field of one record, or about several."""
        self._twin.state.lies.tell(Lie.model_validate(one) for one in _listed(body))
        return {}

    def tell_the_truth(self, request: Request, body: Json) -> Json:
        """Forget every lie."""
        self._twin.state.lies.forget()
        return {}

    # -- Salesforce

    def records(self, request: Request, body: Json) -> Json:
        """Return the records of an object, deleted ones too with `?deleted=true`."""
        deleted = request.query_params.get("deleted") == "true"
        return self._twin.org.rows(request.path_params["sobject"], with_deleted=deleted)

    def record(self, request: Request, body: Json) -> Json:
        """Return one record, deleted or not."""
        found = self._twin.org.get(request.path_params["sobject"], request.path_params["id"])
        if found is None:
            raise LookupError(request.path_params["id"])
        return found

    def insert_records(self, request: Request, body: Json) -> Json:
        """Store one record or a list, unchecked, and return the ids."""
        with self._twin.state.transaction():
            return {"ids": [self._twin.org.insert(request.path_params["sobject"], record) for record in _listed(body)]}

    def edit_record(self, request: Request, body: Json) -> Json:
        """Change a record as a person would."""
        self._twin.org.edit(request.path_params["sobject"], request.path_params["id"], body)
        return self.record(request, body)

    def delete_record(self, request: Request, body: Json) -> Json:
        """Put a record into the recycle bin."""
        self._twin.org.delete(request.path_params["sobject"], request.path_params["id"])
        return {}

    def undelete_record(self, request: Request, body: Json) -> Json:
        """Take a record out of the recycle bin."""
        with self._twin.state.transaction():
            self._twin.org.undelete(request.path_params["sobject"], request.path_params["id"])
        return self.record(request, body)

    def purge_record(self, request: Request, body: Json) -> Json:
        """Remove a record for good: no feed tells of it."""
        with self._twin.state.transaction():
            self._twin.org.purge(request.path_params["sobject"], request.path_params["id"])
        return {}

    def merge_records(self, request: Request, body: Json) -> Json:
        """Merge one or two records into this one."""
        order = Merge.model_validate(body)
        with self._twin.state.transaction():
            self._twin.org.merge(request.path_params["sobject"], request.path_params["id"], order.losers, order.changes)
        return self.record(request, body)

    def convert_lead(self, request: Request, body: Json) -> Json:
        """Convert a lead and return the ids of its `account` and `contact`."""
        order = Conversion.model_validate(body or {})
        with self._twin.state.transaction():
            return self._twin.org.convert_lead(request.path_params["id"], account=order.account, contact=order.contact)

    def add_field(self, request: Request, body: Json) -> Json:
        """Add a custom field to an object."""
        order = NewField.model_validate(body)
        self._twin.org.add_field(order.sobject, order.field)
        return {}

    def layouts(self, request: Request, body: Json) -> Json:
        """Return the full names of the page layouts."""
        return [one.name for one in Components(self._twin.org).all("Layout")]

    def plant_layout(self, request: Request, body: Json) -> Json:
        """Plant a hostile page layout and return its full name."""
        order = HostileLayout.model_validate(body)
        with self._twin.state.transaction():
            return {"name": hostile.plant(self._twin.org, order.kind, order.owner)}

    def open_session(self, request: Request, body: Json) -> Json:
        """Open a session for a user and return its token."""
        user = NewSession.model_validate(body).user
        if self._twin.org.get("User", user) is None:
            raise LookupError(user)
        token = f"{self._twin.state.credentials.salesforce.organization_id[:15]}!AQ{user}"
        self._twin.state.credentials.salesforce.sessions[token] = user
        return {"access_token": token}

    def salesforce_settings(self, request: Request, body: Json) -> Json:
        """Tell or change the switches of Salesforce."""
        settings = self._twin.state.settings["salesforce"]
        settings.update(SalesforceSettings.model_validate(body or {}).model_dump(exclude_unset=True))
        self._twin.org.follow_settings()
        return settings

    # -- SALESmanago

    def contacts(self, request: Request, body: Json) -> Json:
        """Return every full card, or that of one address with `?email=`."""
        email = request.query_params.get("email")
        store = self._twin.contacts
        return [full_card(contact) for contact in (store.everyone() if email is None else store.by_email([email]))]

    def contact(self, request: Request, body: Json) -> Json:
        """Return one full card."""
        return full_card(edits.found(self._twin.state, request.path_params["id"]))

    def insert_contacts(self, request: Request, body: Json) -> Json:
        """Store one contact or a list and return the ids."""
        orders = [ContactEdit.model_validate(one) for one in _listed(body)]
        with self._twin.state.transaction():
            return {"ids": [edits.insert(self._twin.state, order).id for order in orders]}

    def edit_contact(self, request: Request, body: Json) -> Json:
        """Change a contact as a person would."""
        order = ContactEdit.model_validate(body)
        return full_card(edits.edit(self._twin.state, request.path_params["id"], order))

    def delete_contact(self, request: Request, body: Json) -> Json:
        """Remove a contact for good; `PATCH {"deleted": true}` is the delete that can be undone."""
        self._twin.contacts.remove(edits.found(self._twin.state, request.path_params["id"]).id)
        return {}

    def confirmations(self, request: Request, body: Json) -> Json:
        """Return the addresses that got a double opt-in mail."""
        return [row["email"] for row in self._twin.state.db.execute("SELECT email FROM sm_confirmation ORDER BY rowid")]

    def salesmanago_settings(self, request: Request, body: Json) -> Json:
        """Tell or change the switches of SALESmanago."""
        settings = self._twin.state.settings["salesmanago"]
        settings.update(SalesmanagoSettings.model_validate(body or {}).model_dump(exclude_unset=True))
        return settings


def _listed(body: Json) -> list[Json]:
    return body if isinstance(body, list) else [body]


def control_app(twin: Twin) -> Starlette:
    """Return the web application of the control port."""
    port = ControlPort(twin)
    table: list[tuple[str, dict[str, Endpoint]]] = [
        ("/reset", {"POST": port.reset}),
        ("/people", {"POST": port.seed}),
        ("/seeded", {"GET": port.seeded}),
        ("/clock", {"GET": port.clock, "POST": port.move_clock}),
        ("/calls", {"GET": port.calls, "DELETE": port.clear_calls}),
        ("/faults", {"GET": port.faults, "POST": port.plant_fault, "DELETE": port.clear_faults}),
        ("/lies", {"POST": port.lie, "DELETE": port.tell_the_truth}),
        ("/salesforce/fields", {"POST": port.add_field}),
        ("/salesforce/layouts", {"GET": port.layouts, "POST": port.plant_layout}),
        ("/salesforce/sessions", {"POST": port.open_session}),
        ("/salesforce/settings", {"GET": port.salesforce_settings, "POST": port.salesforce_settings}),
        ("/salesforce/{sobject}", {"GET": port.records, "POST": port.insert_records}),
        (
            "/salesforce/{sobject}/{id}",
            {"GET": port.record, "PATCH": port.edit_record, "DELETE": port.delete_record},
        ),
        ("/salesforce/Lead/{id}/convert", {"POST": port.convert_lead}),
        ("/salesforce/{sobject}/{id}/merge", {"POST": port.merge_records}),
        ("/salesforce/{sobject}/{id}/undelete", {"POST": port.undelete_record}),
        ("/salesforce/{sobject}/{id}/purge", {"POST": port.purge_record}),
        ("/salesmanago/settings", {"GET": port.salesmanago_settings, "POST": port.salesmanago_settings}),
        ("/salesmanago/confirmations", {"GET": port.confirmations}),
        ("/salesmanago/contacts", {"GET": port.contacts, "POST": port.insert_contacts}),
        (
            "/salesmanago/contacts/{id}",
            {"GET": port.contact, "PATCH": port.edit_contact, "DELETE": port.delete_contact},
        ),
    ]
    return Starlette(routes=[_route(path, verbs) for path, verbs in table])


def _route(path: str, verbs: dict[str, Endpoint]) -> Route:
    async def answer(request: Request) -> Response:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else None
            return JSONResponse(verbs[request.method](request, body))
        except ValidationError as error:
            return _fault(400, [_place(one) for one in error.errors()])
        except LookupError as error:
            return _fault(404, [f"not found: {error}"])
        except ApiError as error:
            return _fault(error.status, [str(error)])
        except (ValueError, TypeError, RefusalError) as error:
            return _fault(400, [str(error)])

    return Route(path, answer, methods=list(verbs))


def _place(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _fault(status: int, errors: list[str]) -> Response:
    return JSONResponse({"errors": errors}, status_code=status)
