"""The ground of a feed; of a submission its name, what was read and what was not, whose lines it mends, its receipt."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FEED = ("ground", "declared_by", "declared", "declaration")
SUBMISSION = ("name", "whole_period", "reading", "profile", "mends", "receipt", "sheets_left_alone")


def upgrade() -> None:
    op.add_column("feed", sa.Column("ground", sa.JSON()))
    op.add_column("feed", sa.Column("declared_by", sa.String()))
    op.add_column("feed", sa.Column("declared", sa.DateTime(timezone=True)))
    op.add_column("feed", sa.Column("declaration", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("submission", sa.Column("name", sa.String()))
    op.add_column("submission", sa.Column("whole_period", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("submission", sa.Column("reading", sa.String()))
    op.add_column("submission", sa.Column("profile", sa.String()))
    op.add_column("submission", sa.Column("mends", sa.String()))
    op.add_column("submission", sa.Column("receipt", sa.String()))
    op.add_column("submission", sa.Column("sheets_left_alone", sa.Integer()))
    op.create_table(
        "receipt_key",
        sa.Column("public", sa.String(), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("receipt_key")
    for name in reversed(SUBMISSION):
        op.drop_column("submission", name)
    for name in reversed(FEED):
        op.drop_column("feed", name)
