"""The bodies of one release, as they may be shown at this moment. Synchronous: between the consent check and the end
of a body nothing else runs.

The API's routes and the public site's pages are built from these and from nothing else.
"""

from collections.abc import Iterable

from services.gateway.api.answer import About, Answer, Body, NotChecked, about
from services.gateway.api.asking import (
    DEFAULT_SORT,
    ConsultantsQuery,
    FunnelQuery,
    ProvidersQuery,
    ResultsQuery,
    pairs,
)
from services.gateway.api.codelists import KINDS
from services.gateway.api.cursors import Cursors
from services.gateway.api.definitions import file_entry, indicator_body, licence_address, provider_body
from services.gateway.api.funnels import funnel_body
from services.gateway.api.listing import Listing, address, why_empty
from services.gateway.api.models import model_body
from services.gateway.api.people import commentary, consultant_body, consultant_line
from services.gateway.api.plan import EVERYWHERE, Plan, Scope, one_of, plan
from services.gateway.api.problems import NoModelCard, Starting
from services.gateway.api.rows import cut
from services.gateway.view.depends import DependsOn
from services.gateway.view.opened import OpenView
from services.gateway.view.places import Places
from services.gateway.view.queries import Row
from services.gateway.view.selection import KEY_OF, Key, Selection
from services.gateway.view.stored import WholeFile
from shared.contracts.public.rendering import result_body
from shared.contracts.views import FunnelCurves, IndicatorEntry
from shared.kit.problems import NotFound


