"""Monitoring: whose visits are followed, and what they did lately; nobody visits anything here."""

from __future__ import annotations

from twin.salesmanago.addressees import addressed
from twin.salesmanago.api import Call, Method, Payload


def stop(call: Call) -> Payload:
    """No longer follow whoever is addressed; it does not move the contact's clock."""
    rows = [(contact.id,) for contact in addressed(call)]
    call.state.db.executemany("INSERT OR IGNORE INTO sm_unmonitored (contact_id) VALUES (?)", rows)
    return {}


def restore(call: Call) -> Payload:
    """Follow them again."""
    rows = [(contact.id,) for contact in addressed(call)]
    call.state.db.executemany("DELETE FROM sm_unmonitored WHERE contact_id = ?", rows)
    return {}


def recent_activity(call: Call) -> Payload:
    """Return what visitors did within a window: an empty list of them."""
    everyone = {contact.id for contact in call.contacts.everyone() if call.owner in contact.owners}
    ignored = {row[0] for row in call.state.db.execute("SELECT contact_id FROM sm_unmonitored")}
    window = {key: call.body.get(key) for key in ("from", "to")}
    counts = {"monitoredContacts": len(everyone - ignored), "totalContacts": len(everyone)}
    return {"recentActivity": {**window, **counts, "customers": []}}


METHODS = (
    Method("contact/stopMonitoring", stop),
    Method("contact/restoreMonitoring", restore),
    Method("contact/recentActivity", recent_activity),
)
