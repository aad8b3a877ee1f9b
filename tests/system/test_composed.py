"""The composed house is what the compose file says: what was changed for this machine, and that nothing else was; who
runs what, and may do what; and that it comes back."""

import re
from pathlib import Path

import pytest

from tests.ports import HERE
from tests.system.composed import Composed
from tests.system.composed_parts import flags_of, image_environment, names_of
from tests.system.composed_rewrite import OWN

OURS = ("consent", "ingest", "ratings", "gateway-1", "gateway-2")


def plainly(house: Composed, container: str, text: str) -> str:
    """`text` with every address as container:port, in whichever of the two spellings it stands."""
    inside = {str(here): f"{name}:{port}" for (name, port), here in house.rewriter.ports.items()}
    own = {str(port): f"{name}:{port}" for name, port in house.rewriter.ports if name == container}
    if text in {**own, **inside}:
        return {**own, **inside}[text]
    text = re.sub(
        rf"(?<=--port=)\d+|(?<={re.escape(HERE)}:)\d+", lambda at: inside.get(at[0], own.get(at[0], "?")), text
    )
    names = "|".join(map(re.escape, house.file.services))
    text = re.sub(rf"{re.escape(HERE)}:(?=(?:{names})(?:\.\d)?:\d)", "", text)
    text = re.sub(r"0\.0\.0\.0:(\d+)", rf"{container}:\1", text)
    for address, service in names_of(house.file).items():
        text = text.replace(f"{address}:", f"{service}:")
    return "anywhere" if text in OWN else text


def test_nothing_but_addresses_and_paths_was_changed(composed: Composed) -> None:
    paths = {
        name: {} if composed.site.contained else {inside: str(here) for here, inside, _ in plan.mounts}
        for name, plan in composed.site.plans.items()
    }
    assert composed.rewriter.changed
    for one in composed.rewriter.changed:
        back = one.after
        for inside, here in paths[one.container].items():
            back = back.replace(here, inside) if back == here or back.startswith(f"{here}/") else back
        assert plainly(composed, one.container, back) == plainly(composed, one.container, one.before), one
    if composed.site.contained:
        assert not [one for one in composed.rewriter.changed if one.before.startswith("/")], "paths are the file's own"


@pytest.mark.parametrize("name", OURS)
def test_the_command_and_environment_are_the_files(composed: Composed, name: str) -> None:
    """What the running process was really given, as the kernel tells it."""
    service, process = composed.file.services[name], Path(f"/proc/{composed.pid(name)}")
    if not process.exists():
        pytest.skip("no /proc here")
    changed = {one.where: one.after for one in composed.rewriter.changed if one.container == name}
    given = dict(part.split("=", 1) for part in (process / "environ").read_text().rstrip("\0").split("\0"))
    wanted = {**(image_environment() if service.build else {}), **service.environment}
    added = set() if composed.site.contained else {"TMPDIR", *(key for key in given if key.endswith("_WORKER"))}
    assert given.keys() - added == wanted.keys() | {"PATH"}
    assert {key: given[key] for key in wanted if key != "PATH"} == {
        key: changed.get(key, value) for key, value in wanted.items() if key != "PATH"
    }
    assert (process / "cmdline").read_text().rstrip("\0").split("\0") == service.command


def test_nginx_runs_with_the_template_of_the_repository(composed: Composed) -> None:
    command = composed.site.plans["proxy"].command
    title = Path(f"/proc/{composed.pid('proxy')}/cmdline").read_text()
    assert title.startswith(f"nginx: master process {' '.join(command)}")
    ports = {composed.site.port(name) for name in composed.gateway_names}
    rendered = composed.exec("proxy", "cat", command[2]).stdout
    assert {int(port) for port in re.findall(r"server 127\.0\.0\.1:(\d+) max_fails=0;", rendered)} == ports
    assert "CANDOUR_" not in rendered.replace("CANDOUR_\n", "").replace("begin with CANDOUR_.", "")


