"""What a withdrawal would hide, in counts: never a figure, and never who else is hidden."""

from typing import Literal

from shared.contracts.base import Contract, Count, ReleaseId


class ChangedPages(Contract):
    """How many pages of each kind lose a row: of people, the person's own included, of units, and of indicators."""

    consultants: Count
    units: Count
    indicators: Count


class ReleaseImpact(Contract):
    """Of one readable release: `rows` = `own` + `colleagues` + `units`, results that are hidden at once. `colleagues`
    are results of others from which the person's could be worked out, `units` those of whole units; a unit's result
    counts also where it has no figure already. All are 0 where the release shows nothing of the person."""

    release: ReleaseId
    status: Literal["published", "superseded"]
    rows: Count
    own: Count
    colleagues: Count
    units: Count
    pages: ChangedPages


class Impact(Contract):
    """Every readable release, newest publication first, as its live view was baked. `rows`: in all of them."""

    rows: Count
    releases: list[ReleaseImpact]
