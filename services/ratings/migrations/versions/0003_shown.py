"""Who has a row in a live view is kept with its pointer: views are not backed up, what they showed must be known."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pointer", sa.Column("shown", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    with op.batch_alter_table("pointer") as pointer:
        pointer.drop_column("shown")
