"""Reads the reviewed files. A file that breaks a rule stops the service; nothing is skipped."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from services.ratings.indicators.attribution_rules import FILE, Attribution, attribution_file, parse_attribution
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.own_rules import refusal_for_ours
from services.ratings.indicators.risk_model import RiskModel
from shared.kit.files import sha256_of

FOLDER = Path(__file__).parent
POLICIES = FOLDER.parent / "policy"
FEWEST_FACTORS = 2  # of a model of which one is left out


class FileRefused(ValueError):
    """A reviewed file that cannot be used; the message names the file and the rule."""


class NotRiskAdjusted(FileRefused):
    """A figure about a person must be adjusted for the patients treated: no crude rate of a consultant."""


@dataclass(frozen=True)
class Loaded:
    """An indicator, its risk model where it has one, the rules of who operated where it follows them, and the digests
    of the bytes of their files."""

    definition: Definition
    model: RiskModel | None
    digest: str
    model_digest: str | None = None
    attribution: Attribution | None = None
    attribution_digest: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The digest of each reviewed file that this indicator is made of, by its path in the folder."""
        found = {f"{self.definition.id}.toml": self.digest}
        if self.model is not None and self.model_digest is not None:
            found[f"models/{self.model.id}.toml"] = self.model_digest
        if self.attribution_digest is not None:
            found[f"policy/{FILE}"] = self.attribution_digest
        return found


@dataclass(frozen=True)
class Catalogue:
    """All indicators in order of their ids."""

    indicators: dict[str, Loaded]

    def __getitem__(self, indicator: str) -> Loaded:
        return self.indicators[indicator]

    def feeds_of(self, indicators: list[str]) -> list[str]:
        """Every feed that these indicators read, each once, in order."""
        return sorted({feed for one in indicators for feed in self[one].definition.source.feeds})


def load_catalogue(folder: Path = FOLDER, policies: Path = POLICIES) -> Catalogue:
    """`policies`: the folder with the rules of who operated. Raises FileRefused (NotRiskAdjusted among them) for the
    first file that breaks a rule."""
    read = [_model(path) for path in sorted((folder / "models").glob("*.toml"))]
    models = {model.id: (model, digest) for model, digest in read}
    loaded = [_attributed(_indicator(path, models), policies) for path in sorted(folder.glob("*.toml"))]
    return Catalogue({one.definition.id: one for one in loaded})


def _attributed(one: Loaded, policies: Path) -> Loaded:
    """With the rules whose version the indicator names, where it names one."""
    wanted = one.definition.attribution
    if wanted is None:
        return one
    try:
        data = attribution_file(policies).read_bytes()
        rules = parse_attribution(data.decode())
    except (OSError, ValueError) as error:
        raise FileRefused(f"{FILE}: {error}") from error
    if rules.version != wanted:
        raise FileRefused(f"{one.definition.id}: there are no rules of who operated of version {wanted}")
    return replace(one, attribution=rules, attribution_digest=f"sha256:{sha256_of(data)}")


def parse_indicator(text: str, name: str) -> Definition:
    """The definition in `text`; `name` is the file's stem, which must be its id."""
    try:
        definition = Definition.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise FileRefused(f"{name}: {error}") from error
    _refuse_unadjusted(definition)
    if definition.id != name:
        raise FileRefused(f"{name}: the id in the file is {definition.id}")
    if definition.revocable and definition.programme is None:
        raise FileRefused(f"{name}: figures of consultants need the programme whose permissions apply")
    if definition.figure is None:
        _refuse_odd_comparison(definition, name)
    elif definition.patient_rule != "denominator-10":
        raise FileRefused(f"{name}: a published figure has been under its publisher's rule")
    return definition


