"""What a quorum did not confirm is not believed: two real servers, a standby that goes away, a primary that is deposed.

The servers and the service are real; nothing between them is replaced."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from services.consent.store.heads import THREADS
from services.consent.verify_ledger import verify
from shared.kit.bounded import MOST_SECONDS
from tests.postgres import sweep_copies
from tests.system.consent_process import Consent, eventually
from tests.system.replicas import Pair
from tests.unit.test_consent_rig import House, build_house

NUMBERS = [f"99{number:05d}" for number in range(1, 201)]
DATABASE = "consent"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="candour-quorum-"))
    folder.chmod(0o755)  # the servers run as another user
    made = Pair(folder)
    made.primary.execute(f"CREATE DATABASE {DATABASE}")
    yield made
    made.remove()
    shutil.rmtree(folder, ignore_errors=True)
    sweep_copies()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def consent(pair: Pair, house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consent]:
    made = Consent(tmp_path_factory.mktemp("consent"), house, pair.primary.url(DATABASE)).start()
    made.wait_ready()
    made.register_people(NUMBERS)
    made.register_gateway()
    yield made
    made.close()


def test_a_wait_that_was_cancelled_is_never_acknowledged(pair: Pair, consent: Consent) -> None:
    anne, ben = NUMBERS[0], NUMBERS[1]
    assert consent.withdraw(ben).json()["revision"] == 1
    before = consent.head().json()
    pair.standby.stop()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(consent.withdraw, anne)
        (backend,) = eventually(lambda: pair.waiting(DATABASE, "COMMIT"), bool)
        assert pair.primary.execute(f"SELECT pg_cancel_backend({backend})") == [(True,)]
        refused = first.result()
        assert (refused.status_code, refused.json()["code"]) == (503, "not_confirmed")
        shown = pair.primary.execute("SELECT max(revision) FROM ledger", DATABASE)
        assert shown == [(2,)]  # the row is there for everybody to see, and not to be believed

        repeated = pool.submit(consent.withdraw, anne, 60)
        (backend,) = eventually(lambda: pair.waiting(DATABASE, "COMMIT"), bool)
        third = consent.withdraw(anne)
        assert (third.status_code, third.json()["code"]) == (503, "database_unreachable")
        assert not repeated.done()  # behind a commit that hangs, nobody waits for it
        _nothing_hangs_with_it(pair, consent)

        pair.standby.start()
        recorded = repeated.result(30)
    assert recorded.status_code == 202, recorded.text
    consent.wait_ready()
    assert consent.withdraw(anne).json() == recorded.json()
    after = consent.head()
    assert (after.status_code, after.json()["revision"]) == (200, 2)
    assert before["revision"] == 1
    assert recorded.json()["revision"] == 2


def _nothing_hangs_with_it(pair: Pair, consent: Consent) -> None:
    """While rounds cannot be completed: no head, a process that answers, and few backends that wait."""
    with ThreadPoolExecutor(24) as pool:
        heads = list(pool.map(lambda _number: consent.head(), range(48)))
    assert {(answer.status_code, answer.json()["code"]) for answer in heads} == {(503, "database_unreachable")}
    waited = 0.0
    for _ in range(10):
        began = time.monotonic()
        assert consent.head().status_code == 503
        waited += time.monotonic() - began
        assert consent.http.get("/health/live").status_code == 200
        assert consent.ready().status_code == 503
    assert waited < 10 * MOST_SECONDS / 2  # all hang already: at once, and not each after its own patience
    assert len(pair.waiting(DATABASE)) <= THREADS + 1


def test_a_repeat_whose_wait_is_cancelled_is_not_acknowledged_either(pair: Pair, consent: Consent) -> None:
    cara = NUMBERS[2]
    recorded = consent.withdraw(cara).json()
    pair.standby.stop()
    with ThreadPoolExecutor(1) as pool:
        repeated = pool.submit(consent.withdraw, cara)
        (backend,) = eventually(lambda: pair.waiting(DATABASE, "COMMIT"), bool)
        pair.primary.execute(f"SELECT pg_cancel_backend({backend})")
        assert (repeated.result().status_code, repeated.result().json()["code"]) == (503, "not_confirmed")
    pair.standby.start()
    consent.wait_ready()
    assert consent.withdraw(cara).json() == recorded


def test_what_was_acknowledged_is_in_the_promoted_ledger_and_the_deposed_primary_says_nothing(
    pair: Pair, consent: Consent
) -> None:
    acknowledged: dict[str, int] = {}
    enough = threading.Event()

    def withdraw_all() -> None:
        for gmc in NUMBERS[10:]:
            try:
                answer = consent.withdraw(gmc, timeout=8)
            except httpx.TransportError:
                return
            if answer.status_code != 202:
                return
            acknowledged[gmc] = answer.json()["revision"]
            if len(acknowledged) == 60:
                enough.set()

    with ThreadPoolExecutor(1) as pool:
        series = pool.submit(withdraw_all)
        assert enough.wait(60)
        pair.primary.stop("immediate")
        series.result(60)
    pair.standby.execute("SELECT pg_promote()")
    _deposed_says_nothing(pair, consent, len(acknowledged))
    _promoted_has_all(pair, consent, acknowledged)


def _deposed_says_nothing(pair: Pair, consent: Consent, least: int) -> None:
    """The service still points at the primary, which is back without its standby."""
    pair.primary.start()
    ledger = pair.primary.execute("SELECT revision FROM head", DATABASE)
    assert ledger[0][0] >= least  # it has a ledger to speak of
    until = time.monotonic() + 5
    while time.monotonic() < until:
        assert consent.head().status_code == 503
        time.sleep(0.2)
    assert pair.waiting(DATABASE, "SELECT head")  # it is the round that is not completed, and no server that is away
    with pytest.raises(httpx.ReadTimeout):
        consent.withdraw(NUMBERS[5], timeout=2)
    consent.close()
    pair.primary.stop("immediate")


def _promoted_has_all(pair: Pair, consent: Consent, acknowledged: dict[str, int]) -> None:
    promoted = pair.standby.url(DATABASE)
    rows = pair.standby.execute("SELECT revision, subject FROM ledger WHERE act = 'withdrawn'", DATABASE)
    assert {(revision, consent.alias(gmc)) for gmc, revision in acknowledged.items()} <= set(rows)
    assert len(acknowledged) >= 60
    assert verify(promoted).sound
    again = Consent(consent.folder, consent.house, promoted).start()
    try:
        again.wait_ready()  # the journal has nothing that this ledger has not
        again.incarnation = consent.incarnation
        assert again.head().json()["revision"] >= max(acknowledged.values())
        for gmc, revision in list(acknowledged.items())[-5:]:
            assert again.withdraw(gmc).json()["revision"] == revision
        assert again.withdraw(NUMBERS[6]).status_code == 202
    finally:
        again.close()
