"""One release view, open: its rows behind the hidden set, and its definitions in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.gateway.view.compile import (
    COMMENTARIES,
    COMMENTARIES_PART,
    FUNNELS,
    INDICATORS,
    MODELS,
    MODELS_PART,
    PROVIDERS,
)
from services.gateway.view.queries import ViewRows
from services.gateway.view.stored import Fixed, WholeFile
from shared.contracts.cards import ModelCard
from shared.contracts.views import Commentary, FunnelCurves, IndicatorEntry, ProviderEntry, ViewManifest


@dataclass(frozen=True)
class Definitions:
    """What a view says that depends on nobody's decision."""

    providers: Mapping[str, ProviderEntry]
    indicators: Mapping[str, IndicatorEntry]
    funnels: Mapping[tuple[str, str, str], FunnelCurves]
    models: Mapping[str, ModelCard]  # by indicator, that of its newest period
    regions: tuple[str, ...]
    periods: tuple[str, ...]
    specialties: tuple[str, ...]
    commentaries: Mapping[tuple[str, str], Commentary]  # by level and subject

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Definitions":
        providers = PROVIDERS.validate_json(files["providers.json"])
        indicators = INDICATORS.validate_json(files["indicators.json"])
        curves = FUNNELS.validate_json(files["funnels.json"])
        cards = MODELS.validate_json(files.get(MODELS_PART, b"[]"))
        said = COMMENTARIES.validate_json(files.get(COMMENTARIES_PART, b"[]"))
        return cls(
            {entry.id: entry for entry in sorted(providers, key=lambda one: one.id)},
            {entry.id: entry for entry in sorted(indicators, key=lambda one: one.id)},
            {(one.indicator, one.period, one.level): one for one in curves},
            {one.indicator: one for one in sorted(cards, key=lambda one: (one.period_end, one.period_start))},
            tuple(sorted({entry.region for entry in providers})),
            tuple(sorted({period for entry in indicators for period in entry.periods})),
            tuple(sorted({entry.specialty for entry in indicators if entry.specialty is not None})),
            {(one.level, one.subject): one for one in said},
        )


class OpenView:
    """Opened and used on the event loop only. `closed` tells a stream that its view is gone."""

    def __init__(self, manifest: ViewManifest, manifest_sha256: str, definitions: Definitions, source: Path) -> None:
        self.manifest, self.manifest_sha256, self.definitions = manifest, manifest_sha256, definitions
        self.rows = ViewRows(source)
        self.revocable = self.rows.has_revocable()
        self.closed = False
        self.fixed: Fixed | None = None  # known before it goes live
        self.files: Mapping[str, WholeFile] | None = None  # by plain name; None while they could not be written

    @property
    def release(self) -> str:
        return self.manifest.release

    @property
    def published(self) -> datetime:
        return self.manifest.published

    def hide_since(self, withheld: Mapping[str, int], keys: Iterable[str]) -> list[str]:
        """Hide what belongs to those of `keys` that were withheld after this view was baked."""
        return self.rows.hide(key for key in keys if withheld[key] > self.manifest.consent_revision)

    def close(self) -> None:
        self.closed = True
        self.rows.close()
