"""Probe answers: what each SALESmanago account was found to do, the newest answer to each question."""

from __future__ import annotations

import sqlalchemy as sa

from salesmanago_sync.domain.probe.answers import AccountAnswer, Conclusion
from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import probe_answers


class ProbeAnswers:
    """The table of these answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, account: str) -> list[AccountAnswer]:
        """Read what is known of an account.

        Args:
            account: Its hash (`Salesmanago.account`).
        """
        query = sa.select(probe_answers).where(probe_answers.c.account == account)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [AccountAnswer(row.question, Conclusion(row.answer, row.words, row.number), row.at) for row in rows]

    def keep(self, account: str, answer: AccountAnswer) -> None:
        """Remember an answer in place of the one before; an unclear one too: what was so is no longer sure."""
        values = {
            "answer": answer.conclusion.answer,
            "words": answer.conclusion.words,
            "number": answer.conclusion.number,
            "at": answer.at,
        }
        insert = self._database.insert(probe_answers).values(account=account, question=answer.question, **values)
        keys = ["account", "question"]
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values))
