"""What a release was made with is kept with it, and every replay of it with what was found."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("release", sa.Column("made_with", sa.JSON(none_as_null=True)))
    op.create_table(
        "replay",
        sa.Column("release", sa.String(), sa.ForeignKey("release.id"), primary_key=True),
        sa.Column("run", sa.Integer(), primary_key=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String()),
        sa.Column("refusal", sa.String()),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("report", sa.JSON(none_as_null=True)),
    )


def downgrade() -> None:
    op.drop_table("replay")
    with op.batch_alter_table("release") as release:
        release.drop_column("made_with")
