"""A wrong argument is refused before any call: exit code 2, what was found, what was expected."""

import pytest
from typer.testing import CliRunner

from cli.main import app

DIGEST = "a" * 64
PROGRAMME = ("--programme", "vascular-surgery-consultant-outcomes")


def refused(*arguments: str) -> str:
    """What the command said when it refused, in one line. No service listens, and no account is known."""
    environment = {"CANDOUR_URL_RATINGS": "http://127.0.0.1:9", "COLUMNS": "1000", "CANDOUR_ACCOUNTS": ""}
    done = CliRunner().invoke(app, arguments, env=environment)
    assert done.exit_code == 2, done.output
    return " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize("number", ["9900", "99000011", "990000a", "9900 01", "٩٩٠٠٠٠١"])
@pytest.mark.parametrize("command", ["withdraw", "give", "refuse", "show"])
def test_gmc_numbers(command: str, number: str) -> None:
    options = () if command == "show" else PROGRAMME
    expected = f"{number} is not a GMC number or an ODS code: seven digits, or a letter with two to five after it"
    assert expected in refused("consent", command, number, *options)


@pytest.mark.parametrize("name", ["latest", "2026-9-30", "2026-02-30", "2026-09-30.1", "2026-09-30.", "20260930"])
@pytest.mark.parametrize("command", ["submit", "return", "approve", "publish"])
def test_names_of_releases(command: str, name: str) -> None:
    said = refused("release", command, name)
    assert f"{name} is not the name of a release: a date is expected" in said
    assert "such as 2026-09-30.2" in said


@pytest.mark.parametrize("date", ["2026-02-30", "30.9.2026", "20260930", "2026-W40-3", "tomorrow"])
def test_dates(date: str) -> None:
    said = refused("release", "build", "--date", date)
    assert f"{date} is not a date: year, month and day are expected, such as 2026-09-30" in said


def test_digests() -> None:
    assert "abc is not a digest: 64 characters from 0-9 and a-f are expected, these are 3" in refused(
        "quarantine", "abc"
    )
    assert "there are others among these" in refused("quarantine", DIGEST.upper())


def test_sources_and_programmes() -> None:
    assert "NY_Cardiac is not such a name: small letters" in refused("load", "NY_Cardiac", __file__)
    assert "A B is not such a name" in refused("quarantine", DIGEST, "--source", "A B")
    assert "Vascular is not such a name" in refused("consent", "withdraw", "9900001", "--programme", "Vascular")


@pytest.mark.parametrize(
    "arguments",
    [
        ("consent", "show", "9900001"),
        ("release", "submit", "2026-09-30"),
        ("release", "approve", "2026-09-30.2"),
        ("release", "publish", "2026-09-30.12"),
        ("release", "build", "--date", "2026-09-30"),
        ("quarantine", DIGEST),
        ("quarantine", DIGEST, "--source", "ny-cardiac"),
    ],
)
def test_what_is_spelled_rightly_goes_on_to_ask_for_a_password(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, arguments, env={"CANDOUR_ACCOUNTS": ""})
    assert done.exit_code == 1
    assert "No password for the account" in done.output
