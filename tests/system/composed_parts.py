"""From the compose file to processes: containers, ports, mounts, and what the images' entry points do."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.ports import free_ports
from tests.postgres import BIN
from tests.system.composed_file import Compose, Service
from tests.system.composed_process import ROOT, Plan, can_contain
from tests.system.composed_rewrite import OWN, Rewriter, Rewritten

POSTGRES: Final = "postgres"
TEMPLATES: Final = "/etc/nginx/templates"
SECRETS: Final = "/run/secrets"
USER: Final = 10001
WORKERS: Final = ("ingest", "ratings")  # whose replicas are told apart by the names of their hosts
PATH: Final = f"{Path(sys.executable).parent}:{BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def flags_of(command: list[str]) -> dict[str, str]:
    """`postgres -c name=value …` as names and values. Raises AssertionError for anything else."""
    program, *rest = command
    assert program == "postgres"
    assert rest[::2] == ["-c"] * (len(rest) // 2), f"found {rest}; expected pairs of -c and name=value"
    return dict(flag.split("=", 1) for flag in rest[1::2])


def names_of(file: Compose) -> dict[str, str]:
    """By what a service is called from others, its name and its fixed addresses → the service."""
    names = {service: service for service in file.services}
    for service, one in file.services.items():
        names |= {place.ipv4_address: service for place in one.attachments() if place.ipv4_address}
    return names


class Site:
    """What every container of one house needs. `containers`: name → service, in the order of the file's dependencies;
    the first replica has the service's name, the others end in `.2`, `.3`, …"""

    def __init__(self, file: Compose, folder: Path, scale: Mapping[str, int]) -> None:
        self.file, self.folder = file, folder
        self.shared = folder / "shared"
        self.contained = can_contain()
        self.containers: dict[str, Service] = {}
        for service in file.in_order():
            for number in range(1, scale.get(service, 1) + 1):
                self.containers[service if number == 1 else f"{service}.{number}"] = file.services[service]
        wanted = [(name, inside) for name, service in self.containers.items() for inside in _ports_of(service)]
        ports = dict(zip(wanted, free_ports(len(wanted)), strict=True))
        self.rewriter = Rewriter(ports, names_of(file))
        self.plans: dict[str, Plan] = {}
        self._give(self.shared)

    def port(self, name: str) -> int:
        """Of the first published or exposed port."""
        return self.rewriter.ports[name, self.containers[name].container_ports()[0]]

    def replicas(self, service: str) -> list[str]:
        return [name for name in self.containers if name.partition(".")[0] == service]

    def plan(self, name: str) -> Plan:
        """Made once for each container, whose changes are then noted once."""
        if name not in self.plans:
            self.plans[name] = self._plan(name)
        return self.plans[name]

    def _plan(self, name: str) -> Plan:
        service = self.containers[name]
        mounts = self._mounts(name, service)
        paths = {} if self.contained else {inside: str(here) for here, inside, _ in mounts}

        def text(where: str, value: str) -> str:
            return self.rewriter.text(name, where, value, paths)

        given = {**(image_environment() if service.build else {}), **service.environment}
        environment = {**{key: text(key, value) for key, value in given.items()}, "PATH": PATH}
        if "/tmp" in paths:  # the container's
            environment["TMPDIR"] = paths["/tmp"]
            self.rewriter.changed.append(Rewritten(name, "TMPDIR", "/tmp", paths["/tmp"]))
        if not self.contained and name.partition(".")[0] in WORKERS:  # every process here has one host name
            variable = f"CANDOUR_{name.partition('.')[0].upper()}_WORKER"
            environment[variable] = name
            self.rewriter.changed.append(Rewritten(name, variable, name, name))
        probe = service.healthcheck.test[1:] if service.healthcheck else ["true"]
        return Plan(
            name=name,
            service=service,
            command=[text(f"command[{at}]", part) for at, part in enumerate(service.command)],
            environment=environment,
            probe=[text(f"healthcheck[{at}]", part) for at, part in enumerate(probe)],
            mounts=mounts,
            folder=self._own(name),
            contained=self.contained,
            prepare=lambda: self._prepare(service, environment, {inside: here for here, inside, _ in mounts}),
        )

    def _own(self, name: str) -> Path:
        """Its folder here, and in it the log, which Docker gives to the user of the container."""
        folder = self.folder / "containers" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log").touch()
        if self.contained:
            os.chown(folder / "log", USER, USER)
        return folder

    def _mounts(self, name: str, service: Service) -> list[tuple[Path, str, bool]]:
        """Volumes, tmpfs and secrets: (path here, path in the container, read-only), and the shared folder."""
        own = self._own(name)
        found = [(self._volume(source), inside, ro) for source, inside, ro in service.mounts() if inside != TEMPLATES]
        for one in service.tmpfs:
            inside = one.partition(":")[0]
            found.append((self._give(own / "tmpfs" / inside.strip("/").replace("/", "-")), inside, False))
        if service.secrets:
            found.append((self._give(own / "secrets"), SECRETS, True))
        if not self.contained:
            _link_nested(found)
        return [*found, (self.shared, str(self.shared), False)]

    def _volume(self, source: str) -> Path:
        if source.startswith("/"):
            return Path(source)
        return (ROOT / source).resolve() if source.startswith(".") else self._give(self.folder / "volumes" / source)

    def _give(self, folder: Path) -> Path:
        """A folder that the user of the containers may write to."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        if self.contained:
            os.chown(folder, USER, USER)
        return folder

    def _prepare(self, service: Service, environment: Mapping[str, str], here: Mapping[str, Path]) -> None:
        """Secrets are mounted file by file, so that a replaced one is seen at the next start; tmpfs begins empty."""
        for one in service.tmpfs:
            _empty(here[one.partition(":")[0]])
        if service.secrets:
            _empty(here[SECRETS])
            for secret in service.secrets:
                os.link(self.file.secrets[secret].file, here[SECRETS] / secret)
        for source, inside, _ in service.mounts():
            if inside == TEMPLATES:
                render(ROOT / source, environment, here[service.environment["NGINX_ENVSUBST_OUTPUT_DIR"]])


def render(templates: Path, environment: Mapping[str, str], target: Path) -> None:
    """What the image of nginx does at its start: envsubst of the variables that its filter names."""
    filtered = re.compile(environment["NGINX_ENVSUBST_FILTER"])
    values = {key: value for key, value in environment.items() if filtered.search(key)}
    for template in templates.glob("*.template"):
        text = re.sub(
            r"\$(?:\{(\w+)\}|(\w+))", lambda found: values.get(found[1] or found[2], found[0]), template.read_text()
        )
        (target / template.stem).write_text(text)
        (target / template.stem).chmod(0o644)


def image_environment() -> dict[str, str]:
    """The variables that the last stage of the Dockerfile sets."""
    text = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2].replace("\\\n", " ")
    lines = [line.removeprefix("ENV ") for line in text.splitlines() if line.startswith("ENV ")]
    return dict(part.split("=", 1) for line in lines for part in line.split())


def _ports_of(service: Service) -> list[int]:
    """Published, exposed, and what a service says that it listens on itself."""
    own = "|".join(map(re.escape, OWN))
    said = re.findall(rf"(?:{own}):(\d+)", " ".join(service.environment.values()))
    return list(dict.fromkeys([*service.container_ports(), *map(int, said)]))


def _link_nested(mounts: list[tuple[Path, str, bool]]) -> None:
    """A volume mounted inside another is a link there, where no mount can be made."""
    for here, inside, _ in mounts:
        for outer, place, _ in mounts:
            link = outer / inside.removeprefix(f"{place}/")
            if inside.startswith(f"{place}/") and not link.is_symlink():
                link.symlink_to(here, target_is_directory=True)


def _empty(folder: Path) -> None:
    for inside in folder.iterdir():
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        else:
            inside.unlink()
