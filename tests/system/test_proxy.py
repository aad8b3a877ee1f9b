"""The proxy's own promises, on the real template: it keeps what says that it may be kept, and nothing else; it knows
nobody; it hides the failure of one gateway and never the cutting of an answer."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.ports import HERE
from tests.system.proxy_alone import FIXED, MOVING, PRIVATE, REVOCABLE, Asked, Gateway, Proxy, answer

BASE = "/v1/releases/2026-09-30"
OPEN = ("/v1", "/v1/releases", BASE, f"{BASE}/indicators/x", f"{BASE}/providers/y", "/v1/codelists", "/v1/proof",
        "/static/site.css")  # fmt: skip
EVERYWHERE = (*OPEN, f"{BASE}/results?partition=fixed", f"{BASE}/indicators/x/funnel", "/providers/y", "/")
PERSON = f"{BASE}/consultants/9900001"
Start = Callable[..., Proxy]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a proxy before gateways that answer as told, one for each function."""
    running: list[Proxy] = []

    def begin(*says: Callable[[Asked], bytes | None]) -> Proxy:
        running.append(Proxy([Gateway(one) for one in says]).__enter__())
        return running[-1]

    yield begin
    for proxy in running:
        proxy.__exit__()


def counted(cache: str) -> Callable[[Asked], bytes]:
    """Every answer differs from the one before."""
    number = iter(range(10_000))
    return lambda asked: answer(cache, json.dumps({"of": asked.target, "number": next(number)}).encode(), ETag='"1"')


@pytest.mark.parametrize("cache", [FIXED, MOVING])
def test_what_may_be_kept_is_asked_for_once(start: Start, cache: str) -> None:
    proxy = start(counted(cache))
    for target in EVERYWHERE:
        first = proxy.get(target)
        again = [proxy.get(target) for _ in range(3)]
        assert {one.content for one in again} == {first.content}, target
        assert all(one.headers["cache-control"] == cache for one in again)
    assert len(proxy.gateways[0].asked) == len(EVERYWHERE)


@pytest.mark.parametrize("cache", [REVOCABLE, PRIVATE, "no-cache", ""])
def test_what_may_not_be_kept_is_asked_for_every_time_and_written_nowhere(start: Start, cache: str) -> None:
    """On every address, those of fixed answers included: it is the answer that decides."""
    body = b'{"name": "Dr Whoever Nobody"}' + b" " * 3_000_000  # more than memory holds back
    proxy = start(lambda _: answer(cache, body, ETag='"r"'))
    for target in (*EVERYWHERE, PERSON):
        for _ in range(2):
            assert proxy.get(target).content == body, target
    assert len(proxy.gateways[0].asked) == 2 * (len(EVERYWHERE) + 1)
    assert b"Whoever" not in proxy.kept()
    assert b"consultants" not in proxy.kept().replace((Path(proxy.folder) / "run/candour.conf").read_bytes(), b"")


