"""The twin as a whole: both systems on one state, what resetting means, and the web applications."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.types import ASGIApp

from twin import salesforce, salesmanago
from twin.people import Population, Seeded, plant
from twin.salesforce.org import Org
from twin.salesforce.text import prepare
from twin.state import State
from twin.wire import Wait, Wire


class Twin:
    """Both systems and what was planted in them.

    Attributes:
        state: What both systems share.
        seeded: What a first full sync of the planted people must report.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.seeded = Seeded()
        if self._laid_out():
            prepare(state.db)
        else:
            self._lay_out()

    @property
    def org(self) -> Org:
        """The Salesforce org."""
        return Org(self.state)

    @property
    def contacts(self) -> salesmanago.Contacts:
        """The SALESmanago contacts."""
        return salesmanago.Contacts(self.state)

    @property
    def populated(self) -> bool:
        """Whether a state file brought people along."""
        return bool(self.contacts.everyone() or self.org.rows("Lead") or self.org.rows("Contact"))

    def reset(self) -> None:
        """Go back to two empty systems."""
        self.state.reset()
        self.seeded = Seeded()
        self._lay_out()

    def seed(self, population: Population) -> Seeded:
        """Plant people in both systems, as well as those who are there."""
        with self.state.transaction():
            self.seeded = self.seeded + plant(self.org, self.contacts, self.state, population)
        return self.seeded

    def _laid_out(self) -> bool:
        # A state file that was used before is left as it is.
        return self.state.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'sf_Account'").fetchone() is not None

    def _lay_out(self) -> None:
        with self.state.transaction():
            salesforce.create_tables(self.state)
            salesmanago.create_tables(self.state)
            # The business account that the connection's `account_name` asks for.
            self.org.insert("Account", {"Name": self.state.credentials.salesmanago.account_name})


def systems(state: State, wait: Wait = asyncio.sleep) -> ASGIApp:
    """Return the web application that serves both systems; `wait` is how it delays an answer."""
    app = Starlette(routes=[*salesmanago.routes(state), *salesforce.routes(state)])
    app.router.redirect_slashes = False  # neither service redirects
    return Wire(app, state, wait)
