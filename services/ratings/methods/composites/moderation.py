"""A panel beside the statistics: both levels are kept, and nobody moves a level alone, far or without a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import IntArray


class NotModerated(ValueError):
    """A panel's decision that the scheme does not allow; the message says why."""


@dataclass(frozen=True)
class Moderation:
    """The scheme's rules for its panel."""

    panel_quorum: int
    may_move_levels: int
    reason_required: bool = True


@dataclass(frozen=True)
class PanelDecision:
    """What a panel decided about one provider; members with a declared interest do not count towards the quorum."""

    level: str
    members: tuple[str, ...]
    reason: str = ""
    declared_interests: tuple[str, ...] = ()
    dissent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moderated:
    """Both levels, and the decision that stands between them."""

    statistical_level: str
    panel_level: str
    decision: PanelDecision


def moderated(levels: Sequence[str], statistical_level: str, decision: PanelDecision, rules: Moderation) -> Moderated:
    """Both levels of one provider; raises NotModerated for too few members, a move too far, or none said why."""
    voting = set(decision.members) - set(decision.declared_interests)
    if statistical_level not in levels or decision.level not in levels:
        raise NotModerated("a level is not one of the scheme's")
    if len(voting) < rules.panel_quorum:
        raise NotModerated(f"{len(voting)} members without an interest, where {rules.panel_quorum} are needed")
    moved = abs(levels.index(decision.level) - levels.index(statistical_level))
    if moved > rules.may_move_levels:
        raise NotModerated(f"{moved} levels moved, where {rules.may_move_levels} are allowed")
    if moved and rules.reason_required and not decision.reason.strip():
        raise NotModerated("a level was moved without a reason")
    return Moderated(statistical_level, decision.level, decision)


def distribution(levels: Sequence[str], level: ArrayLike) -> IntArray:
    """How many providers have each level, in the order of `levels`; raises ValueError for a level that is not one."""
    words = np.asarray(level, dtype=np.str_)
    if not np.isin(words, levels).all():
        raise ValueError("a level is not one of the scheme's")
    return np.array([(words == each).sum() for each in levels], dtype=np.int64)


def moves(levels: Sequence[str], before: ArrayLike, after: ArrayLike) -> IntArray:
    """Providers by level before (rows) and after (columns), shape (levels, levels): above the diagonal went up."""
    one, two = (np.asarray(each, dtype=np.str_) for each in (before, after))
    if one.shape != two.shape or not (np.isin(one, levels) & np.isin(two, levels)).all():
        raise ValueError("the same providers, each with one of the scheme's levels")
    counts = [[((one == row) & (two == column)).sum() for column in levels] for row in levels]
    return np.array(counts, dtype=np.int64)
