"""A `docker` for tests: `docker compose …` on the processes of a composed house (tests/system/composed.py).

The program on PATH hands its arguments to this process over a socket. What is mapped: `up` (with --scale, --no-deps,
--force-recreate and services by name; the first one starts the whole house), `run --rm` (with --volume of a folder
under the house's shared one), `exec`, `start`, `stop`, `restart`, `rm`, `ps`, `logs`, and `config --quiet`, which reads
the files as docker compose would. What cannot be: `build` and `pull`. Their form is checked, nothing is built, and
`only_checked` names them. Everything else is refused with exit code 64, so a command that nothing maps fails its test.
"""

import argparse
import json
import socket
import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.system.composed import Composed
from tests.system.composed_file import read
from tests.system.composed_parts import Site
from tests.system.composed_process import Container
from tests.system.docker_merge import merged

UNKNOWN: Final = 64
PROGRAM: Final = f"""#!{sys.executable}
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect(os.environ["CANDOUR_TEST_DOCKER"])
    names = ("COMPOSE_FILE", "COMPOSE_ENV_FILES")
    told = {{"arguments": sys.argv[1:], "environment": {{name: os.environ.get(name, "") for name in names}}}}
    line.sendall(json.dumps(told).encode() + b"\\n")
    answer = json.loads(line.makefile().readline())
sys.stdout.write(answer["out"])
sys.stderr.write(answer["err"])
sys.exit(answer["code"])
"""


@dataclass
class Answer:
    code: int = 0
    out: str = ""
    err: str = ""


