"""A logical refusal: HTTP 200 with `success: false` and the service's words."""

from __future__ import annotations


class RefusalError(Exception):
    """The service understood the request and says no.

    Texts are those of the API reference where one is known: `Not authenticated`, its two owner variants,
    `No email specified`. All others are this project's wording, because no source shows the real one.
    """

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)