@pytest.mark.parametrize("planted", [("", ""), ("proxy_max_temp_file_size 0", "proxy_max_temp_file_size 1024m")])
def test_a_slow_reader_does_not_make_the_proxy_write(planted: tuple[str, str]) -> None:
    """nginx deletes such a file the moment it is made: only its open descriptor shows it. The default would write."""
    body = b"Dr Whoever Nobody " * 2_000_000
    with Proxy([Gateway(lambda _: answer(REVOCABLE, body))], planted=planted) as proxy:
        with socket.create_connection((HERE, proxy.port), 10) as slow:
            slow.sendall(f"GET {BASE}/results HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert slow.recv(1000)
            time.sleep(0.7)
            written = [name for name in proxy.open_files() if "/run/proxy/" in name]
    assert bool(written) == bool(planted[0])


def test_a_proxy_that_kept_everything_would_be_seen() -> None:
    """The same look at its disk, with one line planted in the template."""
    planted = ("proxy_ignore_headers Vary", "proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control Vary")
    with Proxy([Gateway(lambda _: answer(REVOCABLE, b'{"name": "Dr Whoever Nobody"}'))], planted=planted) as proxy:
        for target in (f"{BASE}/results", f"{BASE}/results"):
            assert proxy.get(target).status_code == 200
        assert len(proxy.gateways[0].asked) == 1
        assert b"Whoever" in proxy.kept()


@pytest.mark.parametrize("target", [PERSON, f"{BASE}/results", "/consultants/9900001", "/"])
def test_a_conditional_request_for_a_revocable_answer_reaches_a_gateway(start: Start, target: str) -> None:
    def says(asked: Asked) -> bytes:
        unchanged = asked.headers.get("if-none-match") == '"r"'
        return answer(REVOCABLE, b"", "304 Not Modified", ETag='"r"') if unchanged else answer(REVOCABLE, ETag='"r"')

    proxy = start(says)
    assert proxy.get(target).status_code == 200
    assert [proxy.get(target, If_None_Match='"r"').status_code for _ in range(3)] == [304] * 3
    assert proxy.get(target, If_None_Match='"other"').status_code == 200
    assert proxy.get(target).status_code == 200, "and the 304 was not kept"
    assert len(proxy.gateways[0].asked) == 6


@pytest.mark.parametrize("target", [f"{BASE}/indicators/x", f"{BASE}/results?partition=fixed"])
def test_conditional_requests_for_fixed_answers(start: Start, target: str) -> None:
    def says(asked: Asked) -> bytes:
        unchanged = asked.headers.get("if-none-match") == '"f"'
        return answer(FIXED, b"", "304 Not Modified", ETag='"f"') if unchanged else answer(FIXED, ETag='"f"')

    proxy = start(says)
    assert proxy.get(target, If_None_Match='"f"').status_code == 304
    assert proxy.get(target).status_code == 200, "a 304 is never kept for those who have nothing"
    assert proxy.get(target, If_None_Match='"f"').status_code == 304
    assert proxy.get(target, If_None_Match='"f"').content == b""
    assert proxy.get(target).status_code == 200


def test_nothing_is_served_stale(start: Start) -> None:
    alive = [True]
    proxy = start(lambda _: answer("public, max-age=1", b'{"old": true}') if alive[0] else None)
    assert proxy.get("/v1").json() == {"old": True}
    alive[0] = False
    time.sleep(2.1)
    refused = proxy.get("/v1")
    assert (refused.status_code, refused.json()["code"]) == (503, "peer_unreachable")
    assert refused.headers["cache-control"] == "no-store"
    assert int(refused.headers["retry-after"]) >= 1


def test_each_form_is_kept_for_itself(start: Start) -> None:
    proxy = start(lambda asked: answer(FIXED, asked.headers.get("accept", "").encode(), Vary="Accept, Accept-Encoding"))
    target = f"{BASE}/results?partition=fixed"
    forms = ("text/csv", "application/json", "*/*", "text/html,application/xhtml+xml;q=0.9")
    for _ in range(2):
        for form in forms:
            assert proxy.get(target, Accept=form, Accept_Encoding="gzip, br").text == form
            assert proxy.get(target, Accept=form, Accept_Encoding="identity").text == form
    assert len(proxy.gateways[0].asked) == len(forms), "what the reader unpacks changes nothing here"
    assert proxy.client.head(target).status_code == 200
    assert proxy.gateways[0].asked[-1].method == "HEAD", "a HEAD stays one"
    assert proxy.get(target, Accept="text/csv").text == "text/csv", "and is not kept as an answer without a body"


def test_gateways_learn_nothing_that_a_caller_says_of_itself(start: Start) -> None:
    proxy = start(lambda _: answer(REVOCABLE, X_Request_ID="ours"))
    claims = {"X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4", "X-Real-IP": "1.2.3.4", "Cookie": "a=b",
              "X-Request-ID": "theirs", "Authorization": "Basic YTpi", "Host": "evil.example"}  # fmt: skip
    for target in (PERSON, "/v1", f"{BASE}/results"):
        answered = proxy.client.get(target, headers=claims)
        assert answered.headers["x-request-id"] == "ours"
    for asked in proxy.gateways[0].asked:
        assert not asked.headers.keys() & {name.lower() for name in claims if name != "Host"}
        assert asked.headers["host"] == "gateways"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("broken", [lambda _: None, lambda _: answer(PRIVATE, b"", "503 Service Unavailable")])
def test_another_gateway_is_asked(start: Start, method: str, broken: Callable[[Asked], bytes | None]) -> None:
    proxy = start(broken, lambda _: answer(REVOCABLE, b'{"from": 2}'))
    answers = [proxy.client.request(method, target) for target in (PERSON, "/v1/releases", f"{BASE}/results") * 5]
    assert {one.status_code for one in answers} == {200}
    assert proxy.gateways[0].asked, "the broken one was tried"


def test_a_frozen_gateway_delays_and_does_not_fail() -> None:
    """It takes connections and says nothing; the patience of ten seconds is made one here."""
    thaw = threading.Event()

    def silent(_: Asked) -> None:
        thaw.wait(20)

    frozen = Gateway(silent)
    planted = ("proxy_read_timeout 10s", "proxy_read_timeout 1s")
    with Proxy([frozen, Gateway(lambda _: answer(REVOCABLE))], planted=planted) as proxy:
        assert [proxy.get(PERSON).status_code for _ in range(4)] == [200] * 4
        assert frozen.asked
        thaw.set()


def test_a_gateway_that_refuses_one_thing_is_still_asked_for_others(start: Start) -> None:
    """Consent is away: every gateway answers 503 where a person could be shown. Fixed answers go on."""

    def says(asked: Asked) -> bytes:
        if "consultants" in asked.target:
            return answer(PRIVATE, b'{"code": "consent_unreachable"}', "503 Service Unavailable", Retry_After="3")
        return answer(REVOCABLE)

    proxy = start(says, says)
    for _ in range(30):
        refused = proxy.get(PERSON)
        assert (refused.status_code, refused.json()["code"]) == (503, "consent_unreachable")
        assert refused.headers["retry-after"] == "3"
        assert proxy.get(f"{BASE}/results").status_code == 200


@pytest.mark.parametrize("target", [PERSON, f"{BASE}/results.csv?partition=fixed", "/v1/releases"])
@pytest.mark.parametrize("cache", [REVOCABLE, FIXED])
def test_an_answer_that_was_cut_is_cut_for_the_reader(start: Start, target: str, cache: str) -> None:
    """A gateway that hangs up in the middle of chunks, or before the length it announced; and nothing of it is kept."""
    chunks = f"HTTP/1.1 200 OK\r\nCache-Control: {cache}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunks += b"3e8\r\n" + b"x" * 1000 + b"\r\n"
    short = f"HTTP/1.1 200 OK\r\nCache-Control: {cache}\r\nContent-Length: 9000\r\nX: chunked\r\n\r\n".encode()
    for said in (chunks, short + b"x" * 1000):
        proxy = start(lambda _, said=said: said)
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                proxy.get(target)
        assert len(proxy.gateways[0].asked) == 2
        assert b"xxxx" not in proxy.kept()
        request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        assert not proxy.raw(request).endswith(b"0\r\n\r\n")


def test_an_old_client_cannot_be_told_of_a_cut_and_is_refused(start: Start) -> None:
    proxy = start(counted(FIXED))
    assert proxy.raw(f"GET {PERSON} HTTP/1.0\r\n\r\n".encode()).startswith(b"HTTP/1.1 505 ")
    assert proxy.gateways[0].asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"])
def test_only_reading(start: Start, method: str) -> None:
    proxy = start(counted(FIXED))
    refused = proxy.client.request(method, "/v1")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
    assert proxy.gateways[0].asked == []


@pytest.mark.parametrize("path", ["/health/ready", "/health/live", "/health", "/v1/../health/ready", "/%68ealth/ready"])
def test_the_inside_stays_inside(start: Start, path: str) -> None:
    proxy = start(counted(FIXED))
    said = proxy.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 404 ")
    assert b'"code":"not_found"' in said
    assert proxy.gateways[0].asked == []


def test_large_and_slow_requests(start: Start) -> None:
    proxy = start(counted(REVOCABLE))
    for refused in (proxy.get("/v1?q=" + "x" * 9000), proxy.get("/v1", X="y" * 9000), proxy.client.request(
        "GET", "/v1", content=b"z" * 2000
    )):  # fmt: skip
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert proxy.gateways[0].asked == []
    began = time.monotonic()
    proxy.raw(b"GET /v1 HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    assert 3 < time.monotonic() - began < 20, "who does not finish is hung up on"


def test_requests_for_one_open_answer_wait_for_the_first(start: Start) -> None:
    def slowly(asked: Asked) -> bytes:
        time.sleep(0.3)
        return answer(FIXED, asked.target.encode())

    proxy = start(slowly)
    threads = [threading.Thread(target=proxy.get, args=(f"{BASE}/indicators/x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(proxy.gateways[0].asked) == 1


def test_open_answers_are_packed_and_revocable_ones_never(start: Start) -> None:
    text = json.dumps({"text": "the same words again, " * 200}).encode()
    proxy = start(lambda asked: answer(REVOCABLE if "consultants" in asked.target else FIXED, text, ETag='"e"'))
    packed = proxy.get(f"{BASE}/indicators/x", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == text
    assert packed.headers["etag"] == 'W/"e"', "other bytes: no longer a strong validator"
    assert proxy.get(f"{BASE}/indicators/x", Accept_Encoding="gzip", If_None_Match='W/"e"').status_code == 304
    assert proxy.get(f"{BASE}/indicators/x", Accept_Encoding="identity").headers["etag"] == '"e"'
    plain = proxy.get(PERSON, Accept_Encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] == '"e"'


def test_baked_files_come_from_the_disk(start: Start) -> None:
    proxy = start(lambda _: answer(FIXED, b"from a gateway"))
    name = "results-fixed-0123456789abcdef.csv"
    place = proxy.folder / "public" / "gateway-2" / BASE.strip("/") / "files"
    place.mkdir(parents=True)
    (place / name).write_bytes(b"a,b\n1,2\n")
    (place / f"{name}.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    plain = proxy.get(f"{BASE}/files/{name}", Accept_Encoding="identity")
    packed = proxy.get(f"{BASE}/files/{name}", Accept_Encoding="gzip")
    assert plain.content == packed.content == b"a,b\n1,2\n"
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert plain.headers["content-type"] == "text/csv; charset=utf-8"
    assert plain.headers["cache-control"] == FIXED
    assert plain.headers["content-disposition"] == 'attachment; filename="candour-2026-09-30-results-fixed.csv"'
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["access-control-allow-origin"] == "*"
    tag = {"If_None_Match": plain.headers["etag"], "Accept_Encoding": "identity"}
    assert proxy.get(f"{BASE}/files/{name}", **tag).status_code == 304
    assert "ETag" in plain.headers["access-control-expose-headers"]
    assert proxy.gateways[0].asked == []
    for more in ({"Range": "bytes=4-6"}, {"If_Match": '"x"'}):  # one place knows the rules of parts and conditions
        assert proxy.get(f"{BASE}/files/{name}", **more).text == "from a gateway"
    assert proxy.gateways[0].asked[0].headers["range"] == "bytes=4-6"
    assert proxy.client.options(f"{BASE}/files/{name}").text == "from a gateway"
    for other in ("results-fixed.csv", "results-fixed-fedcba9876543210.csv", "..%2f..%2fconsent.json"):
        assert proxy.get(f"{BASE}/files/{other}").text == "from a gateway"


def test_the_log_says_what_happened_and_to_nobody(start: Start) -> None:
    proxy = start(lambda _: None, lambda _: answer(REVOCABLE, X_Request_ID="abc"))
    for target in (
        PERSON,
        "/consultants/9900001",
        f"{BASE}/results?consultant=9900001",
        f"{BASE}/consultants?q=Nobody",
    ):
        proxy.get(target, User_Agent="reader-of-9900001", Referer="https://x.example/9900001")
    proxy.get("/9900001/9900001")
    proxy.get("/v1?q=" + "9900001" * 1500)
    time.sleep(0.2)
    text = proxy.log.read_text()
    assert "9900001" not in text
    assert "Nobody" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["place"] for line in lines[:4]] == [
        "/v1/releases/*/consultants/*", "/consultants", "/v1/releases/*/results", "/v1/releases/*/consultants",
    ]  # fmt: skip
    assert all(line["id"] == "abc" and line["status"] == 200 for line in lines[:4])
    assert lines[-1]["status"] == 413