def _refuse_odd_comparison(definition: Definition, name: str) -> None:
    if definition.kind != "ratio" or definition.expected is None:
        raise FileRefused(f"{name}: there is no recipe for kind {definition.kind} without an expected number")
    if (definition.value == "risk_adjusted_rate") != (definition.benchmark.rate == "aggregate"):
        raise FileRefused(f"{name}: a risk-adjusted rate, and nothing else, is scaled by the aggregate's rate")
    if definition.expected.model is not None and (definition.period is None or definition.source.specialty is None):
        raise FileRefused(f"{name}: a fitted model needs a period and a specialty")
    if definition.expected.model is None and not definition.source.slice:
        raise FileRefused(f"{name}: expected numbers in the data need a measure, or where they stand")
    if definition.patient_rule == "counts-1-7" and definition.alternatives is not None:
        raise FileRefused(f"{name}: under counts-1-7 alternatives would tell the exact count; leave them out")
    if definition.attribution is not None and not definition.revocable:
        raise FileRefused(f"{name}: rules of who operated are for figures of consultants")
    if definition.minimum_ascertainment is not None and definition.source.expected_counts is None:
        raise FileRefused(f"{name}: a minimum of case ascertainment needs expected_counts, the feed to compare with")
    if definition.patient_rule == "counts-1-7" and definition.minimum_ascertainment is not None:
        raise FileRefused(f"{name}: under counts-1-7 a minimum of case ascertainment would tell the exact count")
    _refuse_for_reproduction_only(definition)


def _refuse_for_reproduction_only(definition: Definition) -> None:
    """A rule that is off its level may reproduce a publication, and nothing else: `own_rules` says which and why."""
    if definition.status == "reproduced":
        return
    rules, alternatives = definition.limits, definition.alternatives
    named = [definition.dispersion.rows, *(alternatives.rows if alternatives else ())]
    for rows in named:
        if why := refusal_for_ours(rules.test, rows, rules.interval):
            raise FileRefused(f"{definition.id}: {rows} with test {rules.test} is for reproduction only: {why}")


def _refuse_unadjusted(definition: Definition) -> None:
    adjusted = definition.kind == "ratio" and definition.expected is not None and definition.expected.model is not None
    if definition.revocable and not adjusted:
        raise NotRiskAdjusted(f"{definition.id}: a consultant's figure needs a risk model's expected number")


def _indicator(path: Path, models: dict[str, tuple[RiskModel, str]]) -> Loaded:
    data = path.read_bytes()
    definition = parse_indicator(data.decode(), path.stem)
    wanted = definition.expected.model if definition.expected else None
    if definition.expected is None or wanted is None:
        _refuse_unknown_factors(definition, None)
        return Loaded(definition, None, f"sha256:{sha256_of(data)}")
    model, model_digest = models.get(wanted, (None, None))
    if model is None or model.version != definition.expected.model_version:
        raise FileRefused(f"{path.stem}: there is no model {wanted} of version {definition.expected.model_version}")
    _refuse_unknown_factors(definition, model)
    return Loaded(definition, model, f"sha256:{sha256_of(data)}", model_digest)


def _refuse_unknown_factors(definition: Definition, model: RiskModel | None) -> None:
    without = definition.alternatives.without if definition.alternatives else []
    columns = model.columns if model else []
    if unknown := set(without) - set(columns):
        raise FileRefused(f"{definition.id}: {', '.join(sorted(unknown))} is no factor that could be left out")
    if without and len(columns) < FEWEST_FACTORS:
        raise FileRefused(f"{definition.id}: a model of one factor is nothing without it")


def _model(path: Path) -> tuple[RiskModel, str]:
    """The model and the digest of its file's bytes."""
    data = path.read_bytes()
    try:
        model = RiskModel.model_validate(tomllib.loads(data.decode()))
        [factor.as_term() for factor in model.factor]
    except (ValidationError, ValueError) as error:
        raise FileRefused(f"{path.stem}: {error}") from error
    if model.id != path.stem:
        raise FileRefused(f"{path.stem}: the id in the file is {model.id}")
    return model, f"sha256:{sha256_of(data)}"
