"""The ground of a feed; of a submission its name, what was read of it, and whose lines it mends."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FEED = ("ground", "declared_by", "declared", "declaration")
SUBMISSION = ("name", "whole_period", "reading", "profile", "mends")


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


def downgrade() -> None:
    for name in reversed(SUBMISSION):
        op.drop_column("submission", name)
    for name in reversed(FEED):
        op.drop_column("feed", name)
