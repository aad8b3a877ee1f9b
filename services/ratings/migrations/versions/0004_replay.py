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
    _without_model_cards()
    op.drop_table("replay")
    with op.batch_alter_table("release") as release:
        release.drop_column("made_with")


def _without_model_cards() -> None:
    """The version before cannot bake a release that has a part which it does not know; the rest it reads as its own."""
    release = sa.table("release", sa.column("id", sa.String()), sa.column("parts", sa.JSON()))
    for name, parts in op.get_bind().execute(sa.select(release.c.id, release.c.parts)).all():
        if isinstance(parts, dict) and "models" in parts:
            left = {part: digest for part, digest in parts.items() if part != "models"}
            op.execute(release.update().where(release.c.id == name).values(parts=left))
