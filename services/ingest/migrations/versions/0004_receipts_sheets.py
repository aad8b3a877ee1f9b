"""Of a submission its receipt as it was signed, and what of a workbook was not read; and the keys that have signed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SUBMISSION = ("receipt", "sheets_left_alone")


def upgrade() -> None:
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
