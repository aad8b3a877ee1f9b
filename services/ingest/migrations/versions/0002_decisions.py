"""Every decision is kept: one row for each turn. Those made before have no time and no version of their feed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("feed", sa.String(), sa.ForeignKey("feed.id"), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("feed_version", sa.Integer()),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("feed", "turn"),
        sa.CheckConstraint("state in ('checked', 'refused')", name="decision_known"),
    )
    op.execute(
        "INSERT INTO decision (feed, sha256, turn, state) "
        "SELECT feed, sha256, turn, state FROM submission WHERE state <> 'received' ORDER BY number"
    )


def downgrade() -> None:
    op.drop_table("decision")
