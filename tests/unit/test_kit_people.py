"""Accounts: hashed as dearly as they should be in earnest, checked alike where a test has made them cheap."""

import base64
import json
from pathlib import Path

import pytest

from shared.kit.people import DEMONSTRATION, SUBJECTS, People, basic_of, make_people
from shared.kit.problems import NotSignedIn
from tests.people import make_quick_people


def basic(name: str, password: str) -> str:
    return base64.b64encode(f"{name}:{password}".encode()).decode()


def parameters(file: Path) -> set[str]:
    return {one["hash"].rpartition("$")[0].rpartition("$")[0] for one in json.loads(file.read_bytes())["people"]}


def test_in_earnest_each_hash_takes_its_64_mebibytes(tmp_path: Path) -> None:
    passwords = make_people(tmp_path / "people.json")
    assert parameters(tmp_path / "people.json") == {"$argon2id$v=19$m=65536,t=3,p=4"}
    assert len(set(passwords.values())) == len(DEMONSTRATION)
    assert min(map(len, passwords.values())) >= 20
    assert not [one for one in passwords.values() if one in (tmp_path / "people.json").read_text()]
    found = People(tmp_path / "people.json").check("auditor", passwords["auditor"])
    assert (found.name, found.roles, found.subject) == ("auditor", frozenset({"auditor"}), None)


def test_a_wrong_name_or_password_is_refused_whatever_a_check_costs(tmp_path: Path) -> None:
    passwords = make_quick_people(tmp_path / "people.json")
    assert parameters(tmp_path / "people.json") == {"$argon2id$v=19$m=8,t=1,p=1"}
    people = People(tmp_path / "people.json")
    for name, password in passwords.items():
        found = people.check(*basic_of(basic(name, password)))
        assert (found.name, found.roles, found.subject) == (name, frozenset(DEMONSTRATION[name]), SUBJECTS.get(name))
    for name, password in [("officer", passwords["steward"]), ("nobody", passwords["steward"]), ("", "")]:
        with pytest.raises(NotSignedIn):
            people.check(name, password)
    with pytest.raises(NotSignedIn):
        basic_of("no base64")