def test_postgresql_runs_with_the_flags_of_the_file(composed: Composed) -> None:
    for name, value in flags_of(composed.file.services["postgres"].command).items():
        assert composed.postgres.execute(f"SHOW {name}") == [(value,)]
    assert composed.postgres.execute("SHOW data_checksums") == [("on",)]
    wanted = composed.file.services["postgres"].environment["POSTGRES_INITDB_ARGS"].split()
    assert set(wanted) == {
        "--data-checksums", "--encoding=UTF8", "--locale=C", "--auth-host=scram-sha-256", "--auth-local=scram-sha-256",
    }  # fmt: skip  # what tests/postgres.py gives to initdb


@pytest.mark.parametrize("name", [*OURS, "proxy"])
def test_a_container_may_do_little(composed: Composed, name: str) -> None:
    if not composed.site.contained:
        pytest.skip("only root can make containers of its own here")
    status = Path(f"/proc/{composed.pid(name)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split() == fields["Gid"].split() == ["10001"] * 4
    assert fields["Groups"].strip() == ""
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    for place in ("/here", "/usr/here", "/etc/here", "/run/secrets/here"):
        assert composed.exec(name, "touch", place, code=None).returncode != 0, place
    held = composed.exec(name, "ls", "/run/secrets", code=None).stdout.split()
    assert held == sorted(composed.file.services[name].secrets)
    for secret in held:
        assert composed.exec(name, "test", "-r", f"/run/secrets/{secret}").returncode == 0
    assert composed.exec(name, "cat", str(composed.secrets / "people.json"), code=None).returncode != 0


@pytest.mark.parametrize("role", ["consent", "ingest", "ratings"])
def test_a_role_is_refused_by_every_other_database(composed: Composed, role: str) -> None:
    """From the service's own container, with its own password."""
    address = f"host={HERE} port={composed.postgres.port} user={role}"
    file = composed.site.plans[role].environment[f"CANDOUR_{role.upper()}_DATABASE_PASSWORD_FILE"]
    code = f"""
import psycopg
password = open({file!r}).read()
for database in ("consent", "ingest", "ratings", "postgres", "template1"):
    try:
        psycopg.connect("{address} dbname=" + database, password=password).close()
        print(database, "entered")
    except psycopg.OperationalError as refused:
        print(database, "refused" if "permission denied for database" in str(refused) else refused)
"""
    told = dict(line.split(" ", 1) for line in composed.exec(role, "python", "-c", code).stdout.splitlines())
    assert told.pop(role) == "entered"
    assert set(told.values()) == {"refused"}
    assert len(told) == 4


def test_every_kind_of_death_is_survived(composed: Composed) -> None:
    for name in ("proxy", "gateway-1", "postgres"):
        before = composed.pid(name)
        composed.kill(name)
        assert composed.pid(name) != before
    composed.wait_healthy("proxy", "gateway-1", "consent", "ingest", "ratings")
    with composed.reader() as reader:
        assert reader.get("/v1").status_code == 200


def test_nothing_personal_and_no_secret_in_any_log(composed_demo: Composed) -> None:
    with composed_demo.reader() as reader:
        rows = reader.get(f"/v1/releases/{composed_demo.demo_release}/results?level=consultant&limit=50").json()["data"]
        people = {row["subject"]["id"] for row in rows} | {row["subject"]["name"] for row in rows}
        for row in rows:
            assert reader.get(
                f"/v1/releases/{composed_demo.demo_release}/consultants/{row['subject']['id']}"
            ).is_success
    secrets = {path.read_text() for path in composed_demo.secrets.iterdir() if path.suffix in {".key", ".password"}}
    assert len(people) >= 50
    for name in composed_demo.site.containers:
        log = composed_demo.log(name)
        assert not [one for one in people | (secrets - {""}) if one in log], name
