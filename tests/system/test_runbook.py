"""docs/runbook.md, command by command, in its order, as a person at a terminal would type it, and what it answers.

The commands run in one shell, in a copy of the checkout's folder, against a composed house (tests/system/composed.py):
`docker` is the program of tests/system/docker_program.py, which says what it maps. Only addresses and folders under
`/srv` are put in anew. What must have happened before a section (figures that can be taken down, a withdrawal after the
backup) is done here, and named in BEFORE.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Final

import pytest

from cli.calls import Service
from cli.consent import withdrawal
from cli.imports import import_file
from tests.system.composed_process import ROOT
from tests.system.docker_program import Docker
from tests.system.house import free_base
from tests.system.quick_release import publish_quickly

RUNBOOK: Final = ROOT / "docs" / "runbook.md"
KIND: Final = "console"
LONGEST_SECONDS: Final = 240.0
GMC, PROGRAMME = "9900001", "vascular-surgery-consultant-outcomes"
DATE: Final = "2026-09-30"


@dataclass(frozen=True)
class Step:
    """A command, and the answer that the runbook shows under it: None where it shows none."""

    section: str
    command: str
    answer: str | None


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """(section, kind, body) of every fenced block. Raises ValueError where one is not closed."""
    section, kind = "", None
    body: list[str] = []
    for line in text.splitlines():
        fence = re.fullmatch(r"\s*```(\S*).*", line)
        if fence and kind is None:
            kind, body = fence[1], []
        elif fence:
            yield section, str(kind), "\n".join(body)
            kind = None
        elif kind is None:
            section = line.lstrip("#").strip() if line.startswith("#") else section
        else:
            body.append(line)
    if kind is not None:
        raise ValueError("a block is not closed")


def steps(text: str) -> list[Step]:
    """Raises ValueError for a block that no rule here would run."""
    found: list[Step] = []
    for section, kind, body in blocks(text):
        if kind != KIND or not body.startswith("$ "):
            raise ValueError(f"a block of {section!r} is not {KIND} with commands that begin with $: {body[:60]!r}")
        for command, answer in re.findall(r"^\$ (.*)\n?((?:(?!\$ ).*\n?)*)", body, re.MULTILINE):
            found.append(Step(section, command, answer.rstrip("\n") or None))
    return found


def agrees(shown: str, said: str) -> bool:
    """Whether `said` is what was shown, where … stands for anything. Ends of lines count, trailing blanks do not."""
    pattern = ".*".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, "\n".join(line.rstrip() for line in said.strip().splitlines()), re.DOTALL) is not None


class Shell:
    """One bash for all commands, so that what one of them exports, the next one has."""

    END: Final = "--end-of-command--"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-o", "pipefail"], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def run(self, command: str) -> tuple[int, str]:
        """Exit code, and everything it said."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\nprintf '\\n%s %s\\n' '{self.END}' $?\n")
        self.process.stdin.flush()
        said: list[str] = []
        while True:
            try:
                line = self.lines.get(timeout=LONGEST_SECONDS)
            except Empty:
                raise AssertionError(f"no end after {LONGEST_SECONDS:.0f} s: {command}\n{''.join(said)}") from None
            if line.startswith(self.END):
                return int(line.split()[1]), "".join(said)
            said.append(line)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


