"""The build fails when the documentation lies: problem codes, links between pages, and commands that it names."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cli.main import app
from shared.kit.problems import every_problem
from tests.architecture.imports import ROOT

SERVICES = ("ingest", "ratings", "consent", "gateway")
API_GUIDE = ROOT / "docs" / "api-guide.md"
OPTION = re.compile(r"^--?[a-z-]+$")


def pages() -> list[Path]:
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    assert len(found) > 5, "no pages: a rule about nothing checks nothing"
    return found


def codes() -> set[str]:
    for service in SERVICES:
        importlib.import_module(f"services.{service}.app")
    ours = [kind for kind in every_problem() if kind.__module__.startswith(("services.", "shared."))]
    return {kind.code for kind in ours}


def headings(text: str) -> list[str]:
    return re.findall(r"^### `(\w+)`$", text, re.MULTILINE)


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links whose target does not exist, seen from the folder of `page`."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [target for target in targets if not re.match(r"[a-z]+:|#", target)]
    return [target for target in local if not (page.parent / target.partition("#")[0]).exists()]


def commands_named(text: str) -> Iterator[list[str]]:
    """The words after `candour` in code spans and at the start of lines of code blocks."""
    for line in re.findall(r"^(?:\.venv/bin/)?candour +(.*)$", text, re.MULTILINE):
        yield line.split()
    for span in re.findall(r"`(?:\.venv/bin/)?candour +([^`\n]+)`", text):
        yield span.split()


def unknown_commands(text: str) -> list[str]:
    """What is named and does not exist: a command, a subcommand, or an option of it."""
    return [" ".join(words) for words in commands_named(text) if not _exists(words)]


def _exists(words: list[str]) -> bool:
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        if not words or words[0] not in command.commands:
            return False
        command, words = command.commands[words[0]], words[1:]
    known = {name for parameter in command.params for name in parameter.opts}
    return all(word in known for word in words if OPTION.match(word))


def test_every_problem_code_has_one_heading_and_no_heading_is_without_a_code() -> None:
    found = headings(API_GUIDE.read_text())
    assert len(found) == len(set(found))
    assert set(found) == codes()


def test_a_heading_without_a_code_is_seen() -> None:
    planted = headings(API_GUIDE.read_text() + "\n### `no_such_problem`\n")
    assert set(planted) - codes() == {"no_such_problem"}


def test_a_code_without_a_heading_is_seen() -> None:
    planted = headings(API_GUIDE.read_text().replace("### `several_feeds`", "### several feeds"))
    assert codes() - set(planted) == {"several_feeds"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text()) == []


def test_a_broken_link_is_seen() -> None:
    planted = "[one](docs/no-such-page.md#part) [two](README.md#x) [three](https://example.org/) [four](#here)"
    assert broken_links(ROOT / "README.md", planted) == ["docs/no-such-page.md#part"]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_command_named_exists(page: Path) -> None:
    assert unknown_commands(page.read_text()) == []


def test_an_unknown_command_is_seen() -> None:
    planted = (
        "run `candour lode FILE`, or\n\n```\n.venv/bin/candour release burn 2026-09-30\ncandour load --hard x\n```\n"
    )
    assert unknown_commands(planted) == ["release burn 2026-09-30", "load --hard x", "lode FILE"]


def test_commands_are_found_at_all() -> None:
    assert sum(len(list(commands_named(page.read_text()))) for page in pages()) >= 8
