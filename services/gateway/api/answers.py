"""What the public may ask, each with its consent check where one is needed: the one way in for routes and for pages.

    answers: Answers = request.app.state.answers
    answer = await answers.results("latest", ResultsQuery(indicator=["cabg-death-30-days"]))
    answer.body  # exactly the API's JSON

A page that needs several bodies takes one reader, `await answers.reader(release)`, and then calls its methods without
an `await` between them; where that raises ConsentUnreachable, `answers.fixed_reader(release)` still gives everything
that depends on nobody.
"""

from collections.abc import Callable
from typing import Any

from services.gateway.api.answer import About, Answer
from services.gateway.api.asking import ChangesQuery, ConsultantsQuery, FunnelQuery, ProvidersQuery, ResultsQuery
from services.gateway.api.choices_bodies import check_programme, participation_body, programmes_of, refusals_body
from services.gateway.api.codelists import CODELISTS
from services.gateway.api.cursors import Cursors
from services.gateway.api.definitions import (
    licence_address,
    release_body,
    release_line,
    service_body,
)
from services.gateway.api.plan import EVERYWHERE, Scope, plan
from services.gateway.api.problempages import problem_entries
from services.gateway.api.problems import ReleaseTakenDown, Starting
from services.gateway.api.proven import proof_answer
from services.gateway.api.reader import Reader, check_people_codes
from services.gateway.barrier import Barrier
from services.gateway.choosing import Choosing
from services.gateway.view.depends import DependsOnLedger
from services.gateway.view.live import Live
from services.gateway.view.opened import OpenView
from services.gateway.view.stored import WholeFile
from shared.contracts.consent import ProgrammeRefusers, Refusals
from shared.kit.problems import NotFound


