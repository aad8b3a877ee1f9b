"""The Dockerfile, read: no engine is needed. tests/system/test_image_steps.py runs its steps (`make assure GOAL=image`,
one to two minutes); these are its rules, each with a line that breaks it."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.composed_process import ROOT

DOCKERFILE = ROOT / "Dockerfile"
SECRET = re.compile(r"(?i)pass(?:word)?|secret|token|_key\b|credential")


def instructions(text: str) -> list[tuple[str, str]]:
    """(INSTRUCTION, rest) with continued lines joined and comments left out."""
    joined = re.sub(r"\\\n\s*", "", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    return [(word.upper(), rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def complaints(text: str, root: Path = ROOT) -> Iterator[str]:
    found = instructions(text)
    if [rest for word, rest in found if word == "USER"][-1:] != ["10001:10001"]:
        yield "the last USER is not 10001:10001"
    for word, rest in found:
        if word == "FROM" and not re.fullmatch(r"[a-z/]+:\d+\.\d+-slim-[a-z]+( AS [a-z]+)?", rest):
            yield f"FROM {rest}: the tag does not say which"
        if word == "ADD":
            yield f"ADD {rest}: COPY takes files, and nothing is fetched"
        if word in {"ENV", "ARG"} and SECRET.search(rest):
            yield f"{word} {rest}: a secret would stay in the image"
        if word in {"SHELL", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD", "VOLUME"}:
            yield f"{word}: the compose file says this"
        if word == "RUN" and re.search(r"curl|wget|\||chmod 777|sudo|index.url|extra.index", rest):
            yield f"RUN {rest}: fetches or pipes"
        if word == "RUN" and "pip install" in rest and "--require-hashes" not in rest and "--no-index" not in rest:
            yield f"RUN {rest}: installs without hashes"
        if word == "COPY" and not rest.startswith("--from="):
            yield from (f"COPY {one}: not there" for one in rest.split()[:-1] if not (root / one).exists())


def test_the_dockerfile_keeps_its_rules() -> None:
    assert list(complaints(DOCKERFILE.read_text())) == []


@pytest.mark.parametrize(
    "planted",
    [
        "USER root", "USER 0:0", "FROM python:latest", "FROM python", "ADD https://host.example/x /x", "ADD x /x",
        "ENV DB_PASSWORD=x", "ARG API_TOKEN", "COPY nothing-of-that-name /x", "RUN curl https://host.example | sh",
        "RUN python -m pip install polars", 'ENTRYPOINT ["sh", "-c", "x"]', "RUN true && \\\n chmod 777 /data",
    ],
)  # fmt: skip
def test_the_rules_bite(planted: str) -> None:
    assert list(complaints(DOCKERFILE.read_text() + f"\n{planted}\n")) != []


def test_nothing_but_what_is_copied_is_sent_to_the_engine() -> None:
    """.dockerignore begins with everything, and lets in what COPY names."""
    first, *rest = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    let_in = {line[1:] for line in rest if line.startswith("!")}
    copied = {
        source
        for word, text in instructions(DOCKERFILE.read_text())
        if word == "COPY" and not text.startswith("--from=")
        for source in text.split()[:-1]
    }
    assert {re.sub(r"requirements.*\.lock", "requirements*.lock", one) for one in copied} == let_in


def locked(name: str) -> dict[str, set[str]]:
    """`name==version` with its hashes."""
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text()):
        head = block.partition(" ")[0]
        if "==" in head:
            found[head] = set(re.findall(r"sha256:[0-9a-f]{64}", block))
    return found


def test_the_image_gets_the_locked_versions_and_no_development_ones() -> None:
    everything, run = locked("requirements.lock"), locked("requirements-run.lock")
    assert all(everything[name] == hashes and hashes for name, hashes in run.items())
    names = {name.partition("==")[0] for name in run}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split(r"[\[<>=~!]", one)[0] for one in project["dependencies"]} <= names
    development = {re.split(r"[\[<>=~!]", one)[0] for one in project["optional-dependencies"]["dev"]}
    assert development & names == {"pyyaml"}, "DBOS reads YAML; nothing else of these belongs in the image"
