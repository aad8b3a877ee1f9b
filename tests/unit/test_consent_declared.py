"""What the description of the service declares, of what its routes can answer."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.routes import ROUTERS
from services.consent.routes.parts import office_of
from shared.kit.problems import StorageFull

WRITES = {"decide", "decide_own", "withdraw", "withdraw_own", "take_right", "take_own_right", "erase", "import"}


def calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for one in dependant.dependencies:
        yield from calls(one)


def with_an_office() -> list[APIRoute]:
    routes = [one for router in ROUTERS for one in router.routes if isinstance(one, APIRoute)]
    return [one for one in routes if office_of in set(calls(one.dependant))]


def declared(route: APIRoute, status: int) -> str:
    return str(route.responses.get(status, {}).get("description", ""))


def test_every_route_that_has_an_office_declares_that_it_may_be_closed() -> None:
    routes = with_an_office()
    assert len(routes) > 40
    wanted = (ConsentClosed.code, JournalUnavailable.code)
    found = {
        (route.operation_id, code) for route in routes for code in wanted if code not in declared(route, 503)
    }  # fmt: skip
    assert found == {("news", JournalUnavailable.code)}  # it waits, and reads no ledger


def test_who_writes_declares_that_there_may_be_no_room() -> None:
    routes = {route.operation_id: route for route in with_an_office()}
    assert routes.keys() >= WRITES
    assert [name for name in WRITES if StorageFull.code not in declared(routes[name], 507)] == []
