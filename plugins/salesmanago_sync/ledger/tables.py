"""The tables of the ledger.

Frames carry the same column names. Text columns hold JSON only where the name says so in its comment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class Instant(sa.TypeDecorator[datetime]):
    """A moment, stored as UTC; it comes back aware, also from SQLite, which knows no time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse a moment without a time zone: nobody could tell what it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Read SQLite's text as the UTC that it is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _text(name: str, default: str | None = None) -> sa.Column[Any]:
    if default is None:
        return sa.Column(name, sa.Text)
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _needed(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _when(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, Instant, nullable=nullable)


bindings = sa.Table(
    "bindings",
    metadata,
    _key(),
    _needed("object"),
    sa.Column("salesforce_id", sa.Text, nullable=False, unique=True),
    sa.Column("salesmanago_id", sa.Text, nullable=False, unique=True),
    _text("status", "active"),
    _needed("matched_by"),
    _text("base", "{}"),  # JSON: field key → [Salesforce value, SALESmanago value]
    _when("salesforce_person_clock"),
    _when("salesforce_written_at"),
    _when("salesmanago_person_clock"),
    _when("salesmanago_written_at"),
    _text("salesforce_written", "[]"),  # JSON: field keys whose kept value has not been seen yet
    _text("salesmanago_written", "[]"),
    _text("bounces", "{}"),  # JSON
    _text("owed", "{}"),  # JSON: what is still to be written (domain.merge.owed) → why
    # A keyed hash of the address, only of people who were deleted or merged away: whoever has it is not created again.
    _text("email"),
    _when("checked_at"),  # when both sides were last read, consent above all
    _when("created_at", nullable=False),
    _when("updated_at", nullable=False),
    sa.Column("created_by_run", sa.Integer),
    sa.Index(None, "email"),
    sa.Index(None, "status", "checked_at"),
    sa.Index(None, "created_by_run"),
    sa.Index(None, "salesmanago_written_at"),
)

binding_events = sa.Table(
    "binding_events",
    metadata,
    _key(),
    sa.Column("binding_id", sa.Integer),
    _needed("object"),
    _text("salesforce_id", ""),
    _text("salesmanago_id", ""),
    _needed("event"),
    _text("note", ""),
    sa.Column("run_id", sa.Integer),
    _when("at", nullable=False),
    sa.Index(None, "binding_id"),
    sa.Index(None, "salesforce_id"),
    sa.Index(None, "salesmanago_id"),
)

runs = sa.Table(
    "runs",
    metadata,
    _key(),
    _needed("dag_id"),
    _needed("dag_run_id"),
    _needed("mode"),
    sa.Column("dry_run", sa.Boolean, nullable=False),
    sa.Column("restricted", sa.Boolean, nullable=False),
    _text("state", "running"),
    _when("started_at", nullable=False),
    _when("finished_at"),
    sa.Column("window", sa.JSON(none_as_null=True)),
    sa.Column("mapping_digests", sa.JSON(none_as_null=True)),
    sa.Column("totals", sa.JSON(none_as_null=True)),
    _text("note", ""),
    _text("step", ""),
    _when("step_at"),
    _count("records_read"),
    _count("salesforce_calls"),
    _count("salesmanago_calls"),
    sa.Column("salesforce_calls_today", sa.Integer),
    sa.Column("salesforce_calls_allowed", sa.Integer),
    _text("salesforce_address", ""),
    _count("attempt"),  # the number that its last attempt works, or worked, under
    sa.Column("calls_planned", sa.JSON(none_as_null=True)),  # requests to each service that writing would take
    sa.Column("question", sa.JSON(none_as_null=True)),  # what it asks before it writes, and the answer
    _when("waits_until"),  # for that answer; nothing once it does not wait
    _text("service_words", ""),  # what a service said when it refused a whole request: may hold personal data
    sa.UniqueConstraint("dag_id", "dag_run_id"),
)

changes = sa.Table(
    "changes",
    metadata,
    _key(),
    sa.Column("run_id", sa.Integer, nullable=False),
    _needed("object"),
    _needed("direction"),
    _needed("action"),
    _text("salesforce_id", ""),
    _text("salesmanago_id", ""),
    _text("field", ""),
    _text("old"),
    _text("new"),
    _text("rule"),
    _text("state", "planned"),
    _text("reason"),
    _when("at", nullable=False),
    _text("held"),  # JSON: raw values from before the write, where the canonical old value would lose their spelling
    sa.Column("delay_seconds", sa.Integer),  # from the change on the other side to its arrival here
    sa.Index(None, "run_id", "salesforce_id", "salesmanago_id"),
)

issues = sa.Table(
    "issues",
    metadata,
    _key(),
    _needed("object"),
    _text("salesforce_id", ""),
    _text("salesmanago_id", ""),
    _text("field", ""),
    _text("direction", ""),
    _needed("reason"),
    _text("text", ""),
    _text("values"),  # JSON
    _text("state", "open"),
    _when("first_seen", nullable=False),
    _when("last_seen", nullable=False),
    _when("closed_at"),
    sa.Column("attempts", sa.Integer, nullable=False),
    _when("next_attempt_at"),
    sa.Column("first_run", sa.Integer, nullable=False),
    sa.Column("last_run", sa.Integer, nullable=False),
    sa.Column("closed_run", sa.Integer),
    sa.Column("came_back", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("fingerprint", ""),
    _text("decided_by", ""),  # who dismissed it, or had it tried again, last
    # In this order, so that a record's issues are found by its ids.
    sa.UniqueConstraint("salesforce_id", "salesmanago_id", "object", "field", "reason"),
    sa.Index(None, "salesmanago_id"),
    sa.Index(None, "state", "next_attempt_at"),
)

PENDING = sa.text("state = 'pending'")

intents = sa.Table(
    "intents",
    metadata,
    _key(),
    _needed("object"),
    _needed("salesmanago_id"),
    sa.Column("run_id", sa.Integer, nullable=False),
    _when("created_at", nullable=False),
    _text("state", "pending"),
    _text("salesforce_id"),
    _when("settled_at"),
    # One create of a person can be under way at a time.
    sa.Index(
        "uq_intents_pending",
        "object",
        "salesmanago_id",
        unique=True,
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    ),
)

mapping_state = sa.Table(
    "mapping_state",
    metadata,
    sa.Column("object", sa.Text, primary_key=True),
    _needed("digest_at_full_sync"),
    _when("full_sync_at", nullable=False),
    sa.Column("fields_at_full_sync", sa.JSON(none_as_null=True)),  # keys of its lines; null where nobody knows
)

run_lock = sa.Table(
    "run_lock",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _needed("owner"),
    _when("heartbeat_at", nullable=False),
    _when("expires_at", nullable=False),
    _text("note", ""),
    _count("attempt"),  # the number that was given last; it only grows
)

# One row: which ledger this is, so that another one in its place is noticed.
identity = sa.Table(
    "identity",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _when("made_at", nullable=False),
    _text("address_key", ""),  # for the hashes of addresses
    _text("pair"),  # whose ledger it is; nothing until a pair has opened it
)

# One row: when the next request may be sent to SALESmanago, in seconds since 1970.
turns = sa.Table(
    "turns",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("next_at", sa.Double, nullable=False),
)

# One row: what Salesforce said of itself when it was asked last.
org_answers = sa.Table(
    "org_answers",
    metadata,
    sa.Column("about", sa.Text, primary_key=True),  # a hash: of which org, and for which mappings
    _when("at", nullable=False),
    sa.Column("answers", sa.JSON, nullable=False),
)

# What the probe found out about a SALESmanago account.
probe_answers = sa.Table(
    "probe_answers",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),  # a hash
    sa.Column("question", sa.Text, primary_key=True),
    _needed("answer"),
    _text("words", ""),
    sa.Column("number", sa.Integer),
    _when("at", nullable=False),
)

# The contacts that a probe makes, written down before they are made; they are nobody's.
probe_contacts = sa.Table(
    "probe_contacts",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    _needed("account"),
    _when("made_at", nullable=False),
    _when("removed_at"),
)

consent_evidence = sa.Table(
    "consent_evidence",
    metadata,
    _key(),
    sa.Column("binding_id", sa.Integer),
    _text("salesforce_id", ""),
    _text("salesmanago_id", ""),
    _needed("channel"),
    _needed("side"),
    _when("seen_at", nullable=False),
    _when("sent_at"),
    _when("acknowledged_at"),
    sa.Column("run_id", sa.Integer),
    _text("note", ""),
    sa.Index(None, "salesforce_id"),
    sa.Index(None, "salesmanago_id"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    _key(),
    _needed("action"),
    _needed("who"),
    _needed("about"),  # JSON: ids of records, or numbers of issues
    _when("at", nullable=False),
)

# What people decided about held conflicts (domain.merge.choices), until it is carried out or decided anew.
choices = sa.Table(
    "choices",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    _needed("chosen"),  # the side, or other
    _needed("salesforce_held"),  # JSON: a text or null
    _needed("salesmanago_held"),  # JSON
    _needed("value"),  # JSON: what both sides are to hold
    sa.Column("salesforce_written", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("salesmanago_written", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("state", "waiting"),
    _text("why", ""),  # it has fallen
    _needed("who"),
    _when("at", nullable=False),
)

# What the set-up of Salesforce changed, with the originals that undo it.
layout_edits = sa.Table(
    "layout_edits",
    metadata,
    _key(),
    _needed("org_id"),
    _needed("layout"),
    _needed("kind"),
    _needed("run"),
    _text("state", "deployed"),
    sa.Column("original", sa.LargeBinary, nullable=False),
    _needed("original_sha256"),
    sa.Column("deployed", sa.LargeBinary, nullable=False),
    _needed("deployed_sha256"),
    _text("assignments", "[]"),  # JSON
    _when("at", nullable=False),
    sa.Index(None, "org_id", "layout"),
)
