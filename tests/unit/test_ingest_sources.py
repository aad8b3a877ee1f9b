"""Sources are data, and a source that contradicts itself stops the service."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError

from services.ingest.__main__ import MIGRATIONS
from services.ingest.checks import check
from services.ingest.domain import snapshot_digest
from services.ingest.models import IngestTable
from services.ingest.source import PACKAGED, Source, SourceRefused, load_sources
from shared.kit.database import Database
from shared.kit.migrating import migrate

NY = "ny-cardiac"


def ny() -> dict[str, Any]:
    return tomllib.loads((PACKAGED / f"{NY}.toml").read_text())


def test_the_packaged_sources() -> None:
    kinds = {source.id: (source.kind.value, source.synthetic, source.key) for source in load_sources().values()}
    assert kinds == {
        "ae-monthly": ("counts", False, ["provider", "period_start", "period_end"]),
        "ae-provider-workbook": ("counts", False, ["provider", "period_start", "period_end"]),
        "artificial-hes-ae": ("episodes", True, ["aekey"]),
        "artificial-hes-apc": ("episodes", True, ["epikey"]),
        "artificial-hes-apc-parquet": ("episodes", True, ["epikey"]),
        "audit-episodes": ("episodes", False, ["episode"]),
        "audit-expected-cases": ("counts", False, ["provider", "specialty", "period_start", "period_end"]),
        "bavaria-carotid": ("episodes", False, ["t"]),
        "california": ("counts", False, ["oshpdid", "procedure_condition", "year"]),
        "cancer-waits": ("counts", False, ["provider", "standard", "period_start", "period_end"]),
        "candour-demo": ("episodes", True, ["episode"]),
        "candour-demo-consultants": ("consultants", True, ["gmc", "provider"]),
        "candour-demo-providers": ("providers", True, ["provider"]),
        "ccg-to-icb": ("values", False, ["provider"]),
        "cms-hospitals": ("providers", False, ["provider"]),
        "cms-outcomes": ("values", False, ["provider_number"]),
        "cms-star-input": ("values", False, ["provider_id"]),
        "cms-star-output": ("values", False, ["provider_id"]),
        "cqc-gp-ratings": ("values", False, ["provider", "period_start", "period_end"]),
        "dspt-successions": ("successions", False, ["line"]),
        "dspt-status": ("values", False, ["provider"]),
        "esp2013": ("populations", False, ["line"]),
        "fingertips-upload": (
            "values",
            False,
            [
                "indicator_id",
                "year",
                "year_range",
                "quarter",
                "month",
                "age_id",
                "sex_id",
                "provider",
                "category_type_id",
                "category_id",
            ],
        ),
        "fingertips-workbook": (
            "values",
            False,
            [
                "indicator_id",
                "year",
                "year_range",
                "quarter",
                "month",
                "age_id",
                "sex_id",
                "provider",
                "category_type_id",
                "category_id",
            ],
        ),
        "gp-practice-mapping": ("providers", False, ["provider"]),
        "heart-attack-trial": ("episodes", False, ["line"]),
        "hes-ae": ("episodes", False, ["aekey"]),
        "hes-apc": ("episodes", False, ["epikey"]),
        "medicare-arizona": ("episodes", False, ["line"]),
        "medicare-arizona-hearts": ("episodes", False, ["line"]),
        "nhsr-ae": ("counts", False, ["provider", "type", "period_start", "period_end"]),
        "nhsr-los": ("episodes", True, ["id"]),
        "nhsr-news": ("episodes", True, ["line"]),
        "ny-cabg-2003": ("counts", False, ["hospital"]),
        "ny-cardiac": ("counts", False, ["provider", "measure", "period_start", "period_end"]),
        "ny-cardiac-surgeons": ("values", False, ["line"]),
        "ods-practices": ("providers", False, ["provider"]),
        "ods-trusts": ("providers", False, ["provider"]),
        "organisation-successions": ("successions", False, ["provider", "successor"]),
        "practice-deprivation": ("values", False, ["provider", "period_start", "period_end"]),
        "practice-profile": ("counts", False, ["provider", "period_start", "period_end"]),
        "prevalence": ("counts", False, ["period", "schoolyear", "areacode", "decile"]),
        "proms-hip-records": ("episodes", False, ["line"]),
        "proms-key-facts": (
            "counts",
            False,
            ["procedure", "organisation_type", "provider", "measure", "period_start", "period_end"],
        ),
        "proms-participation": ("counts", False, ["provider", "period_start", "period_end"]),
        "proms-published": (
            "values",
            False,
            ["procedure", "organisation_type", "organisation_code", "measure", "period_start", "period_end"],
        ),
        "proms-series": ("values", False, ["orgcode", "procedure", "measure"]),
        "qicharts-cabg": ("episodes", False, ["line"]),
        "qicharts-infections": ("counts", False, ["provider", "infection", "period_start", "period_end"]),
        "qof-cvd": ("values", False, ["provider", "period_start", "period_end"]),
        "qof-vaccination": ("values", False, ["provider", "period_start", "period_end"]),
        "rtt-waits": ("counts", False, ["provider", "pathway", "period_start", "period_end"]),
        "shmi": ("counts", False, ["indicator_code", "provider", "period_start", "period_end"]),
        "uk-cardiac": ("episodes", False, ["line"]),
    }


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("unknown field", lambda toml: toml.update(colour="blue")),
        ("unknown field of a column", lambda toml: toml["columns"][0].update(colour="blue")),
        ("unknown type", lambda toml: toml["columns"][0].update(type="colour")),
        ("unknown kind", lambda toml: toml.update(kind="colours")),
        ("a header no column reads", lambda toml: toml["header"].append("Colour")),
        ("a column the header lacks", lambda toml: toml["columns"][0].update({"from": "Colour"})),
        ("a header twice", lambda toml: toml["header"].append("Region")),
        ("a column twice", lambda toml: toml["columns"].append(toml["columns"][0])),
        ("a key that is no column", lambda toml: toml["key"].append("colour")),
        ("a key that is not kept", lambda toml: toml["key"].append("detailed_region")),
        ("a key that may be missing", lambda toml: toml["columns"][0].update(required=False)),
        ("an aggregate rule about nothing", lambda toml: toml["aggregate"].update(column="colour")),
        ("a flag without its rule", lambda toml: toml.pop("aggregate")),
        ("at most of a text", lambda toml: toml["at_most"][0].update(column="region")),
        ("days that are no dates", lambda toml: toml["days"].update(first="cases")),
    ],
)
def test_a_source_that_contradicts_itself_is_refused(what: str, spoil: Callable[[dict[str, Any]], Any]) -> None:
    toml = ny()
    Source.model_validate(copy.deepcopy(toml))
    spoil(toml)
    with pytest.raises(ValidationError):
        Source.model_validate(toml)


def test_an_encoding_nobody_knows_is_refused() -> None:
    with pytest.raises(LookupError):
        Source.model_validate(ny() | {"encodings": ["utf-9"]})


def test_a_source_is_named_like_its_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text((PACKAGED / f"{NY}.toml").read_text())
    with pytest.raises(SourceRefused, match=r"other\.toml: it describes ny-cardiac"):
        load_sources(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"id = ", "Invalid value"),
        (b"id = '\xff'", "utf-8"),
        (b"id = 'mine'", "Field required"),
        (b"extends = 'nothing'", "which is no source"),
    ],
)
def test_a_source_that_cannot_be_read_is_told_by_its_name(tmp_path: Path, text: bytes, why: str) -> None:
    (tmp_path / "mine.toml").write_bytes(text)
    with pytest.raises(SourceRefused, match=f"^mine\\.toml: (.|\n)*{why}"):
        load_sources(tmp_path)


def test_ways_of_writing_one_value_are_one_value() -> None:
    source = load_sources()[NY]
    plain = ["1", "H", "R", "R", "CABG", "2012", "10", "0", "0", "1.5", "0", "0", "9", "Statewide Rate"]
    other = ["0001", " H", "R\t", "R", "CABG", "2012-2012", "010", "-0", "0.0", "1.50", "-0.00", "0.0", "9.0"]
    texts = pl.DataFrame([plain, [*other, plain[-1]]], schema=source.header, orient="row")
    rows, aside = check(texts.insert_column(0, pl.Series("_line", [2, 3])), source)
    assert aside.is_empty()
    assert rows.drop("_line").row(0) == rows.drop("_line").row(1)
    digests = {snapshot_digest(one, source) for one in rows.drop("_line", "_aggregate").iter_slices(1)}
    assert len(digests) == 1


def test_a_digest_is_bound_to_kind_and_schema_version() -> None:
    source = load_sources()["candour-demo-providers"]
    rows = pl.DataFrame([("ZZ001", "N", "hospital", "R")], schema=source.canonical, orient="row")
    others: list[dict[str, Any]] = [{"schema_version": 2}, {"kind": "consultants"}]
    digests = {snapshot_digest(rows, source)}
    for change in others:
        digests.add(snapshot_digest(rows, Source.model_validate(source.model_dump(by_alias=True) | change)))
    assert len(digests) == 3
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in digests)


def test_the_migrations_make_the_tables_of_the_models(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ingest.sqlite'}"
    migrate(url, MIGRATIONS)
    database = Database(url)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), IngestTable.metadata) == []
    database.close()
