"""What a withdrawal would hide is counted from the files of the views, and is what a gateway then hides."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest

from services.gateway.view.compile import compile_view
from services.gateway.view.queries import ViewRows
from shared.contracts.impact import Impact, ReleaseImpact
from shared.contracts.views import PARTS_OF, VIEW_SCHEMA
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken
from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

FIRST, SECOND, DRAFT = "2026-09-30", "2026-10-31", "2026-11-30"
NOBODY = "0" * 32


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: it is counted in files."""
    return "sqlite"


@pytest.fixture(scope="module")
def rig(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two releases may be read, one of them superseded; a third is only built."""
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        load_world(running, small_world())
        running.publish(running.build(FIRST)["release"])
        running.publish(running.build(SECOND)["release"])
        running.build(DRAFT)
        yield running


def asked(rig: Rig, **params: str) -> httpx.Response:
    token = ServiceToken("consent", "ratings", read_secret(rig.secrets, "consent-ratings"))
    found: httpx.Response = rig.ratings.get("/v1/impact", params=params, auth=token)
    return found


def impact(rig: Rig, key: str) -> Impact:
    answer = asked(rig, key=key)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    return Impact.model_validate_json(answer.content)


def compiled(rig: Rig, release: str, folder: Path) -> Path:
    """The live view as a gateway has it."""
    target = folder / f"{release}.sqlite"
    compile_view({name: rig.file(release, name) for name in PARTS_OF[VIEW_SCHEMA]}, target)
    return target


def hidden_by_a_gateway(view: Path, key: str, rows: pl.DataFrame) -> pl.DataFrame:
    opened = ViewRows(view)
    ids = opened.hide([key])
    opened.close()
    return rows.filter(pl.col("id").is_in(ids))


def counted(told: ReleaseImpact) -> tuple[int, ...]:
    pages = told.pages
    return told.rows, told.own + told.colleagues, told.units, pages.consultants, pages.units, pages.indicators


def keys_of(rig: Rig) -> dict[str, tuple[str, str]]:
    """By key: the programme and number of everybody who may be named."""
    listed = rig.office.peers.permissions().programmes
    return {one.key: (part.programme, one.subject) for part in listed for one in part.named}


def test_the_counts_are_what_a_gateway_hides_in_every_readable_release(rig: Rig, tmp_path: Path) -> None:
    found: dict[str, Impact] = {}
    views = {one: (compiled(rig, one, tmp_path), rig.table(one, "rows")) for one in (FIRST, SECOND)}
    for key in keys_of(rig):
        told = found[key] = impact(rig, key)
        assert [(one.release, one.status) for one in told.releases] == [(SECOND, "published"), (FIRST, "superseded")]
        assert told.rows == sum(one.rows for one in told.releases)
        for one in told.releases:
            view, whole = views[one.release]
            rows = hidden_by_a_gateway(view, key, whole)
            of_people, units = rows.filter(level="consultant"), rows.filter(level="provider")
            assert counted(one) == (
                rows.height, of_people.height, units.height, of_people["consultant_id"].n_unique(),
                units["provider_id"].n_unique(), rows["indicator_id"].n_unique(),
            )  # fmt: skip
    assert max(one.rows for one in found.values()) > 0
    assert max(one.releases[0].colleagues for one in found.values()) > 0
    assert max(one.releases[0].units for one in found.values()) > 0


def test_the_persons_own_rows_are_told_from_those_of_colleagues(rig: Rig) -> None:
    """A person has one key a programme: their rows of all programmes are those of all their keys."""
    rows, own = rig.table(SECOND, "rows"), dict[str, int]()
    for key, (_, number) in keys_of(rig).items():
        own[number] = own.get(number, 0) + impact(rig, key).releases[0].own
    assert sum(own.values()) > 0
    for number, told in own.items():
        assert told == rows.filter(level="consultant", consultant_id=number).height


def test_a_key_of_nobody_who_is_shown_hides_nothing(rig: Rig) -> None:
    told = impact(rig, NOBODY)
    assert told.rows == 0
    assert [counted(one) for one in told.releases] == [(0,) * 6] * 2


def test_no_row_number_and_no_name_is_told(rig: Rig) -> None:
    world = small_world()
    whole = "".join(asked(rig, key=key).text for key in keys_of(rig))
    secrets = [*world.consultants["gmc"], *world.consultants["name"], *world.providers["name"]]
    assert [one for one in secrets if str(one) in whole] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "value_not_allowed"), ("key=9900001", "value_not_allowed"),
     (f"key={NOBODY}&gmc=9900001", "unknown_parameter"), (f"key={NOBODY}&key={NOBODY}", "repeated_parameter")],
)  # fmt: skip
def test_what_is_not_understood_is_refused(rig: Rig, query: str, code: str) -> None:
    token = ServiceToken("consent", "ratings", read_secret(rig.secrets, "consent-ratings"))
    answer = rig.ratings.get(f"/v1/impact?{query}", auth=token)
    assert (400 <= answer.status_code < 500, answer.json()["code"]) == (True, code)


def test_only_consent_may_ask(rig: Rig) -> None:
    assert rig.gateway(f"/v1/impact?key={NOBODY}").status_code == 403
    assert rig.ratings.get(f"/v1/impact?key={NOBODY}").status_code == 401
    for person in rig.passwords:
        assert rig.ask(person, "GET", f"/v1/impact?key={NOBODY}").status_code == 403
    token = ServiceToken("consent", "ratings", read_secret(rig.secrets, "consent-ratings"))
    for path in ("/v1/views", "/v1/releases", f"/v1/releases/{SECOND}/views/1/files/rows.parquet"):
        assert rig.ratings.get(path, auth=token).status_code == 403
