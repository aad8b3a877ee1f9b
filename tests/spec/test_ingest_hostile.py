"""Files made to do harm: each is refused, or every bad line of it set aside, by a reader that stays small."""

from pathlib import Path

import polars as pl
import pytest

from services.ingest.reading import limited
from services.ingest.reading.limits import MOST_MEMORY
from services.ingest.reading.parts import frames
from services.ingest.reading.reader import Reader
from services.ingest.refusals import ASIDE, Refused
from tests.spec.hostile_files import MAKE, Hostile, source


class Watched(Reader):
    """Remembers who read last."""

    last: "Watched"

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        Watched.last = self


def test_there_are_sixty_and_no_two_of_one_name() -> None:
    assert len({one.name for one in MAKE}) == len(MAKE) >= 60


@pytest.mark.parametrize("hostile", MAKE, ids=lambda one: one.name)
def test_a_hostile_file_does_no_harm(hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "Reader", Watched)
    sent, folder = tmp_path / "sent", tmp_path / "read"
    hostile.make(sent)
    made, code = None, ""
    try:
        made = limited.read_limited(sent, source(hostile.form), folder, None, None, lambda done, total: None)
    except Refused as refused:
        code = refused.refusal.code
    if made is None:
        assert code in hostile.refused
        assert list(tmp_path.iterdir()) == [sent]
    else:
        assert not hostile.refused
        aside = pl.concat([pl.DataFrame(schema=ASIDE), *frames(folder, made.aside)])
        assert dict(aside.select("line", "code").iter_rows()) == hostile.aside
        assert made.height == hostile.rows
    assert 0 < Watched.last.peak < MOST_MEMORY
    print(f"\n{hostile.name}: {Watched.last.peak >> 20} MB", end="")  # noqa: T201
