"""What results are made with beside their inputs: the code, the version of the methods, and the reviewed files."""

from importlib.metadata import version
from typing import Any, Final

from services.ratings.indicators.loading import Catalogue
from services.ratings.methods import METHOD_VERSION

CODE: Final = f"candour {version('candour-outcomes')}"

Json = dict[str, Any]


def made_with(catalogue: Catalogue, indicators: list[str]) -> Json:
    """`code`, `method_version`, and `files`: the digest of each file that defines these indicators, by its path."""
    files: dict[str, str] = {}
    for one in indicators:
        files |= catalogue[one].files
    return {"code": CODE, "method_version": METHOD_VERSION, "files": dict(sorted(files.items()))}
