"""Feeds, submissions with the fates of their lines, snapshots."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FATES = ("header", "accepted", "duplicate", "conflict", "quarantined", "aggregate", "footer", "blank")
LINES = " + ".join(FATES)
COUNTED = " and ".join(f"coalesce({count}, -1) >= 0" for count in ("lines", *FATES))  # null would pass a check


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("state", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
    )
    op.create_table(
        "submission",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("feed", sa.String(), sa.ForeignKey("feed.id"), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supersedes", sa.Boolean(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("encoding", sa.String()),
        sa.Column("aside", sa.String()),
        sa.Column("lines", sa.BigInteger()),
        *(sa.Column(fate, sa.BigInteger()) for fate in FATES),
        sa.Column("refused_code", sa.String()),
        sa.Column("refusal", sa.JSON()),
        sa.UniqueConstraint("feed", "sha256"),
        sa.UniqueConstraint("feed", "turn"),
        sa.CheckConstraint("state in ('received', 'checked', 'refused')", name="state_known"),
        sa.CheckConstraint(
            f"(state = 'checked' and {COUNTED} and lines = {LINES}) or (state <> 'checked' and lines is null)",
            name="every_line_has_one_fate",
        ),
        sa.CheckConstraint("(state = 'refused') = (refused_code is not null)", name="refusal_has_a_reason"),
    )
    op.create_index("submission_waiting", "submission", ["state", "feed", "turn"])
    op.create_table(
        "snapshot",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("feed", sa.String(), sa.ForeignKey("feed.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Date()),
        sa.Column("last_day", sa.Date()),
        sa.Column("submissions", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("digest", "feed"),
    )


def downgrade() -> None:
    op.drop_table("snapshot")
    op.drop_table("submission")
    op.drop_table("feed")
