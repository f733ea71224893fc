"""What SALESmanago's messages mean: one table for requests, one for contacts.

Refusals come with HTTP 200 and words; there are no codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError, SyncError


class RefusedError(FatalError):
    """SALESmanago understood a request and said no; nothing was applied.

    Attributes:
        words: Its own words, masked.
    """

    def __init__(self, where: str, words: str) -> None:
        self.words = mask(words)
        super().__init__(f"{where} was refused{'' if self.words else ', and no reason given'}.")


_CHECK = "Check Client Id, API Secret and Endpoint of the salesmanago connection."
# How a message starts, lower case -> what a person does. All of them stop the run.
AUTHENTICATION: dict[str, str] = {
    "not authenticated, not owner specified": "Fill in Data Owner in the salesmanago connection.",
    "not authenticated, invalid owner": "Set Data Owner to the e-mail address of a SALESmanago user of this account.",
    "not authenticated": _CHECK + " The server of another account (app2, app3, …) answers the same.",
    "user not authenticated": _CHECK,
    "not authorized": _CHECK,
    "authorization failed": _CHECK,
    "api key not specified": _CHECK,
    "token not specified": _CHECK,
    "invalid account": _CHECK,
}
# Words anywhere in a message that mean "later".
BUSY = ("rate limit", "too many requests", "limit of requests")
# Words anywhere in a message about a contact -> our reason. What is not here is REFUSED_BY_SALESMANAGO.
ROWS: dict[str, str] = {
    "no email specified": "NO_EMAIL",
    "email is already": "EMAIL_TAKEN",
    "email already": "EMAIL_TAKEN",
    "already exists": "EMAIL_TAKEN",
    "invalid": "VALUE_INVALID",
    "not valid": "VALUE_INVALID",
    "too long": "VALUE_TOO_LONG",
    "longer than": "VALUE_TOO_LONG",
}
_OTHER_ROW = "REFUSED_BY_SALESMANAGO"


def words_of(envelope: Mapping[str, Any]) -> str:
    """Join the messages of an answer; they come as a list, a text or not at all."""
    message = envelope.get("message")
    parts = message if isinstance(message, list) else [] if message is None else [message]
    values = envelope.get("values")
    # Vendor code shows which field was meant from here; the values themselves are not ours to repeat.
    named = [f"({', '.join(map(str, values))})"] if isinstance(values, Mapping) and values else []
    return "; ".join([*map(str, parts), *named])


def authentication_error(envelope: Mapping[str, Any], where: str) -> AuthenticationError | None:
    """Recognise a refusal of the credentials."""
    words = words_of(envelope)
    for start, advice in AUTHENTICATION.items():
        if words.casefold().startswith(start):
            return AuthenticationError(f"{where}: {start}. {advice}").saying(mask(words))
    return None


def envelope_error(envelope: Mapping[str, Any], where: str) -> SyncError | None:
    """Say what an answer means.

    Args:
        envelope: The parsed body.
        where: The method, for errors.

    Returns:
        Nothing when it succeeded: a success may carry a message too.
    """
    if envelope.get("success") is True:
        return None
    words = words_of(envelope)
    busy = next((word for word in BUSY if word in words.casefold()), None)
    if busy is not None:
        return RetriableError(f"{where}: the service is busy ({busy}).").saying(mask(words))
    return authentication_error(envelope, where) or RefusedError(where, words)


def refused_contact(error: RefusedError) -> Outcome:
    """Make the outcome of a contact that was refused."""
    words = error.words.casefold()
    reason = next((reason for part, reason in ROWS.items() if part in words), _OTHER_ROW)
    return Outcome(ok=False, reason=reason, text=error.words)
