"""docker-compose.yml as docker compose would understand it: variables put in, every key known, every reference sound.

`read(file, variables)` raises ComposeError, which says what was found and what was expected. Unknown keys are refused:
what this does not understand, the tests would not run as written.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

REFERENCE: Final = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?])(?P<word>[^{}]*))?\}|(?P<bare>[A-Za-z_]\w*)|(?P<bad>))"
)


class ComposeError(ValueError):
    """The file means something else than was intended, or nothing."""


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """`${A}`, `$A`, `${A:-default}`, `${A-default}`, `${A:?message}`, `${A?message}`, `$$`. Where docker compose would
    put in nothing and warn, this raises ComposeError."""

    def value(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        name, how = found["name"] or found["bare"], found["how"] or ""
        if not name:
            raise ComposeError(f"found a lone $ in {text!r}; expected a variable, or $$ for the sign itself")
        known = variables.get(name)
        if known or (known is not None and not how.startswith(":")):
            return known
        if how.endswith("-"):
            return str(found["word"])
        raise ComposeError(f"{name} is not set: {found['word'] if how.endswith('?') else 'it has no default'}")

    return REFERENCE.sub(value, text)


def everywhere(node: Any, variables: Mapping[str, str]) -> Any:
    """The same in every value of a document; keys stay as they are."""
    if isinstance(node, dict):
        return {key: everywhere(value, variables) for key, value in node.items() if not str(key).startswith("x-")}
    if isinstance(node, list):
        return [everywhere(value, variables) for value in node]
    return interpolated(node, variables) if isinstance(node, str) else node


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def seconds(text: Any) -> float:
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", str(text))
    if found is None:
        raise ValueError(f"found {text!r}; expected a duration such as 5s")
    return int(found[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}[found[2]]


Duration = Annotated[float, BeforeValidator(seconds)]
Command = Annotated[list[str], Field(min_length=1)]  # a list: a string would be split by a shell's rules
Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]


class HealthCheck(Part):
    test: Annotated[list[str], Field(min_length=2)]
    interval: Duration
    timeout: Duration
    retries: int
    start_period: Duration
    start_interval: Duration


class Dependency(Part):
    condition: Condition
    restart: bool = False


class Attachment(Part):
    ipv4_address: str | None = None


class Logging(Part):
    driver: str
    options: dict[str, str]


class Service(Part):
    image: str
    command: Command
    user: str
    read_only: bool
    cap_drop: list[str]
    security_opt: list[str]
    pids_limit: int
    init: bool
    logging: Logging
    restart: Literal["no", "always", "on-failure", "unless-stopped"]
    stop_grace_period: Duration
    networks: list[str] | dict[str, Attachment]
    build: str | None = None
    environment: dict[str, str] = {}
    secrets: list[str] = []
    volumes: list[str] = []
    tmpfs: list[str] = []
    ports: list[str] = []
    expose: list[str] = []
    shm_size: str | None = None
    stop_signal: str | None = None
    healthcheck: HealthCheck | None = None
    depends_on: dict[str, Dependency] = {}

    def mounts(self) -> list[tuple[str, str, bool]]:
        """(volume or host path, path in the container, read-only), outer before inner."""
        parts = [volume.split(":") for volume in self.volumes]
        return sorted(((one[0], one[1], one[2:] == ["ro"]) for one in parts), key=lambda one: one[1])

    def attachments(self) -> list[Attachment]:
        """To its networks, where anything is said of them."""
        return list(self.networks.values()) if isinstance(self.networks, dict) else []

    def container_ports(self) -> list[int]:
        """Published or exposed."""
        return [int(text.rpartition(":")[2]) for text in (*self.ports, *self.expose)]


class Network(Part):
    internal: bool = False
    ipam: dict[str, list[dict[str, str]]] = {}


class SecretFile(Part):
    file: str


class Volume(Part):
    """Where Docker keeps volumes: nothing to say."""


class Compose(Part):
    name: str
    services: dict[str, Service]
    volumes: dict[str, Volume]
    networks: dict[str, Network]
    secrets: dict[str, SecretFile]

    def in_order(self) -> list[str]:
        """Services, each after those it depends on. Raises ComposeError for a circle."""
        done: list[str] = []
        while len(done) < len(self.services):
            free = [
                name for name, one in self.services.items() if name not in done and set(one.depends_on) <= set(done)
            ]
            if not free:
                raise ComposeError(f"these wait for one another: {sorted(self.services.keys() - set(done))}")
            done += free
        return done


def read(file: Path, variables: Mapping[str, str]) -> Compose:
    """Raises ComposeError for the first thing that is not as docker compose needs it."""
    try:
        found = Compose.model_validate(everywhere(yaml.safe_load(file.read_text()), variables))
    except ValidationError as error:
        raise ComposeError(str(error)) from error
    for name, service in found.services.items():
        for complaint in complaints(found, service):
            raise ComposeError(f"{name}: {complaint}")
    found.in_order()
    for kind, declared, used in _references(found):
        if declared != used:
            raise ComposeError(f"{kind}: declared {sorted(declared - used)} unused, used {sorted(used - declared)}")
    return found


def complaints(found: Compose, service: Service) -> list[str]:
    """What docker compose, or our own rules for a container, would not accept."""
    said = []
    for name, dependency in service.depends_on.items():
        other = found.services.get(name)
        if other is None:
            said.append(f"depends on {name}, which is no service")
        elif dependency.condition == "service_healthy" and other.healthcheck is None:
            said.append(f"waits for {name} to be healthy, which has no health check")
        elif dependency.condition == "service_completed_successfully" and other.restart != "no":
            said.append(f"waits for {name} to end, which is restarted for ever")
    if service.restart != "no" and service.healthcheck is None:
        said.append("has no health check")
    if service.healthcheck is not None and service.healthcheck.test[0] != "CMD":
        said.append(f"found {service.healthcheck.test[0]} in its health check; expected CMD, without a shell")
    uid, _, gid = service.user.partition(":")
    if not uid.isdecimal() or not gid.isdecimal() or "0" in (uid, gid):
        said.append(f"found the user {service.user}; expected numbers other than 0")
    if not service.read_only or service.cap_drop != ["ALL"] or "no-new-privileges:true" not in service.security_opt:
        said.append("expected a read-only root, no capabilities and no-new-privileges")
    if not re.search(r":[\w.-]+$|@sha256:[0-9a-f]{64}$", service.image) or service.image.endswith(":latest"):
        said.append(f"found the image {service.image}; expected a tag that says which")
    return said


def _references(found: Compose) -> list[tuple[str, set[str], set[str]]]:
    services = found.services.values()
    volumes = {source for one in services for source, _, _ in one.mounts() if not source.startswith((".", "/"))}
    networks = {name for one in services for name in one.networks}
    secrets = {name for one in services for name in one.secrets}
    return [
        ("volumes", set(found.volumes), volumes | {"consent-journal"}),  # a folder may stand in for this one
        ("networks", set(found.networks), networks),
        ("secrets", set(found.secrets), secrets),
    ]
