"""Aliases and sealed names, rights and periods in the ledger, gateway processes, sessions, and the office's papers.

What was there stays as it was: an older entry hashes as before, because new columns count only where they hold
something, and a person from before keeps their number for an alias.
"""

import sqlalchemy as sa
from alembic import op

from shared.kit.migrating import NeverUndone

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LEDGER = (("scope_from", 10), ("scope_to", 10), ("reason", 80), ("notice_sha256", 64), ("assurance", 20))
STANDING = (("scope_from", 10), ("scope_to", 10), ("reason", 80), ("objection", 10))
TABLES = (
    "trail", "contact", "campaign_member", "campaign", "proposal", "session", "erased", "evidence", "effective_mark",
    "gateway_process",
)  # fmt: skip


def upgrade() -> None:
    _ledger(40)
    for name, length in LEDGER:
        op.add_column("ledger", sa.Column(name, sa.String(length)))
    op.add_column("ledger", sa.Column("body", sa.Text()))
    op.create_index("ix_ledger_hash", "ledger", ["hash"])
    for table in ("standing", "receipt"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                "gmc",
                new_column_name="subject",
                existing_type=sa.String(7),
                type_=sa.String(40),
                existing_nullable=False,
            )
    for name, length in STANDING:
        op.add_column("standing", sa.Column(name, sa.String(length)))
    for name in ("restricted", "signed_off"):
        op.add_column("standing", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    _people()
    _gateways()
    _office()


def downgrade() -> None:
    bind = op.get_bind()
    sealed = bind.execute(sa.text("SELECT count(*) FROM consultant WHERE key IS NOT NULL")).scalar_one()
    newer = bind.execute(
        sa.text("SELECT count(*) FROM ledger WHERE body IS NOT NULL OR assurance IS NOT NULL OR reason IS NOT NULL "
                "OR scope_from IS NOT NULL OR scope_to IS NOT NULL OR notice_sha256 IS NOT NULL")
    ).scalar_one()  # fmt: skip
    if sealed or newer:
        raise NeverUndone(
            "names were sealed or decisions recorded in a form that the version before cannot read; restore a backup "
            "from before instead, and replay its journal"
        )
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("enrolment", "specialty")
    with op.batch_alter_table("consultant") as batch:
        batch.drop_constraint("consultant_alias_key", type_="unique")
        for name in ("kind", "alias", "key"):
            batch.drop_column(name)
        batch.alter_column("name", existing_type=sa.Text(), type_=sa.String(200), existing_nullable=False)
    for name in ("restricted", "signed_off", *(one for one, _ in STANDING)):
        op.drop_column("standing", name)
    for table in ("standing", "receipt"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                "subject",
                new_column_name="gmc",
                existing_type=sa.String(40),
                type_=sa.String(7),
                existing_nullable=False,
            )
    op.drop_index("ix_ledger_hash", "ledger")
    for name in ("body", *(one for one, _ in LEDGER)):
        op.drop_column("ledger", name)
    _ledger(7)


def _ledger(length: int) -> None:
    """How long a subject may be. SQLite makes the table anew for that, and its guards with it."""
    with op.batch_alter_table("ledger") as batch:
        batch.alter_column("subject", type_=sa.String(length), existing_nullable=False)
    if op.get_bind().dialect.name != "sqlite":
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER ledger_no_{verb.lower()} BEFORE {verb} ON ledger "
            "BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END"
        )
    op.execute(
        "CREATE TRIGGER ledger_no_gap BEFORE INSERT ON ledger "
        "WHEN NEW.revision IS NOT (SELECT coalesce(max(revision), 0) + 1 FROM ledger) "
        "BEGIN SELECT RAISE(ABORT, 'ledger has no gaps'); END"
    )


def _people() -> None:
    with op.batch_alter_table("consultant") as batch:
        batch.alter_column("name", existing_type=sa.String(200), type_=sa.Text(), existing_nullable=False)
        batch.add_column(sa.Column("kind", sa.String(12), nullable=False, server_default="consultant"))
        batch.add_column(sa.Column("alias", sa.String(40)))
        batch.add_column(sa.Column("key", sa.String(64)))
    op.execute("UPDATE consultant SET alias = gmc")  # what the ledger calls them
    with op.batch_alter_table("consultant") as batch:
        batch.alter_column("alias", existing_type=sa.String(40), nullable=False)
        batch.create_unique_constraint("consultant_alias_key", ["alias"])
    op.add_column("enrolment", sa.Column("specialty", sa.String(80)))
    op.create_table(
        "evidence",
        sa.Column("alias", sa.String(40), primary_key=True),
        sa.Column("digest", sa.String(71), primary_key=True),
        sa.Column("sealed", sa.Text(), nullable=False),
    )
    op.create_table(
        "erased",
        sa.Column("alias", sa.String(40), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("erased_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "session",
        sa.Column("id_hash", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(80), nullable=False, index=True),
        sa.Column("roles", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(7)),
        sa.Column("stamp", sa.String(64), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        *(sa.Column(name, sa.String(27), nullable=False) for name in ("created_at", "seen_at", "fresh_at")),
    )


def _gateways() -> None:
    op.create_table(
        "gateway_process",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(42), nullable=False),
        sa.Column("registered_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27)),
        sa.Column("proof", sa.String(20)),
    )
    op.create_table(
        "effective_mark",
        sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    bind = op.get_bind()
    for name, incarnation, at in bind.execute(sa.text("SELECT name, incarnation, registered_at FROM gateway")).all():
        bind.execute(
            sa.text("INSERT INTO gateway_process (name, number, incarnation, registered_at) VALUES (:n, :i, :w, :a)"),
            {"n": name, "i": _number(incarnation), "w": incarnation, "a": at},
        )


def _number(incarnation: str) -> int:
    digits = incarnation.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 1


def _office() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False, index=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(80), nullable=False),
        sa.Column("proposed_at", sa.String(27), nullable=False),
        sa.Column("decided_by", sa.String(80)),
        sa.Column("decided_at", sa.String(27)),
        sa.Column("outcome", sa.String(10)),
        sa.Column("revision", sa.Integer()),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("programme", sa.String(80), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(80), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("closes_on", sa.String(10)),
        sa.Column("closed_at", sa.String(27)),
        sa.Column("actor", sa.String(80), nullable=False),
    )
    op.create_table(
        "campaign_member",
        sa.Column("campaign", sa.String(80), sa.ForeignKey("campaign.id"), primary_key=True),
        sa.Column("alias", sa.String(40), primary_key=True),
    )
    op.create_table(
        "contact",
        sa.Column("campaign", sa.String(80), sa.ForeignKey("campaign.id"), primary_key=True),
        sa.Column("alias", sa.String(40), primary_key=True),
        sa.Column("at", sa.String(27), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("channel", sa.String(80), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
    )
    op.create_table(
        "trail",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("alias", sa.String(40)),
        sa.Column("detail", sa.String(200)),
    )
