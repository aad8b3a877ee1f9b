"""What to do about each error: one page per problem code."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from services.gateway.api import problems
from services.gateway.barrier import ConsentUnreachable
from shared.kit import problems as common
from shared.kit.problems import Problem

WHAT_TO_DO: Final[dict[type[Problem], str]] = {
    problems.CursorNotValid: "Repeat the query without `cursor`, and follow `links.next` from there.",
    common.NotFound: "Check the address. The answer is the same whatever the cause.",
    common.MethodNotAllowed: "Use GET, HEAD or OPTIONS; the `Allow` header lists what the address takes.",
    problems.NotAcceptable: "Ask for one of the types that `detail` lists, by `Accept` or by suffix.",
    problems.RangeNotSatisfiable: "`Content-Range` says how long the file is; if you have as much, you have it whole.",
    problems.NoModelCard: "Ask where the indicator's `links` have a `model`.",
    problems.RankNotDefined: "Ask for one indicator whose `ranked` is true, in one period and at one level.",
    problems.ReleaseTakenDown: "Use the release named by `successor`.",
    common.UnknownParameter: "Correct the name; `errors[].hint` has the nearest known one.",
    common.ValueNotAllowed: "Use a code of the list that `errors[].list` names, or a value of the declared form.",
    common.RepeatedParameter: "Give this parameter once.",
    common.InternalError: "This is our fault. Write to us, quoting the request id.",
    ConsentUnreachable: "Wait as long as `Retry-After` says. Ask with `partition=fixed` for what depends on nobody.",
    problems.Starting: "Wait as long as `Retry-After` says.",
}


@dataclass(frozen=True)
class ProblemEntry:
    code: str
    title: str
    status: int
    what_to_do: str

    @property
    def slug(self) -> str:
        return self.code.replace("_", "-")

    def body(self) -> dict[str, Any]:
        return {"code": self.code, "title": self.title, "status": self.status, "what_to_do": self.what_to_do,
                "links": {"self": f"/v1/problems/{self.slug}"}}  # fmt: skip


def problem_entries() -> Iterator[ProblemEntry]:
    """Every problem that the public API can answer with, by status and code."""
    for kind, text in sorted(WHAT_TO_DO.items(), key=lambda one: (one[0].status, one[0].code)):
        yield ProblemEntry(kind.code, kind.title, kind.status, text)
