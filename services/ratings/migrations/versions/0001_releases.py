"""Releases, the pointers to their views, what is hidden, and who did what. The order of partners gets its key here."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _release()
    _views()
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("release", sa.String(), sa.ForeignKey("release.id"), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
    )
    keyring = op.create_table(
        "keyring",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("partner_order", sa.LargeBinary(), nullable=False),
    )
    op.bulk_insert(keyring, [{"id": 1, "partner_order": secrets.token_bytes(32)}])


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False, unique=True),
        sa.Column("requested", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("build", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String()),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String()),
        sa.Column("publisher", sa.String()),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True)),
        sa.Column("supersedes", sa.String()),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("results_digest", sa.String()),
        sa.Column("results", sa.Integer()),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("day", "number"),
    )


def _views() -> None:
    op.create_table(
        "pointer",
        sa.Column("release", sa.String(), sa.ForeignKey("release.id"), primary_key=True),
        sa.Column("view", sa.Integer(), nullable=False),
        sa.Column("consent_store", sa.String(), nullable=False),
        sa.Column("consent_revision", sa.Integer(), nullable=False),
        sa.Column("permissions", sa.String(), nullable=False),
        sa.Column("manifest_sha256", sa.String(), nullable=False),
        sa.Column("baked", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "hidden_unit",
        sa.Column("release", sa.String(), sa.ForeignKey("release.id"), primary_key=True),
        sa.Column("indicator", sa.String(), primary_key=True),
        sa.Column("period", sa.String(), primary_key=True),
        sa.Column("provider", sa.String(), primary_key=True),
    )
    op.create_table(
        "partner",
        sa.Column("indicator", sa.String(), primary_key=True),
        sa.Column("period", sa.String(), primary_key=True),
        sa.Column("consultant", sa.String(), primary_key=True),
    )


def downgrade() -> None:
    for table in ("keyring", "audit", "partner", "hidden_unit", "pointer", "release"):
        op.drop_table(table)
