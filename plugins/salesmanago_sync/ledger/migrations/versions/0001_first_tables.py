"""The first tables of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    _bindings()
    _changes()
    _consent_evidence()
    _intents()
    _issues()
    _mapping_state()
    _run_lock()
    _runs()


def _bindings() -> None:
    op.create_table(
        "bindings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("salesforce_id", sa.Text, nullable=False),
        sa.Column("salesmanago_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, server_default="active", nullable=False),
        sa.Column("matched_by", sa.Text, nullable=False),
        sa.Column("base", sa.Text, server_default="{}", nullable=False),
        sa.Column("salesforce_person_clock", sa.DateTime(timezone=True)),
        sa.Column("salesforce_written_at", sa.DateTime(timezone=True)),
        sa.Column("salesmanago_person_clock", sa.DateTime(timezone=True)),
        sa.Column("salesmanago_written_at", sa.DateTime(timezone=True)),
        sa.Column("salesforce_written", sa.Text, server_default="[]", nullable=False),
        sa.Column("salesmanago_written", sa.Text, server_default="[]", nullable=False),
        sa.Column("bounces", sa.Text, server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_run", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_bindings"),
        sa.UniqueConstraint("salesforce_id", name="uq_bindings_salesforce_id"),
        sa.UniqueConstraint("salesmanago_id", name="uq_bindings_salesmanago_id"),
    )


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("salesforce_id", sa.Text, server_default="", nullable=False),
        sa.Column("salesmanago_id", sa.Text, server_default="", nullable=False),
        sa.Column("field", sa.Text, server_default="", nullable=False),
        sa.Column("old", sa.Text),
        sa.Column("new", sa.Text),
        sa.Column("rule", sa.Text),
        sa.Column("state", sa.Text, server_default="planned", nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index(
        "ix_changes_run_id_salesforce_id_salesmanago_id", "changes", ["run_id", "salesforce_id", "salesmanago_id"]
    )


def _consent_evidence() -> None:
    op.create_table(
        "consent_evidence",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("binding_id", sa.Integer),
        sa.Column("salesforce_id", sa.Text, server_default="", nullable=False),
        sa.Column("salesmanago_id", sa.Text, server_default="", nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("run_id", sa.Integer),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent_evidence"),
    )
    op.create_index("ix_consent_evidence_salesforce_id", "consent_evidence", ["salesforce_id"])
    op.create_index("ix_consent_evidence_salesmanago_id", "consent_evidence", ["salesmanago_id"])


def _intents() -> None:
    op.create_table(
        "intents",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("salesmanago_id", sa.Text, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, server_default="pending", nullable=False),
        sa.Column("salesforce_id", sa.Text),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_intents"),
    )
    op.create_index(
        "uq_intents_pending",
        "intents",
        ["object", "salesmanago_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )


def _issues() -> None:
    op.create_table(
        "issues",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("salesforce_id", sa.Text, server_default="", nullable=False),
        sa.Column("salesmanago_id", sa.Text, server_default="", nullable=False),
        sa.Column("field", sa.Text, server_default="", nullable=False),
        sa.Column("direction", sa.Text, server_default="", nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("text", sa.Text, server_default="", nullable=False),
        sa.Column("values", sa.Text),
        sa.Column("state", sa.Text, server_default="open", nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("first_run", sa.Integer, nullable=False),
        sa.Column("last_run", sa.Integer, nullable=False),
        sa.Column("closed_run", sa.Integer),
        sa.Column("came_back", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("fingerprint", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issues"),
        sa.UniqueConstraint(
            "salesforce_id",
            "salesmanago_id",
            "object",
            "field",
            "reason",
            name="uq_issues_salesforce_id_salesmanago_id_object_field_reason",
        ),
    )
    op.create_index("ix_issues_salesmanago_id", "issues", ["salesmanago_id"])
    op.create_index("ix_issues_state_next_attempt_at", "issues", ["state", "next_attempt_at"])


def _mapping_state() -> None:
    op.create_table(
        "mapping_state",
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("digest_at_full_sync", sa.Text, nullable=False),
        sa.Column("full_sync_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("object", name="pk_mapping_state"),
    )


def _run_lock() -> None:
    op.create_table(
        "run_lock",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_run_lock"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dag_id", sa.Text, nullable=False),
        sa.Column("dag_run_id", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text, server_default="running", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("window", sa.JSON(none_as_null=True)),
        sa.Column("mapping_digests", sa.JSON(none_as_null=True)),
        sa.Column("totals", sa.JSON(none_as_null=True)),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("dag_id", "dag_run_id", name="uq_runs_dag_id_dag_run_id"),
    )
