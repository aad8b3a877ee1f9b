"""`candour load` sends what the service does not keep yet, and no more: after a connection that was cut, and after the
command itself was killed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spec.ingest_service import episode, episodes_file, sha256
from tests.system.cut_link import CutLink
from tests.system.test_ingest_kills import FEED, ROOT, Serving, serving

CONTENT = episodes_file(*(episode(number) for number in range(40_000)))
PATH = f"/v1/feeds/{FEED}/submissions/{sha256(CONTENT)}"
CUT = 1_500_000
ASIDE = 500_000  # heads of requests, of which there are many while a slow machine reads the file
WAIT = 60


def loading(served: Serving, link: CutLink, file: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"CANDOUR_URL_INGEST": link.url, "CANDOUR_PASSWORD_STEWARD": served.password}
    command = [sys.executable, "-m", "cli", "load", FEED, str(file), "--json"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def loaded(child: subprocess.Popen[str]) -> dict[str, object]:
    told, complained = child.communicate(timeout=10 * WAIT)
    assert child.returncode == 0, complained
    submission: dict[str, object] = json.loads(told)["submission"]
    return submission


def port_of(served: Serving) -> int:
    return served.client.base_url.port or 0


def kept(served: Serving) -> int:
    return int(served.client.head(PATH).headers["Upload-Offset"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    assert len(CONTENT) > CUT > 2 * ASIDE
    file = tmp_path / "episodes.csv"
    file.write_bytes(CONTENT)
    return file


def test_after_a_cut_only_the_rest_is_sent(tmp_path: Path, file: Path) -> None:
    with serving(tmp_path) as served:
        served.start()
        with CutLink(port_of(served), CUT) as link:
            link.cut.set()
            submission = loaded(loading(served, link, file))
            assert link.stopped.is_set()
            assert (submission["bytes"], submission["lines"]) == (len(CONTENT), 40_001)
            assert len(CONTENT) <= sum(link.carried) <= len(CONTENT) + ASIDE
            assert len([carried for carried in link.carried if carried > ASIDE // 2]) == 2


def test_a_killed_command_goes_on_where_it_was(tmp_path: Path, file: Path) -> None:
    with serving(tmp_path) as served:
        served.start()
        with CutLink(port_of(served), CUT) as link:
            child = loading(served, link, file)
            assert link.stopped.wait(WAIT)
            child.kill()
            child.wait(WAIT)
            link.cut.set()
            served.until(lambda: kept(served) > CUT - ASIDE, "what came is not kept")
            already, before = kept(served), sum(link.carried)
            submission = loaded(loading(served, link, file))
            assert submission["bytes"] == len(CONTENT)
            rest = sum(link.carried) - before
            assert len(CONTENT) - already <= rest <= len(CONTENT) - already + ASIDE


def test_of_what_is_there_nothing_is_sent_again(tmp_path: Path, file: Path) -> None:
    with serving(tmp_path) as served:
        served.start()
        with CutLink(port_of(served), len(CONTENT) + ASIDE) as link:
            first = loaded(loading(served, link, file))
            before = sum(link.carried)
            assert loaded(loading(served, link, file)) == first
            assert sum(link.carried) - before <= ASIDE
