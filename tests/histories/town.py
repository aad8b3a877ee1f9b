"""The people whom histories are about, where they stand in an answer, and the views in which they are shown.

A town of units of six. A unit's total is shown only while all six are named. Whoever is shown can be recognised in any
bytes, in any form: by their name, or by the id of a row of theirs; an address that repeats a question has neither.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any, Final

import polars as pl

from shared.contracts.views import ROW_TYPES, VIEW_SCHEMA, CurvePoint, FunnelCurves, ViewFile, ViewManifest
from tests.unit.test_gateway_baked import FIXED, MIXED, card, indicator, provider, row_of

PROGRAMME: Final = "adult-cardiac-surgery-consultant-outcomes"
SPECIALTY: Final = "orthopaedic-surgery"
UNIT: Final = 6
RELEASES: Final = ("2026-09-30", "2026-03-31")  # the newest, and one it has superseded
PERIODS: Final = {"2026-09-30": tuple(f"{year}-04_{year + 1}-03" for year in range(2021, 2026)),
                  "2026-03-31": ("2024-04_2025-03",)}  # fmt: skip
SIGNS: Final = re.compile(rb'Dr Q(\d{5})\b|(?<!/results/)r-[0-9]([0-9]|f)([0-9a-f]{10})\b')  # fmt: skip
KINDS: Final = {"int": pl.Int64(), "float": pl.Float64(), "text": pl.String(), "date": pl.Date()}
SCHEMA: Final = {name: KINDS[kind] for name, kind in ROW_TYPES.items()}


class Town:
    """Of `people` consultants, a multiple of six."""

    def __init__(self, people: int) -> None:
        self.people = [f"{9900000 + number:07}" for number in range(people)]

    def name(self, gmc: str) -> str:
        return f"Dr Q{int(gmc) - 9900000:05}"

    def unit(self, gmc: str) -> str:
        return f"ZZ{(int(gmc) - 9900000) // UNIT + 1:03}"

    def members(self, unit: str) -> list[str]:
        first = (int(unit[2:]) - 1) * UNIT
        return self.people[first : first + UNIT]

    @property
    def units(self) -> list[str]:
        return [self.unit(gmc) for gmc in self.people[::UNIT]]

    def row(self, gmc: str, release: str, period: int = 0) -> str:
        return f"r-{RELEASES.index(release)}{period}{int(gmc) - 9900000:010x}"

    def shown_in(self, content: bytes) -> set[str]:
        """Everybody whose figures these bytes carry, in a row of their own or in a total."""
        found: set[str] = set()
        for name, kind, row in SIGNS.findall(content):
            if name:
                found.add(self.people[int(name)])
            elif kind == b"f":
                found.update(self.members(f"ZZ{int(row, 16):03}"))
            elif int(row, 16) < len(self.people):
                found.add(self.people[int(row, 16)])
        return found

    def register(self) -> str:
        return "gmc,name,programme\n" + "".join(f"{gmc},{self.name(gmc)},{PROGRAMME}\n" for gmc in self.people)

    def returns(self) -> str:
        lines = (f"{gmc},{PROGRAMME},own_figures,given,1,2026-09-01,\n" for gmc in self.people)
        return "gmc,programme,purpose,act,notice_version,decided_on,evidence\n" + "".join(lines)

    # Views

    def rows(self, release: str, named: Mapping[str, str]) -> list[dict[str, Any]]:
        """The rows that may be published while `named` (number → key) may be named, in the order of a view."""
        whole = [unit for unit in self.units if all(gmc in named for gmc in self.members(unit))]
        found = [row_of(0, id=f"r-{RELEASES.index(release)}f{int(unit[2:]):010x}", provider_id=unit,
                        partition="revocable", **_of(PERIODS[release][0])) for unit in whole]  # fmt: skip
        found += [row_of(0, id=f"r-{RELEASES.index(release)}9{int(unit[2:]) + (1 << 32):010x}", provider_id=unit,
                         indicator_id=FIXED, crude=2.42) for unit in self.units]  # fmt: skip
        found += [self._row_of_person(release, place, gmc) for gmc in named for place in range(len(PERIODS[release]))]
        found.sort(key=lambda row: (row["level"], row["consultant_id"] or row["provider_id"], row["indicator_id"],
                                    row["period_id"]))  # fmt: skip
        return [row | {"row": place} for place, row in enumerate(found)]

    def _row_of_person(self, release: str, place: int, gmc: str) -> dict[str, Any]:
        return row_of(0, id=self.row(gmc, release, place), level="consultant", partition="revocable",
                      consultant_id=gmc, consultant_name=self.name(gmc), provider_id=self.unit(gmc), provider_kind=None,
                      legal_basis="consent", **_of(PERIODS[release][place]))  # fmt: skip

    def files(self, release: str, named: Mapping[str, str]) -> dict[str, bytes]:
        """Of the view at the moment when `named` may be named."""
        rows = self.rows(release, named)
        members = {unit: self.members(unit) for unit in self.units}
        keys = [
            (named[gmc], row["row"])
            for row in rows
            if row["partition"] == "revocable"
            for gmc in ([row["consultant_id"]] if row["consultant_id"] else members[row["provider_id"]])
        ]
        curve = [CurvePoint(x=10.0, warning_lower=0.5, warning_upper=1.8, control_lower=0.3, control_upper=2.5)]
        curves = [FunnelCurves(indicator=MIXED, period=period, level=level, target=1.0,
                               limits_method="exact_poisson", curve=curve)
                  for period in PERIODS[release] for level in ("provider", "consultant")]  # fmt: skip
        mixed = indicator(MIXED, revocable=True).model_copy(update={"periods": [*PERIODS[release]], "ranked": False})
        people = [(gmc, self.name(gmc), SPECIALTY) for gmc in named]
        return {
            "rows.parquet": _parquet(pl.DataFrame(rows, schema=SCHEMA)),
            "quarantine.parquet": _table(keys, {"key": pl.String(), "row": pl.Int64()}),
            "consultants.parquet": _table(people, dict.fromkeys(("gmc", "name", "specialty"), pl.String())),
            "providers.json": _json([provider(unit) for unit in self.units]),
            "indicators.json": _json([indicator(FIXED, revocable=False), mixed]),
            "funnels.json": _json(curves),
            "models.json": _json([card(MIXED)]),
            "commentaries.json": b"[]",
        }  # fmt: skip


def manifest(release: str, view: int, store: str, revision: int, files: Mapping[str, bytes]) -> bytes:
    named = [ViewFile(name=name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), rows=0)
             for name, data in files.items()]  # fmt: skip
    return ViewManifest(
        view_schema=VIEW_SCHEMA, release=release, view=view, consent_store=store, consent_revision=revision,
        published=datetime.fromisoformat(release).replace(hour=8, tzinfo=UTC),
        supersedes=RELEASES[1] if release == RELEASES[0] else None, synthetic=True, method_version="1",
        inputs=[f"sha256:{'0' * 64}"], results_digest=f"sha256:{'1' * 64}", code="candour 0.1.0", files=named,
    ).model_dump_json().encode()  # fmt: skip


def _of(period: str) -> dict[str, Any]:
    return {
        "period_id": period,
        "period_start": date(int(period[:4]), 4, 1),
        "period_end": date(int(period[8:12]), 3, 31),
    }


def _parquet(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def _table(rows: Sequence[tuple[Any, ...]], schema: Mapping[str, Any]) -> bytes:
    return _parquet(pl.DataFrame(rows, schema=dict(schema), orient="row"))


def _json(entries: Iterable[Any]) -> bytes:
    return json.dumps([entry.model_dump(mode="json") for entry in entries]).encode()
