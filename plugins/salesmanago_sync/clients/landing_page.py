"""The signed address of a SALESmanago landing page that shows one contact."""

from __future__ import annotations

from hashlib import sha1
from urllib.parse import quote, urlencode

from salesmanago_sync.clients.endpoint import normalise_endpoint

STYLE = "default"


def landing_page_url(
    endpoint: str,
    client_id: str,
    microsite_key: str,
    name: str,
    contact_id: str | None = None,
    email: str | None = None,
) -> str:
    """Sign the address of a landing page.

    Whoever has the link sees the page: make it when it is looked at, never store it.

    Args:
        endpoint: Endpoint of the account.
        client_id: Client Id of the account.
        microsite_key: MicroSite Key; signs, and is never part of the address.
        name: iFrame Name, the landing page's name.
        contact_id: The contact to show.
        email: The contact to show when its id is not known.

    Returns:
        The address, with neither contact when none is given.
    """
    shown = {"contactId": contact_id} if contact_id is not None else {"email": email} if email is not None else {}
    person = next(iter(shown.values()), "")
    # The vendor documents the order of the parts; SHA-1 is its choice.
    digest = sha1(f"{client_id}{person}{microsite_key}{name}".encode(), usedforsecurity=False).hexdigest()
    page = f"{normalise_endpoint(endpoint)}/ms/{quote(client_id, safe='')}/{STYLE}/{quote(name, safe='')}.htm"
    return f"{page}?{urlencode({**shown, 'sha': digest})}"
