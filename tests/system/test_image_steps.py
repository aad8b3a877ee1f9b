"""The steps of the Dockerfile's build stage, run here in folders of their own: `make assure GOAL=image`.

Not in CI: they install everything twice and cost one to two minutes. What this cannot show is the base image and
Debian's packages.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.composed_process import ROOT
from tests.unit.test_image import DOCKERFILE, instructions


@pytest.mark.skipif("CANDOUR_IMAGE_STEPS" not in os.environ, reason="takes two minutes; run make assure GOAL=image")
def test_the_steps_make_what_runs(tmp_path: Path) -> None:
    here = {place: str(tmp_path / place.strip("/")) for place in ("/build", "/opt/candour", "/dist", "/src")}
    source = tmp_path / "src"
    source.mkdir()
    for word, rest in build_stage():
        if word == "COPY":
            copy(rest.split(), source)
        elif word == "RUN":
            step = re.sub(rf"(?<!\S)(?:{'|'.join(here)})(?=/|\s|$)", lambda found: here[found[0]], rest)
            step = re.sub(r"^python\b", sys.executable, step)
            done = subprocess.run(step.split(), cwd=source, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{rest}\n{done.stdout}\n{done.stderr}"
    runs = Path(here["/opt/candour"])
    told = subprocess.run([runs / "bin/candour", "--help"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "databases" in told.stdout
    look = (
        "import importlib.util as u, services, services.consent.app, services.ingest.app, services.ratings.app\n"
        "from services.gateway.site.assets import assets\n"
        "assert assets().built, 'the style sheet is not in the wheel'\n"
        "assert not u.find_spec('pytest') and not u.find_spec('pip') and not u.find_spec('hatchling')\n"
        "print(services.__file__)"
    )
    where = subprocess.run([runs / "bin/python", "-I", "-c", look], capture_output=True, text=True, check=False)
    assert where.returncode == 0, where.stderr
    assert where.stdout.startswith(str(runs)), "it runs from its own environment, not from a checkout"
    assert list(runs.rglob("services/consent/__pycache__/app.*.pyc")), "bytecode was not written"


def build_stage() -> list[tuple[str, str]]:
    found = instructions(DOCKERFILE.read_text())
    ends = [at for at, (word, _) in enumerate(found) if word == "FROM"]
    return found[ends[0] : ends[1]]


def copy(words: list[str], source: Path) -> None:
    *names, target = words
    for name in names:
        place = source / target / name if target == "./" else source / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__", "build"))
        else:
            shutil.copy(ROOT / name, place)
