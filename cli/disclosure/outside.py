"""What anybody can see without a roster, and what a roster tells of releases and addresses."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cli.disclosure.facts import Facts, together
from cli.disclosure.fetching import CouldNotJudge, chosen
from cli.disclosure.findings import Equation, Finding, Found
from cli.disclosure.inputs import Rosters
from cli.disclosure.measuring import Spans, measured
from cli.disclosure.numbers import NONE, Span
from cli.disclosure.policy import MEASURES, Policy
from cli.disclosure.reader import Reader, Release
from cli.disclosure.tables import PRINTED, Table

Unit = tuple[str, str, str, str]  # release, indicator, period, provider
NOT_HELD: Final = "9999998"
SEARCHED: Final = 50  # hidden people in each release who are searched for


@dataclass(frozen=True)
class Published:
    """Where a figure was read, and what it says."""

    where: str
    spans: Spans


def residuals(readings: Sequence[Facts], policy: Policy, found: Found) -> int:
    """What units leave of what is served now, and of what was served since each earlier reading: rows that came or went
    in between stand beside totals of both. Gives how many were judged of what is served now."""
    judged, told = 0, set[tuple[str, ...]]()
    for first in reversed(range(len(readings))):
        own = Found()
        number = _residuals(together(readings[first:]), policy, own)
        judged = judged or number
        for one in own.findings:
            if tuple(one.at.values()) not in told:
                told.add(tuple(one.at.values()))
                found.findings.append(one)
        for note in own.notes:
            found.note(note)
    return judged


def _residuals(facts: Facts, policy: Policy, found: Found) -> int:
    """Of each unit with a total: what is left when everybody who is published there is taken away. Gives how many were
    judged. Rows name one unit for each person: where less than nothing is left somewhere, people of this indicator and
    period work in several units, and what is left of the others says nothing without a roster."""
    spans = measured(facts)
    people: dict[Unit, list[Published]] = defaultdict(list)
    totals: dict[Unit, Published] = {}
    for key, row in facts.rows.items():
        release, level, subject, indicator, period = key
        if "denominator" in row:
            told = Published(facts.where[key], spans[key])
            if level == "consultant":
                people[release, indicator, period, row.get("provider_id", "")].append(told)
            else:
                totals[release, indicator, period, subject] = told
    judged = 0
    for table in sorted({unit[:3] for unit in people}):
        units = {unit: _all_left(total, people[unit]) for unit, total in totals.items() if unit[:3] == table}
        narrow = [one for unit, left in units.items() for one in _narrow(unit, left, policy)]
        if any(span.high < -1e-9 for left in units.values() for span in left.values()):
            found.note(f"{', '.join(table)}: people work in several units, and without a roster {len(narrow)} figures "
                       "that units leave cannot be judged")  # fmt: skip
            continue
        judged += len(units)
        for unit, measure, span in narrow:
            found.findings.append(_too_small(unit, measure, span, policy, [totals[unit], *people[unit]]))
    return judged


def _all_left(total: Published, people: Iterable[Published]) -> Spans:
    """By measure."""
    left = dict(total.spans)
    for one in people:
        left = {measure: span.minus(one.spans.get(measure, NONE)) for measure, span in left.items()}
    return left


def _narrow(unit: Unit, left: Spans, policy: Policy) -> Iterator[tuple[Unit, str, Span]]:
    """Measures in which somebody is hidden, and less is left than a safe set has."""
    if left.get("cases", NONE).high > 0:
        for measure in MEASURES:
            if measure in left and left[measure].high < policy.fewest_left(measure) - 1e-9:
                yield unit, measure, left[measure]


def _too_small(unit: Unit, measure: str, span: Span, policy: Policy, terms: list[Published]) -> Finding:
    """`terms`: the total, and what is taken away from it."""
    release, indicator, period, provider = unit
    need = policy.fewest_left(measure)
    words = (
        f"{measure} of all who are hidden at {provider} are between {span.low:g} and {span.high:g}; a safe set of"
        f" hidden people has at least {need:g}"
    )
    proof = [
        Equation(
            f"{'minus' if number else 'total'} {one.spans[measure].low:g} to {one.spans[measure].high:g}", one.where
        )
        for number, one in enumerate(terms)
        if measure in one.spans
    ]
    at = {"release": release, "indicator": indicator, "period": period, "provider": provider, "measure": measure}
    return Finding("residual", words, at, tuple(proof), (span.low, span.high), need, span.high / need)


def release_differs(facts: Facts, table: Table, found: Found) -> None:
    """Releases with the same figures of an indicator and period show the same people."""
    shown: dict[str, dict[str, str]] = {}
    for key, row in facts.rows.items():
        if key[0] in table.releases and key[3:] == (table.indicator, table.period):
            there = shown.setdefault(key[0], {})
            if key[1] == "consultant" and any(name in row for name in PRINTED.values()):
                there[key[2]] = facts.where[key]
    for release, people in sorted(shown.items()):
        for other, others in sorted(shown.items()):
            for person in sorted(people.keys() - others.keys()):
                found.add(
                    "release_differs", f"{release} shows a consultant whom {other} hides",
                    {"release": release, "indicator": table.indicator, "period": table.period, "consultant": person},
                    Equation("shown", people[person]), Equation("not there", f"/v1/releases/{other}/results"),
                )  # fmt: skip


def addresses(reader: Reader, releases: Iterable[Release], rosters: Rosters) -> None:
    """The address of a hidden person answers exactly as that of a number that nobody holds; no search finds them."""
    for release in releases:
        people = {one for key, roster in rosters.items() if key[0] in ("", release.name) for one in roster.people}
        hidden = chosen(sorted(people - set(release.subjects("consultant"))), reader.depth.single)
        free = next(f"{number:07d}" for number in range(int(NOT_HELD), 0, -1) if f"{number:07d}" not in people)
        nobody = reader.site.get(f"{release.base}/consultants/{free}")
        for answer in reader.site.many(f"{release.base}/consultants/{one}" for one in hidden):
            if (answer.status, answer.body, answer.media) != (nobody.status, nobody.body, nobody.media):
                words = f"it answers {answer.status}, not as the address of a number that nobody holds"
                _exists(reader, release, words, answer.path, nobody.path)
        asked = [path for one in chosen(hidden, SEARCHED) for path in _searches(release, one)]
        for answer in reader.readable(reader.site.many(asked)):
            if int(reader.body_of(answer)["meta"]["total"]):
                _exists(reader, release, "a search finds a hidden person", answer.path)


def _searches(release: Release, person: str) -> tuple[str, str]:
    return f"{release.base}/consultants?q={person}&limit=1", f"{release.base}/results?consultant={person}&limit=1"


def _exists(reader: Reader, release: Release, words: str, *paths: str) -> None:
    proof = [Equation(says, path) for says, path in zip(("asked", "compared with"), paths, strict=False)]
    reader.found.add("exists", words, {"release": release.name}, *proof)


def covered(facts: Facts, rosters: Rosters) -> None:
    """Raises CouldNotJudge where a release has consultants of whom the roster knows nothing."""
    for key in sorted(_unknown(facts, rosters)):
        raise CouldNotJudge(
            f"The roster has nothing on {key[1]}, {key[2]} of release {key[0]}, or not on everybody who is published "
            "there. Give the roster of every release that can be read, with one --roster each."
        )


def _unknown(facts: Facts, rosters: Rosters) -> Iterator[tuple[str, str, str]]:
    people: Mapping[tuple[str, str, str], set[str]] = {key: roster.people for key, roster in rosters.items()}
    for key, row in facts.rows.items():
        if key[1] == "consultant" and key[2] and "denominator" in row:
            place = (key[0], key[3], key[4])
            known = people.get(place) or people.get(("", key[3], key[4])) or set()
            if key[2] not in known:
                yield place
