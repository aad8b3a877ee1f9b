"""That a journal was begun, which gateways are registered, and the space that PostgreSQL holds back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("begun_at", sa.String(27), nullable=False),
        sa.CheckConstraint("id = 1", name="one_journal"),
    )
    op.create_table(
        "gateway",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("incarnation", sa.String(42), nullable=False),
        sa.Column("registered_at", sa.String(27), nullable=False),
    )
    op.create_table("ballast", *(sa.Column(f"r{number}", sa.Uuid(), nullable=False) for number in range(8)))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE ballast SET UNLOGGED")


def downgrade() -> None:
    for table in ("ballast", "gateway", "journal"):
        op.drop_table(table)
