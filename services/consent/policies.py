"""Policy as data: programmes, dated legal bases and notices, read from TOML, checked whole, refused whole."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.consent.domain.facts import ALWAYS, Basis, Span
from shared.contracts.base import Sha256, Slug
from shared.contracts.consent import BasisTerms, LegalBasis, Programme, Purpose
from shared.kit.files import sha256_of
from shared.kit.presence import Refused

Name = TypeVar("Name")


class PolicyRefused(Refused):
    """A policy file is not as it must be, or nobody has verified it: the service does not start."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProgrammeEntry(_Entry):
    id: Slug
    label: str = Field(min_length=1)
    owner: str = Field(min_length=1)


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
    bases: list[BasisTerms] = []
    notices: list[NoticeEntry] = []
    reasons: list[ReasonEntry] = []
    large_return: int = Field(default=200, ge=1)  # more people newly named by one return need a second officer


@dataclass(frozen=True)
class PolicyText:
    """One file as it was read: kept in the store under its digest."""

    name: str
    digest: str
    body: str


@dataclass(frozen=True)
class Policy:
    """Every policy file together, indexed by what is asked of it; `wordings` by their digest."""

    programmes: Mapping[str, Programme]
    bases: Mapping[tuple[str, Purpose], tuple[Basis, ...]]
    notices: Mapping[tuple[str, int], NoticeEntry]
    reasons: Mapping[str, str]
    terms: tuple[BasisTerms, ...]
    texts: tuple[PolicyText, ...]
    large_return: Mapping[str, int]
    wordings: Mapping[str, str]

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
    return _indexed(files, tuple(texts), folder)


def _check_file(file: PolicyFile, folder: Path, demonstration: bool) -> None:
    if file.verified_by is None and not demonstration:
        raise PolicyRefused("nobody has verified it (no verified_by), and this is not a demonstration")
    for notice in file.notices:
        if sha256_of((folder / notice.file).read_bytes()) != notice.sha256:
            raise PolicyRefused(f"the wording of {notice.file} is not the one of its digest")


def _indexed(files: list[PolicyFile], texts: tuple[PolicyText, ...], folder: Path) -> Policy:
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
    indexed = bases_of([(entry, entry.valid_to) for entry in bases])
    overlap = overlapping(indexed)
    if overlap:
        raise PolicyRefused(overlap)
    return Policy(
        {entry.id: _programme(entry, bases) for entry in entries}, indexed, dict(served),
        {entry.code: entry.label for entry in reasons}, tuple(bases), texts,
        {entry.id: file.large_return for file in files for entry in file.programmes},
        {entry.sha256: (folder / entry.file).read_bytes().decode() for entry in notices},
    )  # fmt: skip


def _all_different(names: Iterable[Name], what: str) -> set[Name]:
    seen: set[Name] = set()
    for name in names:
        if name in seen:
            raise PolicyRefused(f"{what} {name} is there twice")
        seen.add(name)
    return seen


def _programme(entry: ProgrammeEntry, bases: list[BasisTerms]) -> Programme:
    shown = ("id", "regime", "instrument", "valid_from", "valid_to")
    own = [LegalBasis(**basis.model_dump(include=set(shown))) for basis in bases if entry.id in basis.programmes]
    return Programme(id=entry.id, label=entry.label, owner=entry.owner, bases=own)


BasesBy = dict[tuple[str, Purpose], tuple[Basis, ...]]


def bases_of(written: Iterable[tuple[BasisTerms, date | None]]) -> BasesBy:
    """By programme and purpose, in order of their first day. Each comes with its last day; one whose last day is before
    its first was never in force."""
    found: BasesBy = {}
    for terms, last in sorted(written, key=lambda one: one[0].valid_from):
        if last is not None and last < terms.valid_from:
            continue
        scope = Span(terms.scope.first, terms.scope.last) if terms.scope else ALWAYS
        for programme, purpose in product(terms.programmes, terms.purposes):
            basis = Basis(
                terms.id, terms.regime, programme, frozenset(terms.purposes), Span(terms.valid_from, last), scope,
                notice_version=terms.notice_version, notice_days=terms.notice_days,
            )  # fmt: skip
            found[programme, purpose] = (*found.get((programme, purpose), ()), basis)
    return found


def overlapping(bases: BasesBy) -> str:
    """Two in force on one day would leave the ground in doubt: a sentence that says which, empty where none are."""
    for (programme, purpose), known in bases.items():
        for earlier, later in pairwise(known):
            if earlier.valid.last is None or (later.valid.first and later.valid.first <= earlier.valid.last):
                return f"{programme}, {purpose}: {earlier.id} and {later.id} are in force on the same day"
    return ""
