"""Every example of the API guide answers on the demonstration, as it stands there."""

import re
import shlex

import httpx
import pytest

from tests.system.house import ROOT, House

GUIDE = ROOT / "docs" / "api-guide.md"
BASE = "http://127.0.0.1:8000"


def examples() -> list[str]:
    found = re.findall(r"^curl .*$", GUIDE.read_text(), re.MULTILINE)
    assert len(found) > 10, "a guide without examples"
    return found


@pytest.mark.parametrize("example", examples())
def test_an_example_of_the_guide_answers(demo_house: House, example: str) -> None:
    words = shlex.split(example)
    address = next(word for word in words if word.startswith(BASE)).removeprefix(BASE)
    headers = dict([words[words.index("-H") + 1].split(": ", 1)]) if "-H" in words else {}
    with demo_house.reader() as reader:
        answer = reader.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    assert content(answer), example


def content(answer: httpx.Response) -> bool:
    """Whether there is something in it: an example that finds nothing teaches nothing."""
    if "json" not in answer.headers["content-type"] or "ndjson" in answer.headers["content-type"]:
        return len(answer.text) > 0
    body = answer.json()
    return bool(body.get("data", True))
