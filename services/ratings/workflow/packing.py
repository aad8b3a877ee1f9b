"""The pack for peer review: own results with charts over time, case mix, unnamed others and published peers."""

from typing import Any, Final

import polars as pl

from services.ratings.casemix.casefile import ODDS_RATIO, THRESHOLD, CaseFile, Charted, rounded
from services.ratings.models import ReleaseRow
from services.ratings.store import answers as kept
from services.ratings.store.remembering import keys_of_named
from services.ratings.view.pack import LiveRows, Peers, better_of, funnel_of, peers_of
from services.ratings.view.preview import SHOWN, OwnRow, Preview, own_rows
from services.ratings.workflow.office import Office
from services.ratings.workflow.own import Who, own_figures, own_frame, previewed
from services.ratings.workflow.own_cases import OTHERS, as_second, case_file, case_mix, own_episodes, own_units
from services.ratings.workflow.previewing import SAYS, preview_of
from shared.contracts.pack import Chart, SecondOperator

Json = dict[str, Any]
ROWS: Final = "rows.parquet"
WORDS: Final = (
    "For your own use and for peer review. A difference from others is a reason to look, and says nothing by itself "
    "about the care of any patient, nor a ground for restricting anybody's practice."
)
NO_PEERS: Final = "Nobody comparable is published now, so there is nobody to be set beside."
NOBODY_BETTER: Final = "Of comparable published peers, nobody's figure differs from yours by more than chance may."
SOME_BETTER: Final = "Comparable published peers whose figure is better than yours by more than chance easily gives:"
SECOND: Final = (
    "Cases in which you are recorded as the second operator and another answers for them, or nobody. They count in no "
    "published figure of yours."
)


def pack(office: Office, who: Who) -> Json:
    """The contract `Pack` as it is sent. Raises PeerUnreachable and PeerRefused where consent does not say who may be
    named."""
    with office.store.reading() as tx:
        rows = previewed(tx)
    told = [{"release": row.id, "results": _results(office, row, who)} for row in rows]
    told = [one for one in told if one["results"]]
    return {"level": who.level, "subject": who.subject, "words": WORDS, "releases": told}


def _results(office: Office, row: ReleaseRow, who: Who) -> list[Json]:
    if not list(own_figures(office, row, who)):
        return []
    preview = preview_of(office, row.id)
    with office.store.reading() as tx:
        beside = kept.beside(tx, row, own_frame(office, row, who))
    return [_result(office, row, who, preview, one) for one in own_rows(preview, who.key, beside)]


def _result(office: Office, row: ReleaseRow, who: Who, preview: Preview, own: OwnRow) -> Json:
    file = case_file(office, row, own.key[2]) if office.catalogue[own.key[2]].model is not None else None
    live = _live(office, preview, own.key[2])
    peers = peers_of(own, file, live) if live and file else Peers(preview.release, [], None)
    enough = peers.mix if peers.some >= OTHERS else None
    better = [one.model_dump(mode="json") for one in better_of(own, peers)]
    told = {
        "result": own.body, "public": own.public, "says": SAYS[own.public],
        "funnel": funnel_of(preview, own, live).model_dump(mode="json"), "chart": _chart(office, row, who, own, file),
        "mix": _dumped(case_mix(office, row, who, own, enough)), "peers": peers.some, "better": better,
        "better_says": _says(peers, len(better)), "units": _units(office, row, who, own) if file else [],
        "second": _second(office, row, who, own),
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _units(office: Office, row: ReleaseRow, who: Who, own: OwnRow) -> list[Json]:
    return [one.model_dump(mode="json") for one in own_units(office, row, who, own.key[2])]


def _second(office: Office, row: ReleaseRow, who: Who, own: OwnRow) -> Json | None:
    cases = as_second(office, row, who, own.key[2])
    return None if cases is None else SecondOperator(cases=cases, says=SECOND).model_dump(mode="json")


def _dumped(found: Any) -> Json | None:
    return None if found is None else found.model_dump(mode="json")


def _says(peers: Peers, better: int) -> str:
    if not peers.some:
        return NO_PEERS
    return SOME_BETTER if better else NOBODY_BETTER


def _chart(office: Office, row: ReleaseRow, who: Who, own: OwnRow, file: CaseFile | None) -> Json | None:
    """Of a hospital whose figures are kept back there is none: it would give them away."""
    if file is None or (who.level == "provider" and own.public != SHOWN):
        return None
    episodes = own_episodes(office, row, who, own.key[2])
    charted = Charted.of(episodes, file)
    in_control, out_of_control = file.run_lengths
    rising, falling = charted.charts.rising, charted.charts.falling
    return Chart(
        dates=charted.dates, vlad=rounded(charted.vlad.value), rising=rounded(rising.value),
        falling=rounded(falling.value), rising_signals=[int(rising.case_number[one]) for one in rising.signals()],
        falling_signals=[int(falling.case_number[one]) for one in falling.signals()], odds_ratio=ODDS_RATIO,
        threshold=THRESHOLD, in_control=in_control, out_of_control=out_of_control,
    ).model_dump(mode="json")  # fmt: skip


def _live(office: Office, preview: Preview, indicator: str) -> LiveRows | None:
    """The live view of what is published now, while everybody whom its bake knew as named may still be named, also who
    has no row in it: a withdrawal that no view has followed yet hides others at once, and gateways know whom. None
    otherwise, and where nothing is published or another view went live since its pointer was read."""
    programme, named = office.catalogue[indicator].definition.programme, preview.given.named_for(indicator)
    with office.store.reading() as tx:
        row = tx.published()
        pointer = tx.pointer(row.id) if row else None
        known = {who for (of, _), who in keys_of_named(tx).items() if of == programme}
    if pointer is None or not known <= named.keys():
        return None
    try:
        rows = pl.read_parquet(office.views.path(pointer.release, pointer.manifest_sha256) / ROWS)
    except FileNotFoundError:
        return None
    return LiveRows(pointer.release, rows)