class Operator:
    """Types the runbook."""

    def __init__(self, folder: Path, docker: Docker) -> None:
        self.folder, self.docker = folder, docker
        self.base = str(free_base(2))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDOUR_")}
        places = [str(docker.bin), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment |= {
            "PATH": os.pathsep.join(places), "CANDOUR_TEST_DOCKER": str(docker.address), "NO_PROXY": "127.0.0.1",
            "CANDOUR_ACCOUNTS": str(folder / "accounts.json"),
        }  # fmt: skip
        self.shell = Shell(folder, environment)
        self.section = ""

    def here(self, command: str) -> str:
        """Folders and addresses as they are on this machine."""
        command = command.replace("/srv/candour/backups", str(self.folder / "shared" / "backups"))
        command = command.replace("/srv/candour/data", str(self.folder / "data")).replace(
            "--port 8000", f"--port {self.base}"
        )
        house = self.docker.house
        for name, port in (("proxy", 8080), ("ingest", 8001), ("ratings", 8002), ("consent", 8003)):
            if house is not None:
                command = command.replace(f"http://127.0.0.1:{port}", house.url(name))
        return command

    def type(self, step: Step) -> None:
        if step.section != self.section:
            self.section = step.section
            for name, do in BEFORE.items():
                if step.section.startswith(name):
                    do(self)
        self._tell_addresses()
        began = time.monotonic()
        code, said = self.shell.run(self.here(step.command))
        sys.stdout.write(f"{time.monotonic() - began:5.1f} s  $ {step.command}\n")
        told = f"{step.section}: $ {step.command}\nended with {code} and said\n{said}"
        assert code == 0, told
        if step.answer is not None:
            assert agrees(step.answer, said), f"{told}\nexpected\n{step.answer}"

    def _tell_addresses(self) -> None:
        """What the command line would find on the usual ports."""
        house = self.docker.house
        if house is not None:
            for name, url in house.urls.items():
                self.shell.run(f"export CANDOUR_URL_{name.upper()}={url}")

    def officer(self) -> Service:
        house = self.docker.house
        assert house is not None
        return Service("consent", "officer", house.accounts["officer"], house.url("consent"))


def a_published_release(operator: Operator) -> None:
    """Figures to back up, to restore and to take down; a consultant in the ledger."""
    house = operator.docker.house
    assert house is not None
    assert publish_quickly(house.urls, house.accounts, operator.folder, DATE) == DATE
    house.wait_published(DATE)
    register = operator.folder / "register.csv"
    register.write_text(f"gmc,name,programme\n{GMC},Dr Able (synthetic),{PROGRAMME}\n")
    assert import_file(operator.officer(), "register", register)["applied"] == 1


def a_withdrawal_since_the_backup(operator: Operator) -> None:
    withdrawal(operator.officer(), GMC, PROGRAMME)


def no_addresses(operator: Operator) -> None:
    """On one machine `candour` finds the services by CANDOUR_DATA."""
    operator.docker.house, house = None, operator.docker.house
    assert house is not None
    house.__exit__()
    for name in house.urls:
        operator.shell.run(f"unset CANDOUR_URL_{name.upper()}")


BEFORE: Final[dict[str, Callable[[Operator], None]]] = {
    "3. Back up": a_published_release,
    "Consent: the drill": a_withdrawal_since_the_backup,
    "11. One machine": no_addresses,
}


def checked_out(folder: Path) -> Path:
    """A folder as of a checkout; `deploy` is a copy, because the runbook writes into it."""
    (folder / "docker-compose.yml").symlink_to(ROOT / "docker-compose.yml")
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("my.env"))
    return folder


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with Docker(checked_out(tmp_path), tmp_path / "docker.socket") as docker:
        if os.geteuid() != 0:  # nobody else may give files away, and nobody runs as 10001 then
            (docker.bin / "chown").symlink_to("/bin/true")
        operator = Operator(tmp_path, docker)
        try:
            yield operator
        finally:
            operator.shell.close()


def test_every_command_of_the_runbook_gives_the_answer_it_shows(operator: Operator) -> None:
    found = steps(RUNBOOK.read_text())
    assert len(found) > 40
    for step in found:
        operator.type(step)
    sys.stdout.write("only their form was checked: " + "; ".join(operator.docker.only_checked) + "\n")
    assert {step.section for step in found} >= set(BEFORE)


def test_a_block_that_nobody_would_run_is_seen() -> None:
    for planted in ("```\ncandour up\n```\n", "```bash\n$ ls\n```\n", "```console\nls\n```\n"):
        with pytest.raises(ValueError, match="is not console"):
            steps(f"# One\n{planted}")
    with pytest.raises(ValueError, match="not closed"):
        steps("```console\n$ ls\n")


def test_answers_are_compared() -> None:
    assert steps("## One\n```console\n$ a\n1\n2\n$ b\n```\n") == [Step("One", "a", "1\n2"), Step("One", "b", None)]
    assert agrees("made … files\n…", "made 3 files\nand more\n")
    assert not agrees("made … files", "made 3 files\nand more\n")
    assert not agrees("{}", "{ }")


def test_a_docker_command_that_is_not_mapped_fails(tmp_path: Path) -> None:
    with Docker(checked_out(tmp_path), tmp_path / "docker.socket") as docker:
        environment = {**os.environ, "PATH": f"{docker.bin}{os.pathsep}{os.environ['PATH']}"}
        environment |= {"CANDOUR_TEST_DOCKER": str(docker.address), "COMPOSE_ENV_FILES": "deploy/example.env"}
        for command in ("docker run x", "docker compose down", "docker compose exec consent true"):
            done = subprocess.run(command.split(), env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 64, done.stderr


def logged(level: str) -> set[str]:
    """Every event that our code logs at this level, by the text of the sources."""
    sources = [path.read_text() for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")]
    return {event for text in sources for event in re.findall(rf'log\.{level}\(\s*"(\w+)"', text)}


def test_every_alarm_of_the_code_is_in_the_table_and_none_else() -> None:
    section = RUNBOOK.read_text().partition("## 9.")[2].partition("\n## ")[0]
    first = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    told = {event for cell in first for event in re.findall(r"`(\w+)`", cell)} - {"event"}
    assert logged("critical"), "no alarms in the code: a rule about nothing checks nothing"
    assert logged("critical") - told == set()
    sources = "".join(path.read_text() for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py"))
    assert [event for event in sorted(told) if f'"{event}"' not in sources] == []