class Unmapped(Exception):
    """A command that this program cannot map."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise Unmapped(f"{self.prog}: {message}")


class Docker:
    """`with Docker(folder) as docker:` puts `docker` into `docker.bin`; `folder` is where commands are typed."""

    def __init__(self, folder: Path, address: Path) -> None:
        self.folder, self.address, self.bin = folder, address, folder / "bin"
        self.house: Composed | None = None
        self.only_checked: list[str] = []
        self.variables: dict[str, str] = {}
        self.line = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> "Docker":
        self.bin.mkdir()
        program = self.bin / "docker"
        program.write_text(PROGRAM)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.line.bind(str(self.address))
        self.line.listen()
        threading.Thread(target=self._serve, name="docker", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()
        self.address.unlink(missing_ok=True)
        if self.house is not None:
            self.house.__exit__()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self.line.accept()
            except OSError:  # closed
                return
            with caller:
                told = json.loads(caller.makefile().readline())
                answer = self._answer(told["arguments"], told["environment"])
                caller.sendall(json.dumps(vars(answer)).encode() + b"\n")

    def _answer(self, arguments: list[str], environment: dict[str, str]) -> Answer:
        try:
            return self._compose(arguments, environment)
        except Unmapped as unmapped:
            return Answer(UNKNOWN, err=f"the docker of this test: {unmapped}\n")
        except Exception as failed:
            return Answer(1, err=f"{type(failed).__name__}: {failed}\n")

    def _compose(self, arguments: list[str], environment: dict[str, str]) -> Answer:
        verbs: dict[str, Callable[[list[str], Site], Answer]] = {
            "up": self._up, "run": self._run, "exec": self._exec, "start": self._start, "stop": self._stop,
            "restart": self._restart, "rm": self._rm, "ps": self._ps, "logs": self._logs, "config": self._config,
            "build": self._checked, "pull": self._checked,
        }  # fmt: skip
        if arguments[:1] != ["compose"] or len(arguments) < 2 or arguments[1] not in verbs:
            raise Unmapped(f"`docker {' '.join(arguments)}` is not mapped")
        verb, rest = arguments[1], arguments[2:]
        site = self._site(environment)
        if verb not in ("up", "config", "build", "pull") and self.house is None:
            raise Unmapped(f"`docker compose {verb}` before `docker compose up`")
        return verbs[verb]([verb, *rest] if verb in ("build", "pull") else rest, site)

    def _site(self, environment: dict[str, str]) -> Site:
        """The files that are asked for, with the variables that are; ports stay as they are."""
        names = (environment["COMPOSE_FILE"] or "docker-compose.yml").split(":")
        document = self.folder / "merged.yml"
        document.write_text(yaml.safe_dump(merged([self.folder / name for name in names]), sort_keys=False))
        files = [self.folder / name for name in environment["COMPOSE_ENV_FILES"].split(",") if name]
        self.variables = _variables(files)
        if "CANDOUR_SECRETS" in self.variables:
            self.variables["CANDOUR_SECRETS"] = str((self.folder / self.variables["CANDOUR_SECRETS"]).resolve())
        file = read(document, self.variables)
        site = Site(file, self.folder, self._scale())
        self._keep_ports(site)
        return site

    def _scale(self, also: dict[str, int] | None = None) -> dict[str, int]:
        known = self.house.site.containers if self.house else {}
        found = {name.partition(".")[0]: 0 for name in known}
        for name in known:
            found[name.partition(".")[0]] += 1
        return {**found, **(also or {})}

    def _keep_ports(self, site: Site) -> None:
        if self.house is not None:
            site.rewriter.ports = {**site.rewriter.ports, **self.house.site.rewriter.ports}

    # Verbs

    def _up(self, arguments: list[str], site: Site) -> Answer:
        parser = Parser("up")
        parser.add_argument("-d", "--detach", action="store_true", required=True)
        parser.add_argument("--wait", action="store_true")
        parser.add_argument("--no-deps", action="store_true")
        parser.add_argument("--force-recreate", action="store_true")
        parser.add_argument("--scale", action="append", default=[])
        parser.add_argument("services", nargs="*")
        asked = parser.parse_args(arguments)
        if self.house is None:
            self.house = Composed(self.folder, variables=self.variables)
            self.house.__enter__()
            return Answer(err="the house is up\n")
        scale = self._scale({name: int(number) for name, _, number in (one.partition("=") for one in asked.scale)})
        site = Site(site.file, self.folder, scale)
        self._keep_ports(site)
        return self._brought_up(site, asked)

    def _brought_up(self, site: Site, asked: argparse.Namespace) -> Answer:
        assert self.house is not None
        wanted = [name for service in asked.services or site.file.services for name in self._known(site, service)]
        said = []
        changed = [name for name in wanted if self._is_other(site, name) or asked.force_recreate]
        for gone in [name for name in self.house.site.containers if name not in site.containers]:
            if gone.partition(".")[0] in site.file.services:
                self.house.stop(gone)
                self.house.processes.pop(gone)
                said.append(f"{gone} removed")
        self.house.site, self.house.file = site, site.file
        for name in wanted:
            process = self.house.processes.get(name)
            if name in changed and process is not None:
                self.house.stop(name)
                self.house.processes[name] = process = Container(site.plan(name))
            if name == "postgres":
                if asked.force_recreate:
                    self.house.restart(name)
            elif process is None:
                self.house._create(name)
            elif not process.running():
                self.house.start(name)
            said.append(f"{name} started")
        if asked.wait:
            self.house.wait_healthy(*[name for name in wanted if site.containers[name].healthcheck])
        return Answer(err="\n".join(said) + "\n")

    def _is_other(self, site: Site, name: str) -> bool:
        """Whether the file says something else of a container than when it was started."""
        assert self.house is not None
        now = self.house.site.containers.get(name)
        return now is not None and now != site.containers[name]

    def _known(self, site: Site, service: str) -> list[str]:
        found = site.replicas(service)
        if not found:
            raise Unmapped(f"no such service: {service}")
        return found

    def _run(self, arguments: list[str], site: Site) -> Answer:
        parser = Parser("run")
        parser.add_argument("--rm", action="store_true", required=True)
        parser.add_argument("--no-deps", action="store_true")
        parser.add_argument("--volume", action="append", default=[])
        return self._executed(parser, arguments, site, running=False)

    def _exec(self, arguments: list[str], site: Site) -> Answer:
        parser = Parser("exec")
        parser.add_argument("-T", "--no-tty", action="store_true")
        parser.add_argument("--volume", action="append", default=[], help=argparse.SUPPRESS)
        return self._executed(parser, arguments, site, running=True)

    def _executed(self, parser: Parser, arguments: list[str], site: Site, running: bool) -> Answer:
        parser.add_argument("service")
        parser.add_argument("command", nargs=argparse.REMAINDER)
        asked = parser.parse_args(arguments)
        assert self.house is not None
        (name, *_) = self._known(site, asked.service)
        places = {inside: here for here, inside in (one.split(":") for one in asked.volume)}
        for here in map(Path, places.values()):
            if not here.is_relative_to(self.house.shared) or not here.is_dir():
                raise Unmapped(f"{here} is not a folder below {self.house.shared}")
        command = [_mapped(word, places) for word in asked.command]
        if running and not self.house.processes[name].running():
            return Answer(1, err=f'service "{name}" is not running\n')
        done = self.house.run(name, *command, code=None)
        back = {here: inside for inside, here in places.items()}
        return Answer(done.returncode, _back(done.stdout, back), _back(done.stderr, back))

    def _start(self, arguments: list[str], site: Site) -> Answer:
        return self._each(arguments, site, lambda house, name: house.start(name))

    def _stop(self, arguments: list[str], site: Site) -> Answer:
        return self._each(arguments, site, lambda house, name: house.stop(name))

    def _restart(self, arguments: list[str], site: Site) -> Answer:
        return self._each(arguments, site, lambda house, name: house.restart(name))

    def _rm(self, arguments: list[str], site: Site) -> Answer:
        if arguments[:2] != ["--force", "--stop"]:
            raise Unmapped("rm without --force asks a question, and without --stop does nothing to what runs")
        return self._each(arguments[2:], site, lambda house, name: house.processes.pop(name).stop())

    def _each(self, arguments: list[str], site: Site, do: Callable[[Composed, str], object]) -> Answer:
        if not arguments or any(word.startswith("-") for word in arguments):
            raise Unmapped(f"expected services and no options, found {arguments}")
        assert self.house is not None
        for name in [name for service in arguments for name in self._known(site, service)]:
            do(self.house, name)
        return Answer(err=f"{' '.join(arguments)}: done\n")

    def _ps(self, arguments: list[str], site: Site) -> Answer:
        assert self.house is not None
        if arguments:
            raise Unmapped(f"ps {arguments}")
        lines = ["NAME  STATUS"]
        for name, process in self.house.processes.items():
            if process.running():
                lines.append(f"candour-{name}-1  Up ({'healthy' if self.house.healthy(name) else 'unhealthy'})")
        return Answer(out="\n".join(lines) + "\n")

    def _logs(self, arguments: list[str], site: Site) -> Answer:
        parser = Parser("logs")
        parser.add_argument("--no-log-prefix", action="store_true", required=True)
        parser.add_argument("--since")
        parser.add_argument("services", nargs="+")
        asked = parser.parse_args(arguments)
        assert self.house is not None
        return Answer(out="".join(self.house.log(name) for one in asked.services for name in self._known(site, one)))

    def _config(self, arguments: list[str], site: Site) -> Answer:
        if arguments != ["--quiet"]:
            raise Unmapped(f"config {arguments}")
        return Answer()

    def _checked(self, arguments: list[str], site: Site) -> Answer:
        """Only the form: options of ours, and services of the file."""
        unknown = [word for word in arguments[1:] if word not in (*site.file.services, "--quiet")]
        if unknown:
            raise Unmapped(f"{arguments[0]}: {unknown}")
        self.only_checked.append(f"docker compose {' '.join(arguments)}")
        return Answer()


def _variables(files: Any) -> dict[str, str]:
    found = {}
    for file in files:
        for line in file.read_text().splitlines():
            name, sign, value = line.partition("=")
            if sign and not line.startswith("#"):
                found[name] = value
    return found


def _mapped(word: str, places: dict[str, str]) -> str:
    for inside, here in places.items():
        if word == inside or word.startswith(f"{inside}/"):
            return here + word.removeprefix(inside)
    return word


def _back(text: str, places: dict[str, str]) -> str:
    for here, inside in places.items():
        text = text.replace(here, inside)
    return text
