"""A connection that is cut in the middle of an upload, by a real socket: what came is kept, and the rest is sent."""

import socket
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

from tests.spec.ingest_service import episode, episodes_file, sha256, some
from tests.system.test_ingest_kills import FEED, Serving, serving

CONTENT = episodes_file(*(episode(number) for number in range(20_000)))
PATH = f"/v1/feeds/{FEED}/submissions/{sha256(CONTENT)}"
CUT = 1_000_000


def cut_off(served: Serving) -> None:
    """A PUT that announces all of the bytes, brings some, and is gone."""
    url = urlsplit(str(served.client.base_url))
    account = b64encode(f"steward:{served.password}".encode()).decode()
    head = (
        f"PUT {PATH} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Basic {account}\r\n"
        f"Content-Length: {len(CONTENT)}\r\n\r\n"
    )
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=60) as wire:
        wire.sendall(head.encode() + CONTENT[:CUT])


def offset(served: Serving) -> tuple[int, int]:
    answer = served.client.head(PATH)
    return answer.status_code, int(answer.headers["Upload-Offset"])


def test_an_upload_that_was_cut_goes_on_with_the_same_receipt(tmp_path: Path) -> None:
    assert len(CONTENT) > CUT
    with serving(tmp_path) as served:
        served.start()
        cut_off(served)
        served.until(lambda: offset(served)[1] > 0, "nothing is kept")
        status, kept = offset(served)
        assert (status, 0 < kept <= CUT) == (204, True)
        assert served.client.get(f"/v1/submissions/{sha256(CONTENT)}").status_code == 404
        served.end()  # what came is durable too
        served.start()
        assert offset(served) == (204, kept)
        wrong = served.client.put(PATH, content=CONTENT[kept - 1 :], headers={"Upload-Offset": str(kept - 1)})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "offset_differs")
        rest = served.client.put(PATH, content=CONTENT[kept:], headers={"Upload-Offset": str(kept)})
        assert rest.status_code == 201, rest.text
        again = served.client.put(PATH, content=CONTENT)
        assert (again.status_code, again.json()) == (200, rest.json())
        assert offset(served) == (200, len(CONTENT))
        served.until(lambda: served.submission(CONTENT)["state"] == "checked", "no fates")
        assert some(served.submission(CONTENT)["fates"]) == {"header": 1, "accepted": 20_000}
