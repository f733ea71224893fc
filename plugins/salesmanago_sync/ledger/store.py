"""The ledger: what the sync remembers from run to run."""

from __future__ import annotations

from datetime import datetime

from salesmanago_sync.ledger.bindings import Bindings
from salesmanago_sync.ledger.changes import Changes
from salesmanago_sync.ledger.choices import HeldChoices
from salesmanago_sync.ledger.consent import Consent
from salesmanago_sync.ledger.decisions import Decisions
from salesmanago_sync.ledger.engine import Database, address, answering, shown
from salesmanago_sync.ledger.events import Events
from salesmanago_sync.ledger.exports import Exports
from salesmanago_sync.ledger.forgetting import People, forget_gone
from salesmanago_sync.ledger.history import History
from salesmanago_sync.ledger.identity import Identity
from salesmanago_sync.ledger.intents import Intents, prune_intents
from salesmanago_sync.ledger.issues import Issues, prune_issues
from salesmanago_sync.ledger.layout_edits import LayoutEdits
from salesmanago_sync.ledger.lock import Lock
from salesmanago_sync.ledger.mapping_state import MappingState
from salesmanago_sync.ledger.migration import migrate
from salesmanago_sync.ledger.org_answers import OrgAnswers
from salesmanago_sync.ledger.probe_answers import ProbeAnswers
from salesmanago_sync.ledger.probe_contacts import ProbeContacts
from salesmanago_sync.ledger.runs import Runs, prune_runs
from salesmanago_sync.ledger.turns import Turns
from salesmanago_sync.pair import FIRST_NAME


class Ledger:
    """All tables of the ledger: a room for each, and what is about the whole.

    Three rooms go through several tables: `people` finds somebody in them and wipes them, `history` tells what happened
    to somebody, and `exports` writes files.

    Frames go in and come out with the column names of `tables`. A method that needs the time takes it as an argument.
    Each method is one transaction; several processes may work at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.bindings = Bindings(database)
        self.events = Events(database)
        self.runs = Runs(database)
        self.changes = Changes(database)
        self.issues = Issues(database)
        self.choices = HeldChoices(database)
        self.decisions = Decisions(database)
        self.consent = Consent(database)
        self.intents = Intents(database)
        self.lock = Lock(database)
        self.turns = Turns(database)
        self.identity = Identity(database)
        self.mapping_state = MappingState(database)
        self.org_answers = OrgAnswers(database)
        self.probe_answers = ProbeAnswers(database)
        self.probe_contacts = ProbeContacts(database)
        self.layout_edits = LayoutEdits(database)
        self.people = People(database)
        self.history = History(database)
        self.exports = Exports(database)

    @classmethod
    def open(cls, url: str, pair: str = FIRST_NAME) -> Ledger:
        """Open the ledger and bring its tables up to date.

        Args:
            url: Where it is.
            pair: Whose it is: the pair that opens a new one keeps it.

        Raises:
            ConfigurationError: The URL is wrong, or the ledger is that of another pair.
            RetriableError: The database does not answer.
        """
        where = address(url)
        database = Database(where)
        with answering(where):
            migrate(database)
        ledger = cls(database)
        try:
            ledger.identity.claim(pair)
        except BaseException:
            ledger.close()
            raise
        return ledger

    @property
    def url(self) -> str:
        """Where the ledger is, without the password."""
        return shown(self._database.engine.url)

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def prune(self, before: datetime, now: datetime) -> None:
        """Delete runs with their changes, closed issues and settled intents that ended before a moment.

        Bindings, their history and consent evidence stay for ever; but of people who were gone on both sides before
        that moment only ids, times and a hash of the address.

        Raises:
            ValueError: The moment has not come yet, so that the present run would be deleted.
        """
        if before > now:
            raise ValueError("only what is past can be deleted")
        with self._database.write() as connection:
            prune_runs(connection, before)
            prune_issues(connection, before)
            prune_intents(connection, before)
            forget_gone(connection, before)
