"""Policy as data: programmes, dated legal bases and notices, read from TOML, checked whole, refused whole."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.consent.domain.facts import Basis, Span
from shared.contracts.base import Sha256, Slug
from shared.contracts.consent import LegalBasis, Programme, Purpose, Regime
from shared.kit.files import sha256_of

Name = TypeVar("Name")


class PolicyRefused(RuntimeError):
    """A policy file is not as it must be, or nobody has verified it: the service does not start."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProgrammeEntry(_Entry):
    id: Slug
    label: str = Field(min_length=1)
    owner: str = Field(min_length=1)


class BasisEntry(_Entry):
    """A contract can oblige, but not by law: typing one as a legal obligation is refused."""

    id: Slug
    regime: Regime
    instrument: str = Field(min_length=1)
    instrument_kind: Literal["legislation", "direction", "contract", "advice"]
    programmes: list[Slug] = Field(min_length=1)
    purposes: list[Purpose] = Field(min_length=1)
    valid_from: date
    valid_to: date | None = None
    notice_version: int = Field(ge=1)
    notice_days: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _lawful(self) -> Self:
        if self.instrument_kind == "contract" and self.regime is Regime.LEGAL_OBLIGATION:
            raise ValueError("a contract is no legal obligation")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class NoticeEntry(_Entry):
    """The exact wording is a file beside the policy, held to its digest."""

    version: int = Field(ge=1)
    file: str = Field(pattern=r"^[a-z0-9-]+\.txt$")
    sha256: Sha256
    served_from: date
    programmes: list[Slug] = Field(min_length=1)


class ReasonEntry(_Entry):
    """A pre-defined reason for refusing: what a person may choose, and the words that stand for it."""

    code: Slug
    label: str = Field(min_length=1, max_length=200)


class PolicyFile(_Entry):
    title: str
    synthetic: bool
    verified_by: str | None = Field(default=None, min_length=1)
    programmes: list[ProgrammeEntry] = []
    bases: list[BasisEntry] = []
    notices: list[NoticeEntry] = []
    reasons: list[ReasonEntry] = []


@dataclass(frozen=True)
class PolicyText:
    """One file as it was read: kept in the store under its digest."""

    name: str
    digest: str
    body: str


@dataclass(frozen=True)
class Policy:
    """Every policy file together, indexed by what is asked of it."""

    programmes: Mapping[str, Programme]
    bases: Mapping[tuple[str, Purpose], tuple[Basis, ...]]
    notices: Mapping[tuple[str, int], NoticeEntry]
    reasons: Mapping[str, str]
    texts: tuple[PolicyText, ...]

    def notice(self, programme: str, version: int, day: date) -> NoticeEntry | None:
        """That version of the notice, where it exists and was in use on `day`."""
        found = self.notices.get((programme, version))
        return found if found is not None and found.served_from <= day else None

    def notice_served(self, programme: str, version: int, day: date) -> bool:
        """Whether that version of the notice exists and was in use on `day`."""
        return self.notice(programme, version, day) is not None


def load_policy(folder: Path, demonstration: bool) -> Policy:
    """Read every `*.toml` of `folder`. Raises PolicyRefused, with the file and the reason, on anything unexpected."""
    texts, files = [], []
    for source in sorted(folder.glob("*.toml")):
        try:
            body = source.read_bytes()
            file = PolicyFile.model_validate(tomllib.loads(body.decode()))
            _check_file(file, folder, demonstration)
        except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, PolicyRefused) as error:
            raise PolicyRefused(f"{source.name}: {error}") from error
        texts.append(PolicyText(source.name, f"sha256:{sha256_of(body)}", body.decode()))
        files.append(file)
    if not files:
        raise PolicyRefused("the policy folder holds no policy file")
    return _indexed(files, tuple(texts))


def _check_file(file: PolicyFile, folder: Path, demonstration: bool) -> None:
    if file.verified_by is None and not demonstration:
        raise PolicyRefused("nobody has verified it (no verified_by), and this is not a demonstration")
    for notice in file.notices:
        if sha256_of((folder / notice.file).read_bytes()) != notice.sha256:
            raise PolicyRefused(f"the wording of {notice.file} is not the one of its digest")


def _indexed(files: list[PolicyFile], texts: tuple[PolicyText, ...]) -> Policy:
    entries = [entry for file in files for entry in file.programmes]
    bases = [entry for file in files for entry in file.bases]
    notices = [entry for file in files for entry in file.notices]
    known = _all_different((entry.id for entry in entries), "programme")
    _all_different((entry.id for entry in bases), "basis")
    reasons = [entry for file in files for entry in file.reasons]
    _all_different((entry.code for entry in reasons), "reason")
    served = [((name, entry.version), entry) for entry in notices for name in entry.programmes]
    _all_different((key for key, _ in served), "notice")
    named = [name for basis in bases for name in basis.programmes] + [key[0] for key, _ in served]
    strangers = set(named) - known
    if strangers:
        raise PolicyRefused(f"no programme is called {', '.join(sorted(strangers))}")
    return Policy(
        {entry.id: _programme(entry, bases) for entry in entries}, _bases(bases), dict(served),
        {entry.code: entry.label for entry in reasons}, texts,
    )  # fmt: skip


def _all_different(names: Iterable[Name], what: str) -> set[Name]:
    seen: set[Name] = set()
    for name in names:
        if name in seen:
            raise PolicyRefused(f"{what} {name} is there twice")
        seen.add(name)
    return seen


def _programme(entry: ProgrammeEntry, bases: list[BasisEntry]) -> Programme:
    shown = ("id", "regime", "instrument", "valid_from", "valid_to")
    own = [LegalBasis(**basis.model_dump(include=set(shown))) for basis in bases if entry.id in basis.programmes]
    return Programme(id=entry.id, label=entry.label, owner=entry.owner, bases=own)


def _bases(entries: list[BasisEntry]) -> dict[tuple[str, Purpose], tuple[Basis, ...]]:
    """In order of their first day. Two in force on one day would leave the ground in doubt: refused."""
    found: dict[tuple[str, Purpose], tuple[Basis, ...]] = {}
    for entry in sorted(entries, key=lambda entry: entry.valid_from):
        for programme, purpose in product(entry.programmes, entry.purposes):
            basis = Basis(
                entry.id, entry.regime, programme, frozenset(entry.purposes), Span(entry.valid_from, entry.valid_to),
                notice_version=entry.notice_version, notice_days=entry.notice_days,
            )  # fmt: skip
            found[programme, purpose] = (*found.get((programme, purpose), ()), basis)
    for (programme, _), bases in found.items():
        for earlier, later in pairwise(bases):
            if earlier.valid.last is None or (later.valid.first and later.valid.first <= earlier.valid.last):
                raise PolicyRefused(f"{programme}: {earlier.id} and {later.id} are in force on the same day")
    return found