class Answers:
    """Raises Problems only. `release` is a release's id or `latest`."""

    def __init__(self, live: Live, barrier: Barrier, cursors: Cursors, choosing: Choosing) -> None:
        self.live, self.barrier, self.cursors, self.choosing = live, barrier, cursors, choosing

    # Readers

    async def reader(self, release: str, depends: Callable[[OpenView], bool] = lambda _: True) -> Reader:
        """A reader for what may be shown now. The check is left out only where `depends`, which may look at nothing
        that a decision could change, says that the answer depends on nobody."""
        if not depends(self.find(release)):
            return self.fixed_reader(release)
        await self.barrier()
        return Reader(self.find(release), self.cursors, release, checked=True)

    def fixed_reader(self, release: str) -> Reader:
        """A reader that refuses (NotChecked) to build what depends on consent."""
        return Reader(self.find(release), self.cursors, release, checked=False)

    def find(self, release: str) -> OpenView:
        """Raises Starting, NotFound, ReleaseTakenDown."""
        if not self.live.started:
            raise Starting
        latest = self.live.latest()
        view = latest if release == "latest" else self.live.views.get(release)
        if view is not None:
            return view
        if release in self.live.waiting or (release == "latest" and self.live.waiting):
            raise Starting
        if release in self.live.changelog.releases:
            raise ReleaseTakenDown(None if latest is None else f"/v1/releases/{latest.release}")
        raise NotFound

    # Without a release

    def service(self) -> Answer:
        latest = self.live.latest()
        return Answer(service_body(latest), About("moving", latest.published if latest else None))

    def releases(self) -> Answer:
        """Newest first."""
        if not self.live.started:
            raise Starting
        latest, views = self.live.latest(), self.live.newest_first()
        body = {
            "data": [release_line(view, latest, views) for view in views],
            "meta": {"total": len(views), "returned": len(views)},
            "links": {"self": "/v1/releases"},
        }
        return Answer(body, About("moving", latest.published if latest else None))

    def release(self, release: str) -> Answer:
        view = self.find(release)
        body = release_body(view, self.live.latest(), self.live.newest_first())
        location = None if release == view.release else str(body["links"]["self"])
        return Answer(body, About("moving", view.published, location, licence_address(view)))

    def codelists(self) -> Answer:
        data = [{"name": one.name, "label": one.label, "kind": one.kind, "links": {"self": f"/v1/codelists/{one.name}"}}
                for one in CODELISTS.values()]  # fmt: skip
        meta = {"total": len(data), "returned": len(data)}
        return Answer({"data": data, "meta": meta, "links": {"self": "/v1/codelists"}}, About("moving"))

    def codelist(self, name: str) -> Answer:
        if name not in CODELISTS:
            raise NotFound
        return Answer(CODELISTS[name].body(), About("moving"))

    def problem(self, slug: str) -> Answer:
        found = {entry.slug: entry for entry in problem_entries()}
        if slug not in found:
            raise NotFound
        return Answer(found[slug].body(), About("moving"))

    def proof(self) -> Answer:
        return proof_answer()

    def changes(self, query: ChangesQuery) -> Answer:
        """Never waits for consent: it lists opaque ids of what is gone already."""
        log = self.live.changelog
        data = log.after(query.after, query.limit)
        last = data[-1]["sequence"] if data else query.after
        limit = f"&limit={query.limit}" if query.limit != 100 else ""
        links = {"self": f"/v1/changes?after={query.after}{limit}", "next": f"/v1/changes?after={last}{limit}"}
        return Answer({"data": data, "meta": {"latest": log.latest}, "links": links}, About("changes"))

    # Of a release

    def indicators(self, release: str) -> Answer:
        return self.fixed_reader(release).indicators()

    def indicator(self, release: str, indicator: str) -> Answer:
        return self.fixed_reader(release).indicator(indicator)

    def model(self, release: str, indicator: str) -> Answer:
        return self.fixed_reader(release).model(indicator)

    def providers(self, release: str, query: ProvidersQuery) -> Answer:
        return self.fixed_reader(release).providers(query)

    def provider(self, release: str, provider: str) -> Answer:
        return self.fixed_reader(release).provider(provider)

    def files(self, release: str) -> Answer:
        return self.fixed_reader(release).files()

    def file(self, release: str, name: str) -> tuple[WholeFile, About]:
        return self.fixed_reader(release).file(name)

    async def funnel(self, release: str, indicator: str, query: FunnelQuery) -> Answer:
        def depends(view: OpenView) -> bool:
            reader = Reader(view, self.cursors, release, checked=False)
            entry = reader.entry(indicator)
            reader.curves(entry, query)  # refuses what was wrongly asked before consent is troubled
            return entry.revocable

        return (await self.reader(release, depends)).funnel(indicator, query)

    async def results(self, release: str, query: ResultsQuery, scope: Scope = EVERYWHERE) -> Answer:
        return (await self.results_reader(release, query, scope)).results(query, scope)

    async def results_reader(self, release: str, query: ResultsQuery, scope: Scope = EVERYWHERE) -> Reader:
        return await self.reader(release, lambda view: plan(view, query, scope).depends)

    async def result(self, release: str, result: str) -> Answer:
        reader = await self.reader(release, lambda view: not view.rows.is_fixed(result))
        return reader.result(result)

    async def consultants(self, release: str, query: ConsultantsQuery) -> Answer:
        def depends(view: OpenView) -> bool:
            check_people_codes(view, query)  # refuses what was wrongly asked before consent is troubled
            return True

        return (await self.reader(release, depends)).consultants(query)

    async def consultant(self, release: str, gmc: str) -> Answer:
        return (await self.reader(release)).consultant(gmc)

    # Of choices

    async def participation(self, release: str) -> Answer:
        """As at the release's publication, for ever. Raises ConsentUnreachable where it was never asked yet."""
        told = await self.choosing.participation(self.find(release))
        view = self.find(release)
        body = participation_body(view, told)
        location = None if release == view.release else str(body["links"]["self"])
        return Answer(body, About("moving", view.published, location, licence_address(view)))

    async def refusals(self, release: str, programme: str) -> Answer:
        """Raises NotFound where naming who refused is not in force, whatever the cause; ConsentUnreachable."""
        check_programme(self.find(release), programme)
        told = await self.all_refusals()
        for one in told.programmes:
            if one.programme == programme:
                return self._refusals(self.find(release), release, one, told.revision)
        raise NotFound

    async def all_refusals(self) -> Refusals:
        """Of every programme where it is in force. Raises NotFound where it is nowhere, ConsentUnreachable."""
        found = await self.choosing.refusals()
        if found is None:
            raise NotFound
        return found

    def each_of_refusals(self, release: str, told: Refusals) -> list[Answer]:
        """For each programme of the release in which it is in force. Raises NotFound where there is none."""
        view = self.find(release)
        wanted = programmes_of(view)
        found = [one for one in told.programmes if one.programme in wanted]
        if not found:
            raise NotFound
        return [self._refusals(view, release, one, told.revision) for one in found]

    def _refusals(self, view: OpenView, release: str, one: ProgrammeRefusers, revision: int) -> Answer:
        body = refusals_body(view.release, one)
        location = None if release == view.release else str(body["links"]["self"])
        depends_on = DependsOnLedger(view, revision=revision)
        return Answer(body, About("revocable", None, location, licence_address(view), depends_on))


def answers_of(app: Any) -> Answers:
    """The application's answers; `app` is a FastAPI application of this gateway."""
    found = app.state.answers
    assert isinstance(found, Answers)
    return found
