"""What the exact disclosure rule remembers; what happens between submission and publication; outlier cases; sessions.

Releases from before have no `disclosure`: their unit totals stay revocable, all of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "case_step", "outlier_case", "answer", "record_query", "seen", "sign_off", "gate_answer", "calendar_entry",
    "session", "named", "total_shown", "secret_since",
)  # fmt: skip
COLUMNS = ("disclosure", "submitted", "window_until", "submission", "correction")


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=null)


def moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def of_release(*, key: bool = False) -> sa.Column[str]:
    return sa.Column("release", sa.String(), sa.ForeignKey("release.id"), nullable=False, primary_key=key)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def numbered(name: str = "number") -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=True)


def upgrade() -> None:
    op.add_column("release", sa.Column("disclosure", sa.JSON(none_as_null=True)))
    op.add_column("release", sa.Column("submitted", sa.DateTime(timezone=True)))
    op.add_column("release", sa.Column("window_until", sa.Date()))
    op.add_column("release", sa.Column("submission", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("release", sa.Column("correction", sa.JSON(none_as_null=True)))
    op.add_column("pointer", sa.Column("disclosure", sa.String()))
    _memory()
    _release_life()
    _told_first()
    _outliers()
    op.create_table(
        "session",
        sa.Column("id_hash", sa.String(), primary_key=True),
        sa.Column("account", sa.String(), nullable=False, index=True), text("roles"), text("subject", null=True),
        text("stamp"), text("csrf"), moment("created_at"), moment("seen_at"), moment("fresh_at"),
        sa.Column("messages", sa.JSON(), nullable=False),
    )  # fmt: skip


def _memory() -> None:
    for name, subjects, last in (
        ("secret_since", ("consultant",), "since"), ("total_shown", ("release", "provider"), "until"),
    ):  # fmt: skip
        op.create_table(
            name,
            *(sa.Column(key, sa.String(), primary_key=True) for key in ("indicator", "period", *subjects)),
            number(last),
            *([sa.Column("kept_back", sa.Boolean(), nullable=False)] if name == "secret_since" else []),
        )
    op.create_table(
        "named",
        *(sa.Column(key, sa.String(), primary_key=True) for key in ("programme", "consultant")), text("key"),
    )  # fmt: skip


def _release_life() -> None:
    op.create_table(
        "calendar_entry",
        sa.Column("day", sa.Date(), primary_key=True),
        text("title"), moment("announced"), text("announced_by"), sa.Column("moved_from", sa.Date()),
        text("moved_because", null=True),
        sa.Column("correction_of", sa.String(), sa.ForeignKey("release.id"), nullable=True),
    )  # fmt: skip
    op.create_table(
        "gate_answer",
        of_release(key=True),
        sa.Column("submission", sa.Integer(), primary_key=True), sa.Column("gate", sa.String(), primary_key=True),
        sa.Column("passed", sa.Boolean(), nullable=False), text("note"), text("person"), moment("at"),
    )  # fmt: skip
    op.create_table(
        "sign_off",
        of_release(key=True),
        sa.Column("submission", sa.Integer(), primary_key=True), sa.Column("role", sa.String(), primary_key=True),
        text("person"), moment("at"), text("gate_digest"),
    )  # fmt: skip


def _told_first() -> None:
    op.create_table(
        "seen",
        of_release(key=True),
        sa.Column("submission", sa.Integer(), primary_key=True), sa.Column("level", sa.String(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True), text("account"), moment("at"),
    )  # fmt: skip
    op.create_table(
        "record_query",
        numbered(),
        of_release(), sa.Column("submission", sa.Integer(), nullable=False), text("level"), text("subject"),
        text("indicator"), text("period"), text("figures"), text("records"), text("about"),
        sa.Column("disputed", sa.Boolean(), nullable=False), text("state"), text("asked_by"), moment("asked"),
        text("answer", null=True), sa.Column("data_changed", sa.Boolean()), text("answered_by", null=True),
        moment("answered", null=True), text("idempotency_key"),
        sa.UniqueConstraint("asked_by", "idempotency_key"),
    )  # fmt: skip
    op.create_table(
        "answer",
        numbered(),
        of_release(), sa.Column("submission", sa.Integer(), nullable=False), text("kind"), text("level"),
        text("subject"), text("indicator", null=True), text("period", null=True), text("figures"), text("author_role"),
        text("text"), text("sent_by"), moment("sent"), text("state"), text("moderated_by", null=True),
        moment("moderated", null=True), text("ground", null=True), text("reason", null=True), text("idempotency_key"),
        sa.UniqueConstraint("sent_by", "idempotency_key"),
    )  # fmt: skip


def _outliers() -> None:
    op.create_table(
        "outlier_case",
        sa.Column("id", sa.String(), primary_key=True),
        of_release(), text("level"), text("subject"), text("provider"), text("indicator"), text("period"), text("kind"),
        text("direction"), text("state"), number("stage"), number("reached"), number("round"), text("owner", null=True),
        sa.Column("deadline", sa.Date()), text("policy"), sa.Column("figures", sa.JSON(), nullable=False),
        moment("opened"), moment("closed", null=True),
        sa.UniqueConstraint("release", "level", "subject", "indicator", "period", "kind"),
    )  # fmt: skip
    op.create_table(
        "case_step",
        numbered(),
        sa.Column("case", sa.String(), sa.ForeignKey("outlier_case.id"), nullable=False, index=True),
        number("sequence"), moment("at"), sa.Column("day_zero", sa.Date(), nullable=False), text("actor"),
        text("party"), text("step"), text("was", null=True), text("state"), number("stage"), number("round"),
        text("owner", null=True), sa.Column("deadline", sa.Date()), text("note"),
        sa.Column("detail", sa.JSON(), nullable=False), text("idempotency_key", null=True),
        sa.UniqueConstraint("case", "sequence"), sa.UniqueConstraint("case", "idempotency_key"),
    )  # fmt: skip


def downgrade() -> None:
    _without_later_parts()
    for name in TABLES:
        op.drop_table(name)
    with op.batch_alter_table("pointer") as pointer:
        pointer.drop_column("disclosure")
    with op.batch_alter_table("release") as release:
        for name in COLUMNS:
            release.drop_column(name)


def _without_later_parts() -> None:
    """The version before cannot bake a release that has a part which it does not know."""
    release = sa.table("release", sa.column("id", sa.String()), sa.column("parts", sa.JSON()))
    for name, parts in op.get_bind().execute(sa.select(release.c.id, release.c.parts)).all():
        if isinstance(parts, dict) and "cells" in parts:
            left = {part: digest for part, digest in parts.items() if part != "cells"}
            op.execute(release.update().where(release.c.id == name).values(parts=left))