class Reader:
    """One view. `checked`: made after a consent check that began after the request arrived."""

    def __init__(self, view: OpenView, cursors: Cursors, asked: str, checked: bool) -> None:
        self.view, self.cursors, self.asked, self.checked = view, cursors, asked, checked
        self.release, self.known = view.release, view.definitions

    # What depends on nobody's decision

    def indicators(self) -> Answer:
        data = [indicator_body(self.view, entry) for entry in self.known.indicators.values()]
        meta = {"release": self.release, "total": len(data), "returned": len(data)}
        where = address(self.release, "/indicators")
        return self._answer({"data": data, "meta": meta, "links": {"self": where}}, where)

    def indicator(self, indicator_id: str) -> Answer:
        body = indicator_body(self.view, self.entry(indicator_id))
        return self._answer(body, body["links"]["self"])

    def model(self, indicator_id: str) -> Answer:
        """Raises NotFound for an unknown indicator; NoModelCard where this release has none for it."""
        card = self.known.models.get(self.entry(indicator_id).id)
        if card is None:
            raise NoModelCard
        body = model_body(self.release, card)
        return self._answer(body, body["links"]["self"])

    def providers(self, query: ProvidersQuery) -> Answer:
        one_of("kind", query.kind, KINDS.codes, "/v1/codelists/kinds")
        one_of("region", query.region, self.known.regions, address(self.release, "/providers"))
        listing = Listing(self.view, self.cursors, "/providers", query)
        active = None if query.active is None else query.active == "true"
        ids = self.view.rows.providers(Places(query.q, query.kind, query.region, active))
        found = [(self.known.providers[one].name, one) for one in ids]
        shown, last = listing.cut(found)
        data = [provider_body(self.release, self.known.providers[one], self.known.providers) for _, one in shown]
        return self._answer(listing.body(data, len(found), last, False), listing.self_address)

    def provider(self, provider_id: str) -> Answer:
        if provider_id not in self.known.providers:
            raise NotFound
        body = provider_body(self.release, self.known.providers[provider_id], self.known.providers)
        said = commentary(self.view, "provider", provider_id)
        if said["status"] != "none":
            body["commentary"] = said
        return self._answer(body, body["links"]["self"])

    def files(self) -> Answer:
        """Whole files move with the release's list of them: they are listed under 300 seconds. Raises Starting."""
        data = [file_entry(self.release, one) for one in self._files()]
        where = address(self.release, "/files")
        meta = {"release": self.release, "total": len(data), "returned": len(data)}
        about = About("moving", self.view.published, where if self.asked != self.release else None,
                      licence_address(self.view))  # fmt: skip
        return Answer({"data": data, "meta": meta, "links": {"self": where}}, about)

    def file(self, name: str) -> tuple[WholeFile, About]:
        """By either of its names. Raises NotFound; Starting while it could not be written."""
        for one in self._files():
            if name in (one.name, one.permanent):
                return one, self.about(address(self.release, f"/files/{name}"))
        raise NotFound

    def _files(self) -> Iterable[WholeFile]:
        if self.view.files is None:
            raise Starting
        return self.view.files.values()

    def is_fixed_provider(self, provider_id: str) -> bool:
        """True where nothing of this provider, nor anybody there, depends on a decision."""
        return provider_id in self.view.rows.fixed_providers

    def revocable_labels(self, provider_id: str) -> list[str]:
        """Labels of the indicators of which this provider's own figures wait for the consent check."""
        return sorted(self.known.indicators[one].label for one in self.view.rows.revocable_indicators(provider_id))

    # What may depend on somebody's decision

    def results(self, query: ResultsQuery, scope: Scope = EVERYWHERE) -> Answer:
        """One page of results. Raises NotFound for an unknown provider, indicator or consultant in `scope`."""
        asked = self.planned(query, scope)
        listing = Listing(self.view, self.cursors, scope.path, query)
        shown, last = self.page(asked, listing)
        data = [self.row(row, asked.fields, ranked=asked.ranked) for row in shown]
        total = self.view.rows.total(asked.wanted)
        sort = DEFAULT_SORT if asked.order == "subject" else "name"
        meta = listing.meta(total, len(data), sort, asked.depends)
        if not _about_people(asked):
            meta["absent"] = self.view.rows.absent(asked.wanted)
        if not total:
            meta["why_empty"] = why_empty(self.view, asked)
        body = {"data": data, "meta": meta, "links": listing.links(last)}
        return self._answer(body, listing.self_address, self.depends_on(asked.depends, asked.wanted))

    def result(self, result_id: str) -> Answer:
        """Raises NotFound, whatever the cause."""
        depends = not self.view.rows.is_fixed(result_id)
        self.need_check(depends)
        row = self.view.rows.one(result_id)
        if row is None:
            raise NotFound
        body = self.row(row)
        return self._answer(body, body["links"]["self"], self.depends_on(depends))

    def funnel(self, indicator_id: str, query: FunnelQuery) -> Answer:
        """Raises ValueNotAllowed for a period or level that the indicator has not; NotFound where none is drawn."""
        entry = self.entry(indicator_id)
        self.need_check(entry.revocable)
        curves = self.curves(entry, query)
        wanted = Selection({"indicator": (entry.id,), "period": (curves.period,), "level": (curves.level,)})
        rows = self.view.rows.page(wanted.narrowed("status", "published"), "subject", None, -1)
        absent = self.view.rows.absent(wanted) if curves.level == "provider" else None
        where = address(self.release, f"/indicators/{entry.id}/funnel", pairs(query))
        depends_on = self.depends_on(entry.revocable, wanted)
        return self._answer(funnel_body(entry, curves, rows, absent), where, depends_on)

    def consultants(self, query: ConsultantsQuery) -> Answer:
        """Those who may be named; the others are nowhere, not even in a count."""
        self.need_check(True)
        check_people_codes(self.view, query)
        listing = Listing(self.view, self.cursors, "/consultants", query)
        people = self.view.rows.consultants(query.q, query.provider, query.specialty)
        shown, last = listing.cut([(name, gmc) for gmc, name in people])
        data = [consultant_line(self.view, gmc, self.view.rows.consultant(gmc)) for _, gmc in shown]
        body = listing.body(data, len(people), last, True)
        return self._answer(body, listing.self_address, self.depends_on(True))

    def consultant(self, gmc: str) -> Answer:
        """Raises NotFound, the same for a number that nobody holds."""
        self.need_check(True)
        rows = self.view.rows.consultant(gmc)
        if not rows:
            raise NotFound
        body = consultant_body(self.view, gmc, rows)
        return self._answer(body, body["links"]["self"], self.depends_on(True))

    # Parts of these

    def planned(self, query: ResultsQuery, scope: Scope = EVERYWHERE) -> Plan:
        """Raises NotChecked, NotFound, ValueNotAllowed."""
        asked = plan(self.view, query, scope)
        self.need_check(asked.depends)
        if scope.collection == "consultants" and not self.view.rows.consultant(scope.id):
            raise NotFound
        return asked

    def page(self, asked: Plan, listing: Listing) -> tuple[list[Row], Key | None]:
        """The rows of this page, and the key of the last one where there are more."""
        limit = asked.query.limit
        rows = self.view.rows.page(asked.wanted, asked.order, listing.after(), limit + 1)
        return rows[:limit], key_of(asked, rows[limit - 1]) if len(rows) > limit else None

    def entry(self, indicator_id: str) -> IndicatorEntry:
        if indicator_id not in self.known.indicators:
            raise NotFound
        return self.known.indicators[indicator_id]

    def curves(self, entry: IndicatorEntry, query: FunnelQuery) -> FunnelCurves:
        """Those of the period and level asked for: the newest period and the first level where none was."""
        listed = address(self.release, f"/indicators/{entry.id}")
        one_of("period", [query.period] if query.period is not None else [], entry.periods, listed)
        one_of("level", [query.level] if query.level is not None else [], entry.levels, listed)
        level = query.level or entry.levels[0]
        drawn = [one for (name, _, of), one in self.known.funnels.items() if name == entry.id and of == level]
        chosen = [one for one in drawn if query.period in (None, one.period)]
        if not chosen:
            raise NotFound
        return max(chosen, key=lambda one: entry.periods.index(one.period) if one.period in entry.periods else -1)

    def row(self, row: Row, fields: frozenset[str] = frozenset(), *, ranked: bool = False) -> Body:
        indicator = self.known.indicators[row["indicator_id"]]
        return cut(result_body(self.release, row, indicator, ranked=ranked), fields)

    def need_check(self, depends: bool) -> None:
        if depends and not self.checked:
            raise NotChecked

    def depends_on(self, depends: bool, wanted: Selection | None = None) -> DependsOn | None:
        """The rows of `wanted` in this view, or everything in it; None where the answer depends on nobody."""
        return DependsOn(self.view, wanted) if depends else None

    def about(self, where: str, depends_on: DependsOn | None = None) -> About:
        return about(
            depends_on, self.view.published, where if self.asked != self.release else None, licence_address(self.view)
        )

    def _answer(self, body: Body, where: str, depends_on: DependsOn | None = None) -> Answer:
        return Answer(body, self.about(where, depends_on))


def check_people_codes(view: OpenView, query: ConsultantsQuery) -> None:
    """Raises ValueNotAllowed for a provider or specialty that the release does not have."""
    one_of("provider", query.provider, view.definitions.providers, address(view.release, "/providers"))
    one_of("specialty", query.specialty, view.definitions.specialties, address(view.release, "/indicators"))


def key_of(asked: Plan, row: Row) -> Key:
    return tuple(str(row[name]) for name in KEY_OF[asked.order])


def _about_people(asked: Plan) -> bool:
    """Where the question is about consultants alone, absences are not counted at all."""
    return asked.wanted.of("level") == ("consultant",) or bool(asked.wanted.of("consultant"))
