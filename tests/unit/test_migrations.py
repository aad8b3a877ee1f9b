"""Forward and back on both engines, with rows, with kills, and two at once; the tables are those of the models.

CI moves 10,000 rows a table and kills 4 times; `make assure GOAL=migrations` moves 100,000 and kills 40 times.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.consent.models import METADATA as CONSENT
from services.ingest.models import IngestTable
from services.ratings.models import METADATA as RATINGS
from shared.kit.database import Database
from shared.kit.migrating import NeverUndone, migrate, migrate_back
from tests.postgres import Postgres
from tests.stores import SCRIPTS, Stores
from tests.unit.migrations_rig import (
    ROOT,
    Ground,
    Nursery,
    checks,
    fill,
    finished,
    killed,
    nursery,
    taken,
    versions,
)  # fmt: skip

ROWS: Final = int(os.environ.get("CANDOUR_MIGRATION_ROWS", "10000"))
KILLS: Final = int(os.environ.get("CANDOUR_MIGRATION_KILLS", "4"))
METADATA: Final = {"ingest": IngestTable.metadata, "ratings": RATINGS, "consent": CONSENT}
MOST: Final = 20  # attempts for each kill: a fast migration may be over before it is hit


@pytest.fixture(params=sorted(SCRIPTS))
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ground(service: str, stores: Stores, tmp_path: Path) -> Iterator[Ground]:
    """An empty database."""
    with stores.swept():
        yield Ground(service, stores.empty(tmp_path), tmp_path, stores.server)


@pytest.fixture(scope="module")
def nurseries() -> Iterator[dict[str, Nursery]]:
    with nursery("ingest") as ingest, nursery("ratings") as ratings, nursery("consent") as consent:
        yield {"ingest": ingest, "ratings": ratings, "consent": consent}


def at_version_before_last(ground: Ground) -> tuple[str, str]:
    """Brings it there, full of rows: the two newest versions."""
    before, last = versions(ground.service)[-2:]
    migrate(ground.url, SCRIPTS[ground.service], before)
    counts = fill(ground.url, ROWS)
    assert sum(count == ROWS for count in counts.values()) >= 1
    return before, last


def test_the_tables_are_those_of_the_models(ground: Ground) -> None:
    migrate(ground.url, SCRIPTS[ground.service])
    database = Database(ground.url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, METADATA[ground.service]) == []
    database.close()


def test_the_rules_of_the_tables_are_there_on_both_engines(service: str, postgres: Postgres, tmp_path: Path) -> None:
    urls = (f"sqlite:///{tmp_path / 'rules.sqlite'}", postgres.url(postgres.new_database()))
    found = []
    for url in urls:
        migrate(url, SCRIPTS[service])
        database = Database(url)
        inspector = sa.inspect(database.engine)
        found.append({(name, rule) for name in inspector.get_table_names() for rule in checks(inspector, name)})
        database.close()
    assert found[0] == found[1]
    declared = {
        (table.name, str(rule.name)) for table in METADATA[service].sorted_tables for rule in table.constraints
        if isinstance(rule, sa.CheckConstraint)
    }  # fmt: skip
    assert declared <= found[0]
    assert service == "ratings" or len(found[0]) > 1


def test_every_version_leads_forward_and_back(service: str, stores: Stores, tmp_path: Path) -> None:
    """Each with a few rows of its own; nothing but the first version of consent's ledger refuses."""
    scripts = SCRIPTS[service]
    for before, after in zip(["base", *versions(service)], versions(service), strict=False):
        (tmp_path / after).mkdir()
        url = stores.empty(tmp_path / after)
        if before != "base":
            migrate(url, scripts, before)
            fill(url, 40)
        began = taken(url)
        migrate(url, scripts, after)
        assert taken(url).revision == after
        if (service, before) == ("consent", "base"):
            with pytest.raises(NeverUndone, match="never dropped"):
                migrate_back(url, scripts)
            assert taken(url).revision == after
        else:
            migrate_back(url, scripts)
            assert taken(url) == began


def test_rows_come_through_forward_and_back(ground: Ground) -> None:
    before, last = at_version_before_last(ground)
    began = taken(ground.url)
    assert began.revision == before
    migrate(ground.url, SCRIPTS[ground.service])
    there = taken(ground.url)
    assert there.revision == last
    assert there.schema != began.schema
    migrate_back(ground.url, SCRIPTS[ground.service])
    assert taken(ground.url) == began


def test_a_kill_leaves_the_old_schema_or_the_new_one(ground: Ground, nurseries: dict[str, Nursery]) -> None:
    """Back as well as forward: whichever is next from where the last kill left it."""
    before, last = at_version_before_last(ground)
    born = nurseries[ground.service]
    old = taken(ground.url)
    spans = {"migrate": finished(born, ground, "migrate")}
    new = taken(ground.url)
    spans["migrate-back"] = finished(born, ground, "migrate-back")
    assert taken(ground.url) == old
    chance, hits, found = random.Random(20260930), 0, old
    for _ in range(KILLS * MOST):
        verb = "migrate" if found.revision == before else "migrate-back"
        hits += killed(born, ground, verb, chance.uniform(0, spans[verb]))
        found = taken(ground.url)
        assert found == (old if found.revision == before else new), verb
        if hits >= KILLS:
            break
    assert hits >= KILLS
    finished(born, ground, "migrate")
    assert taken(ground.url) == new
    finished(born, ground, "migrate-back")
    assert taken(ground.url) == old
    assert (old.revision, new.revision) == (before, last)


def test_two_at_once_are_one_after_the_other(ground: Ground, nurseries: dict[str, Nursery]) -> None:
    before, last = at_version_before_last(ground)
    born = nurseries[ground.service]
    old = taken(ground.url)
    both = [born.start("migrate", ground.settings) for _ in range(2)]
    assert [born.wait(one) for one in both] == [0, 0]
    assert taken(ground.url).revision == last
    migrate_back(ground.url, SCRIPTS[ground.service])
    assert taken(ground.url) == old
    assert old.revision == before


def test_the_verbs_stop_with_a_sentence_where_there_is_no_way(tmp_path: Path) -> None:
    ground = Ground("consent", f"sqlite:///{tmp_path / 'consent.sqlite'}", tmp_path, None)
    back = ["migrate", *["migrate-back"] * len(versions("consent"))]

    def run(*verbs: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "services.consent", *verbs]
        told = subprocess.run(command, cwd=ROOT, env=os.environ | ground.settings, capture_output=True, check=False)
        return told.returncode, told.stderr.decode()

    code, said = run(*back)
    assert (code, taken(ground.url).revision) == (2, versions("consent")[0])
    assert "Nothing was moved: the consent ledger is never dropped; restore a backup" in said
    assert run("migrate", "--to", versions("consent")[-1])[0] == 0
    assert taken(ground.url).revision == versions("consent")[-1]
    code, said = run("migrate", "--to", "0000")
    assert (code, "Nothing was moved: Can't locate revision identified by '0000'" in said) == (2, True)
    assert run("verify-ledger", "--to", "0001")[0] == 2


def test_a_database_in_another_encoding_is_refused(postgres: Postgres) -> None:
    postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(ValueError, match="found a database in the encoding LATIN1; expected UTF8"):
            migrate(postgres.url("latin"), SCRIPTS["ingest"])
    finally:
        postgres.drop_database("latin")
