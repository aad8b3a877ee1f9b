"""The compose file as docker compose would read it, and each way in which it could be wrong."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from services.consent.settings import Settings as Consent
from services.gateway.settings import Settings as Gateway
from services.ingest.settings import Settings as Ingest
from services.ratings.settings import Settings as Ratings
from tests.system.composed_file import Compose, ComposeError, interpolated, read, seconds
from tests.system.composed_process import ROOT

FILE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / "deploy" / "example.env"
SECRETS = {"CANDOUR_SECRETS": "./secrets"}
SETTINGS: dict[str, type[BaseSettings]] = {
    "consent": Consent, "ingest": Ingest, "ratings": Ratings, "gateway-1": Gateway, "gateway-2": Gateway,
}  # fmt: skip
OURS = (*SETTINGS, "databases")


@pytest.fixture(scope="module")
def compose() -> Compose:
    return read(FILE, SECRETS)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("${A}", "a"), ("$A", "a"), ("x${A}y$A", "xaya"), ("${A:-d}", "a"), ("${A-d}", "a"), ("${A:?m}", "a"),
        ("${NONE:-d}", "d"), ("${NONE-d}", "d"), ("${NONE:-}", ""), ("${EMPTY:-d}", "d"), ("${EMPTY-d}", ""),
        ("${EMPTY?m}", ""), ("$$A", "$A"), ("$${A}", "${A}"), ("no sign", "no sign"), ("${NONE:-a:b/c}", "a:b/c"),
    ],
)  # fmt: skip
def test_variables(text: str, means: str) -> None:
    assert interpolated(text, {"A": "a", "EMPTY": ""}) == means


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${NONE:?say why}", "say why"), ("${EMPTY:?say why}", "say why"), ("${NONE}", "no default"),
        ("$NONE", "no default"), ("${}", "lone"), ("5 $", "lone"), ("${A", "lone"), ("${A:+b}", "lone"),
    ],
)  # fmt: skip
def test_variables_that_mean_nothing(text: str, why: str) -> None:
    with pytest.raises(ComposeError, match=re.escape(why)):
        interpolated(text, {"A": "a", "EMPTY": ""})


def test_durations() -> None:
    assert [seconds(text) for text in ("500ms", "5s", "2m", "1h")] == [0.5, 5.0, 120.0, 3600.0]


def test_without_a_folder_of_secrets_nothing_starts() -> None:
    with pytest.raises(ComposeError, match="candour secrets make"):
        read(FILE, {})


def wrong(change: Callable[[Any], object], tmp_path: Path) -> None:
    document = yaml.safe_load(FILE.read_text())
    change(document)
    (tmp_path / "docker-compose.yml").write_text(yaml.safe_dump(document))
    read(tmp_path / "docker-compose.yml", SECRETS)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["services"]["consent"].update(privileged=True),
        lambda d: d["services"]["consent"].update(command="python -m services.consent serve"),
        lambda d: d["services"]["consent"].update(user="root"),
        lambda d: d["services"]["consent"].update(user="0:0"),
        lambda d: d["services"]["consent"].update(read_only=False),
        lambda d: d["services"]["consent"].update(cap_drop=[]),
        lambda d: d["services"]["consent"].update(security_opt=[]),
        lambda d: d["services"]["consent"].update(image="candour"),
        lambda d: d["services"]["consent"].update(image="candour:latest"),
        lambda d: d["services"]["consent"].pop("healthcheck"),
        lambda d: d["services"]["consent"]["healthcheck"].update(test=["CMD-SHELL", "true || false"]),
        lambda d: d["services"]["consent"]["environment"].update(A=5),
        lambda d: d["services"]["consent"]["secrets"].append("nobody.key"),
        lambda d: d["services"]["ingest"].update(volumes=["nowhere:/data"]),
        lambda d: d["services"]["consent"].update(networks=["nowhere"]),
        lambda d: d["services"]["consent"]["depends_on"].update(nobody={"condition": "service_started"}),
        lambda d: d["services"]["consent"]["depends_on"].update(ratings={"condition": "service_ready"}),
        lambda d: d["services"]["databases"]["depends_on"].update(consent={"condition": "service_started"}),
        lambda d: d["services"]["gateway-1"]["depends_on"].update(databases={"condition": "service_healthy"}),
        lambda d: d["services"]["gateway-1"]["depends_on"].update(
            consent={"condition": "service_completed_successfully"}
        ),
        lambda d: d["volumes"].update(unused={}),
        lambda d: d["secrets"].pop("people.json"),
        lambda d: d.update(version="3"),
    ],
)
def test_what_docker_would_refuse_or_we_would_is_refused(change: Callable[[Any], object], tmp_path: Path) -> None:
    with pytest.raises(ComposeError):
        wrong(change, tmp_path)


def test_nothing_changed_is_not_refused(tmp_path: Path) -> None:
    wrong(lambda _: None, tmp_path)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_variable_is_a_setting(compose: Compose, name: str) -> None:
    """A misspelt variable would be ignored, and the default taken."""
    settings = SETTINGS[name]
    prefix = str(settings.model_config["env_prefix"])
    given = {key.removeprefix(prefix).lower() for key in compose.services[name].environment}
    assert given <= settings.model_fields.keys()
    assert {"data_dir", "secrets_dir", "host", "port"} <= given
    assert ("people_file" in given) == ("people_file" in settings.model_fields)


def test_the_example_explains_exactly_the_variables_of_the_file() -> None:
    used = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    shown = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert shown == used


def test_the_example_is_what_the_file_does_by_itself(compose: Compose) -> None:
    lines = [line.partition("=") for line in EXAMPLE.read_text().splitlines() if re.match("[A-Z]", line)]
    assert read(FILE, {name: value for name, _, value in lines}) == compose


def test_only_the_proxy_is_public(compose: Compose) -> None:
    ports = {name: service.ports for name, service in compose.services.items() if service.ports}
    assert ports.keys() == {"proxy", "consent", "ingest", "ratings"}
    assert all(port.startswith("127.0.0.1:") for name in ports.keys() - {"proxy"} for port in ports[name])


def test_who_can_reach_whom(compose: Compose) -> None:
    near = {name: set(service.networks) for name, service in compose.services.items()}
    reach = {name: {other for other in near if near[name] & near[other]} - {name} for name in near}
    assert not reach["postgres"] & {"proxy", "gateway-1", "gateway-2"}
    assert reach["postgres"] == {"databases", "consent", "ingest", "ratings"}
    assert reach["proxy"] == {"gateway-1", "gateway-2"}
    assert reach["gateway-1"] == {"gateway-2", "proxy", "consent", "ratings"}
    assert {name for name, network in compose.networks.items() if network.internal} == {"data", "house", "front"}


def test_the_proxy_starts_without_its_gateways(compose: Compose) -> None:
    """nginx looks names up when it starts, and ends where one is not known: so gateways have addresses."""
    given = re.findall(r"server (\S+):8000 max_fails=0;", compose.services["proxy"].environment["CANDOUR_GATEWAYS"])
    fixed = [one.ipv4_address for name in ("gateway-1", "gateway-2") for one in compose.services[name].attachments()]
    assert given == [address for address in fixed if address]
    assert len(given) == 2


def test_each_service_has_its_own_secrets_only(compose: Compose) -> None:
    held = {name: set(service.secrets) for name, service in compose.services.items()}
    assert held["proxy"] == set()
    assert held["postgres"] == {"postgres.password"}
    for name in SETTINGS:
        service = name.partition("-")[0]
        assert ("people.json" in held[name]) == (service != "gateway")  # nobody signs in at the public door
        for secret in held[name] - {"people.json"}:
            subject, _, kind = secret.partition(".")
            assert service in subject.split("-"), f"{name} holds {secret}"
            assert "previous" not in kind or subject == "gateway-cursor" or subject.endswith(f"-{service}"), (
                "only who is called accepts the one before"
            )
    assert "consent-subjects.key" in held["consent"]


def test_data_is_nobody_elses(compose: Compose) -> None:
    """A volume is written by one service; the proxy sees the public folders, read-only."""
    writers: dict[str, list[str]] = {}
    for name, service in compose.services.items():
        for source, inside, read_only in service.mounts():
            if not read_only:
                writers.setdefault(source, []).append(name)
            elif name == "proxy":
                assert source.endswith("-public") or inside == "/etc/nginx/templates"
    assert all(len(names) == 1 for names in writers.values()), writers
    mounts = {inside: source for source, inside, _ in compose.services["consent"].mounts()}
    assert mounts["/journal"] != mounts["/data"]


def test_postgresql_keeps_its_promises(compose: Compose) -> None:
    server = compose.services["postgres"]
    assert "synchronous_commit=on" in server.command
    assert "--data-checksums" in server.environment["POSTGRES_INITDB_ARGS"]
    assert not [part for part in server.command if re.match(r"(fsync|full_page_writes|data_sync_retry)=", part)]


@pytest.mark.parametrize("name", OURS)
def test_stopping_is_given_time(compose: Compose, name: str) -> None:
    """uvicorn waits ten seconds for answers on their way."""
    service = compose.services[name]
    assert service.stop_grace_period > 10
    assert service.init, "or nobody would pass signals on before the service listens to them"
