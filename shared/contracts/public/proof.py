"""The proof: other people's published figures, and how many of them this build reproduces."""

from shared.contracts.base import Count, Printable, Sha256, Slug
from shared.contracts.public.parts import Day, Public, SelfLink


class ProofRow(Public):
    """One claim about a publisher's figures.

    `rows` were compared, `reached` of them agree within `tolerance`, and `ok` says whether that is as many as
    `required`, of exactly the rows that the claim is about. `exceptions` are the keys of rows that do not agree, `why`
    what is behind them, and `entries` the files that were read.
    """

    source: Slug
    what: Printable
    tolerance: Printable
    rows: Count
    required: Count
    reached: Count
    ok: bool
    exceptions: list[Printable]
    why: Printable
    entries: list[Slug]


class ProofTable(Public):
    """What the comparison says."""

    method_version: Printable
    rows: list[ProofRow]


class ProofFates(Public):
    """Lines of a file by what became of them; they add up to its lines."""

    header: Count
    accepted: Count
    duplicate: Count
    conflict: Count
    quarantined: Count
    aggregate: Count
    footer: Count
    blank: Count


class ProofFile(Public):
    """One publisher's file as it was read: its bytes, and what became of each line. `source` is the layout."""

    entry: Slug
    source: Slug
    sha256: Sha256
    bytes: Count
    encoding: Printable
    lines: Count
    fates: ProofFates


class ProofRecord(ProofTable):
    """A run of the proof: when, by which code, from which files."""

    date: Day
    code: Printable
    files: list[ProofFile]


class Proof(ProofRecord):
    """The record as it is published. `command` repeats it."""

    command: Printable
    links: SelfLink
