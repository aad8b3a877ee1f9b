"""The ledger and what hangs on it. The identity of the store is made here, once."""

import hashlib
import secrets

import sqlalchemy as sa
from alembic import op

from shared.kit.migrating import NeverUndone

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GENESIS = b"candour consent ledger "


def upgrade() -> None:
    _ledger()
    _register()
    _projection()
    _papers()
    _guard()
    store_id = secrets.token_hex(16)
    first_hash = hashlib.sha256(GENESIS + store_id.encode()).hexdigest()
    op.execute(
        sa.text("INSERT INTO head (id, store_id, revision, ledger_head) VALUES (1, :store, 0, :first)").bindparams(
            store=store_id, first=first_hash
        )
    )


def downgrade() -> None:
    raise NeverUndone("the consent ledger is never dropped; restore a backup and replay its journal instead")


def _ledger() -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("store_id", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ledger_head", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name="one_head"),
    )
    op.create_table(
        "ledger",
        sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("subject", sa.String(7), nullable=False),
        sa.Column("programme", sa.String(80), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("basis_id", sa.String(80)),
        sa.Column("notice_version", sa.Integer()),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("channel", sa.String(80), nullable=False),
        sa.Column("evidence", sa.String(200)),
        sa.Column("valid_from", sa.String(10), nullable=False),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.Column("effect", sa.String(8)),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_ledger_subject", "ledger", ["subject"])


def _register() -> None:
    op.create_table(
        "consultant",
        sa.Column("gmc", sa.String(7), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    op.create_table(
        "enrolment",
        sa.Column("gmc", sa.String(7), sa.ForeignKey("consultant.gmc"), primary_key=True),
        sa.Column("programme", sa.String(80), primary_key=True),
    )


def _projection() -> None:
    op.create_table(
        "standing",
        *_subject_columns(),
        sa.Column("word", sa.String(20), nullable=False),
        sa.Column("notice_version", sa.Integer()),
        sa.Column("decided_on", sa.String(10)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("informed_version", sa.Integer()),
        sa.Column("informed_on", sa.String(10)),
        sa.Column("told", sa.String(8), nullable=False),
    )
    op.create_table(
        "receipt",
        *_subject_columns(),
        sa.Column("key_digest", sa.String(64), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
    )


def _subject_columns() -> list[sa.Column[str]]:
    return [
        sa.Column("gmc", sa.String(7), primary_key=True),
        sa.Column("programme", sa.String(80), primary_key=True),
        sa.Column("purpose", sa.String(20), primary_key=True),
    ]


def _papers() -> None:
    op.create_table(
        "import_report",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
    )
    op.create_table(
        "policy_file",
        sa.Column("digest", sa.String(71), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.String(27), nullable=False),
    )


def _guard() -> None:
    guards = {"sqlite": _guard_sqlite, "postgresql": _guard_postgresql}
    guards[op.get_bind().dialect.name]()  # a database nobody taught us to guard is refused here


def _guard_sqlite() -> None:
    for table in ("ledger", "policy_file"):
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(  # also stops INSERT OR REPLACE, which would delete without asking the trigger above
        "CREATE TRIGGER ledger_no_gap BEFORE INSERT ON ledger "
        "WHEN NEW.revision IS NOT (SELECT coalesce(max(revision), 0) + 1 FROM ledger) "
        "BEGIN SELECT RAISE(ABORT, 'ledger has no gaps'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in ("ledger", "policy_file"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION refuse_gap() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.revision <> (SELECT coalesce(max(revision), 0) + 1 FROM ledger) THEN "
        "RAISE EXCEPTION 'ledger has no gaps'; END IF; RETURN NEW; END $$"
    )
    op.execute("CREATE TRIGGER ledger_no_gap BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION refuse_gap()")
