"""Who is hidden is remembered with the bake since which they are; partners so far count as hidden from the start."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _of_indicator("bakes", sa.Column("bakes", sa.Integer(), nullable=False))
    _of_indicator(
        "hidden_since",
        sa.Column("consultant", sa.String(), primary_key=True),
        sa.Column("since", sa.Integer(), nullable=False),
    )
    op.execute("INSERT INTO hidden_since SELECT indicator, period, consultant, 0 FROM partner")
    op.drop_table("partner")


def downgrade() -> None:
    _of_indicator("partner", sa.Column("consultant", sa.String(), primary_key=True))
    op.execute("INSERT INTO partner SELECT indicator, period, consultant FROM hidden_since")
    op.drop_table("hidden_since")
    op.drop_table("bakes")


def _of_indicator(name: str, *more: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("indicator", sa.String(), primary_key=True),
        sa.Column("period", sa.String(), primary_key=True),
        *more,
    )
