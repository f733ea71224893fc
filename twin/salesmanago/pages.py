"""The signed landing page that a CRM shows inside a frame."""

from __future__ import annotations

import hashlib
import hmac
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from twin.salesmanago.store import Contact, Contacts
from twin.state import State

# Who may show the page in a frame: Salesforce, and the twin's own.
MAY_FRAME = " ".join(
    ["'self'", *(f"https://*.{host}.com" for host in ("vf.force", "lightning.force", "my.salesforce", "visualforce"))]
)


def page_route(state: State) -> Route:
    """Return the route of the landing page."""

    async def show(request: Request) -> Response:
        known = state.credentials.salesmanago
        if request.path_params["short_id"] != known.client_id or request.path_params["name"] != known.iframe_name:
            return HTMLResponse("<h1>Page not found</h1>", status_code=404)
        query = request.query_params
        person = query.get("contactId") or query.get("email") or ""
        if not hmac.compare_digest(query.get("sha", "").encode(), page_signature(state, person).encode()):
            return HTMLResponse("<h1>Access denied</h1>", status_code=403)
        shown = _page(_contact(state, query.get("contactId"), query.get("email")))
        return HTMLResponse(shown, headers={"Content-Security-Policy": f"frame-ancestors {MAY_FRAME}"})

    return Route("/ms/{short_id}/{style}/{name}.htm", show)


def page_signature(state: State, person: str) -> str:
    """Return the SHA-1 that opens the page for one contact id or e-mail, or for nobody when it is empty."""
    known = state.credentials.salesmanago
    text = f"{known.client_id}{person}{known.microsite_key}{known.iframe_name}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()  # the service's own formula


def _contact(state: State, contact_id: str | None, email: str | None) -> Contact | None:
    contacts = Contacts(state)
    if contact_id:
        return next(iter(contacts.by_id([contact_id])), None)
    return contacts.one(email) if email else None


def _page(contact: Contact | None) -> str:
    if contact is None:
        return "<!doctype html><title>Contact card</title><h1>Contact card</h1><p>Nobody is selected.</p>"
    title = escape(contact.name or contact.email)
    rows = {"E-mail": contact.email, "Phone": contact.phone, "State": contact.state, "Score": contact.score}
    cells = "".join(f"<tr><th>{name}</th><td>{escape(str(value or ''))}</td></tr>" for name, value in rows.items())
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><table>{cells}</table>"
