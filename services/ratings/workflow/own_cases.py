"""The cases behind a subject's results: counts and case mix beside those of the hospital and of everybody."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from services.ratings.casemix.attribution import INVOLVED
from services.ratings.casemix.casefile import CaseFile
from services.ratings.casemix.counting import NOBODY, count_patterns
from services.ratings.casemix.mix import Mix, exact_shares, mix_of, nearest_five, safe_shares
from services.ratings.indicators.loading import Loaded
from services.ratings.models import ReleaseRow
from services.ratings.view.beside import NOTHING
from services.ratings.view.preview import SHOWN, OwnRow, own_rows
from services.ratings.workflow.office import Office
from services.ratings.workflow.operating import read_episodes
from services.ratings.workflow.own import Who, own_figures, previewed
from services.ratings.workflow.previewing import preview_of
from shared.contracts.pack import CaseMix, MixFactor, MixLevel, OwnCases, ReleaseCases, UnitCases

OTHERS: Final = 3  # colleagues, or peers, without whom shares of a group would tell of one of them
SUBJECT: Final = {"consultant": "consultant", "provider": "provider"}
FEW: Final = "Fewer than three others work there: shares of the hospital would tell of one of them."
ROUNDED: Final = "Counts are given to the nearest five, and not from one to seven: they are about patients."
KEPT_BACK: Final = "The public will not see the figures of this result, so counts of cases are not given here either."


def own_cases(office: Office, who: Who) -> OwnCases:
    """In every release under review. Raises PeerUnreachable, PeerRefused."""
    with office.store.reading() as tx:
        rows = previewed(tx)
    found = [ReleaseCases(release=row.id, indicators=mixes) for row in rows if (mixes := _mixes(office, row, who))]
    return OwnCases.model_validate({"level": who.level, "subject": who.subject, "releases": found})


def _mixes(office: Office, row: ReleaseRow, who: Who) -> list[CaseMix]:
    if not list(own_figures(office, row, who)):
        return []
    found = (case_mix(office, row, who, one) for one in own_rows(preview_of(office, row.id), who.key, NOTHING))
    return [one for one in found if one is not None]


def case_mix(office: Office, row: ReleaseRow, who: Who, own: OwnRow, peers: Mix | None = None) -> CaseMix | None:
    """None for an indicator that is published as others made it: its cases are not here."""
    _, _, indicator, period = own.key
    loaded = office.catalogue[indicator]
    if loaded.model is None:
        return None
    counts = case_file(office, row, indicator).counts
    mine = counts.filter(pl.col(SUBJECT[who.level]) == who.subject)
    there = _colleagues(counts, mine) if who.level == "consultant" else None
    groups = _Groups(
        own=mix_of(mine, loaded.model), everybody=mix_of(counts, loaded.model),
        unit=mix_of(there, loaded.model) if there is not None and _enough(there, who.subject) else None, peers=peers,
        exact=who.level == "consultant", counted=who.level == "consultant" or own.public == SHOWN,
    )  # fmt: skip
    return CaseMix(
        indicator=indicator, label=loaded.definition.label, period=period, cases=groups.count(groups.own.cases),
        factors=[MixFactor(factor=name, levels=groups.levels(name)) for name in groups.own.factors],
        says=groups.says(),
    )  # fmt: skip


class _Groups:
    """The groups that are set side by side. `exact`: a consultant sees their own cases as they are; `counted`: whether
    counts are given at all."""

    def __init__(
        self, *, own: Mix, everybody: Mix, unit: Mix | None, peers: Mix | None, exact: bool, counted: bool
    ) -> None:  # fmt: skip
        self.own, self.everybody, self.unit, self.peers = own, everybody, unit, peers
        self.exact, self.counted = exact, counted

    def count(self, cases: int) -> int | None:
        if not self.counted:
            return None
        return cases if self.exact else nearest_five(cases)

    def levels(self, factor: str) -> list[MixLevel]:
        own, shares = self.own.factors[factor], exact_shares if self.exact else safe_shares
        sides = (shares(own), *(_shares(mix, factor) for mix in (self.unit, self.everybody, self.peers)))
        return [
            MixLevel(
                level=level, cases=self.count(own.get(level, 0)),
                **dict(zip(SIDES, (side.get(level) for side in sides), strict=True)),
            )
            for level in self.everybody.factors[factor]
        ]  # fmt: skip

    def says(self) -> list[str]:
        if self.exact:
            return [FEW] if self.unit is None else []
        return [ROUNDED] if self.counted else [KEPT_BACK]


SIDES: Final = ("share", "unit_share", "all_share", "peer_share")


def _shares(mix: Mix | None, factor: str) -> Mapping[str, int | None]:
    return safe_shares(mix.factors[factor]) if mix else {}


def _colleagues(counts: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    """All cases of the hospitals in which somebody works."""
    return counts.filter(pl.col("provider").is_in(mine["provider"].unique().to_list()))


def _enough(there: pl.DataFrame, consultant: str) -> bool:
    return len(set(there["consultant"]) - {consultant, NOBODY}) >= OTHERS


def case_file(office: Office, row: ReleaseRow, indicator: str) -> CaseFile:
    """Of the release's own snapshot."""
    loaded = office.catalogue[indicator]

    def make() -> CaseFile:
        assert loaded.model is not None
        assert loaded.definition.period is not None
        counts = count_patterns(_of_specialty(office, row, loaded), loaded.model, loaded.definition.period)
        return CaseFile.of(counts, loaded.model)

    return office.case_files.of((row.id, row.results_digest, indicator), make)


def own_episodes(office: Office, row: ReleaseRow, who: Who, indicator: str) -> pl.DataFrame:
    """The subject's cases within the period, in the order in which they were sent."""
    loaded = office.catalogue[indicator]
    own = _of_specialty(office, row, loaded).filter(pl.col(SUBJECT[who.level]) == who.subject)
    return _of_period(own, loaded).collect()


def own_units(office: Office, row: ReleaseRow, who: Who, indicator: str) -> list[UnitCases]:
    """Where a consultant's cases of this indicator were done, most first. Of a provider nothing."""
    if who.level != "consultant":
        return []
    counted = own_episodes(office, row, who, indicator).group_by("provider").agg(pl.len().alias("cases"))
    ordered = counted.sort("cases", "provider", descending=[True, False])
    return [UnitCases(provider=unit, cases=cases) for unit, cases in ordered.select("provider", "cases").iter_rows()]


def as_second(office: Office, row: ReleaseRow, who: Who, indicator: str) -> int | None:
    """In how many cases of the period a consultant was the second operator and somebody else, or nobody, answers for
    it; None where the indicator follows no rules of who operated."""
    loaded = office.catalogue[indicator]
    if who.level != "consultant" or loaded.attribution is None:
        return None
    involved = _of_period(_of_specialty(office, row, loaded), loaded).filter(pl.col(INVOLVED) == who.subject)
    return int(involved.select(pl.len()).collect().item())


def _of_period(episodes: pl.LazyFrame, loaded: Loaded) -> pl.LazyFrame:
    period = loaded.definition.period
    assert period is not None
    return episodes.filter(pl.col("date").is_between(period.start, period.end, closed="both"))


def _of_specialty(office: Office, row: ReleaseRow, loaded: Loaded) -> pl.LazyFrame:
    source = loaded.definition.source
    (snapshot,) = (one for one in row.inputs if one["feed"] == source.feed)
    episodes = read_episodes(office.snapshots.path(snapshot["files"][0]["sha256"]), loaded)
    return episodes.filter(pl.col("specialty") == source.specialty)
