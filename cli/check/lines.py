"""What stands in a recorded history: one JSON object a line, all times in seconds of one monotonic clock.

The first line is the `header`: what the recorder set out to do. Every other line is an operation, a fault, or an entry
of the ledger as it was found at the end. Lines may come in any order; names that are not known here are passed over.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

FORMAT: Final = 1
EVERYBODY: Final = "*"
Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Revision = Annotated[int, Field(ge=0)]
Person = Annotated[str, Field(min_length=1, max_length=200)]
Outcome = Literal["ok", "fail", "info"]


class Line(BaseModel):
    """`line` is its place in the file, from 1; 0 for one that was never in a file."""

    model_config = ConfigDict(extra="ignore", strict=True)

    line: int = 0


class Asked(BaseModel):
    """How much must have happened for the history to prove anything. `faults`: kind → how often at least.

    `effective`: withdrawals that were told to be in force everywhere. `sent`: chunks noted below every buffer.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    withdrawals: int = Field(ge=1)
    reads: int = Field(ge=1)
    faults: dict[str, int] = {}
    effective: int = 0
    sent: int = 0


class Header(Line):
    """`revision`: the ledger's end before the first operation. `grace`: seconds after a fault in which a service may
    still be coming back."""

    f: Literal["header"]
    format: Literal[1]
    asked: Asked
    revision: Revision = 0
    grace: Time = 2.0
    seed: int | None = None


class Operation(Line):
    """Something that somebody asked for: sent at `inv`, answered (or given up) at `end`.

    `ok`: acknowledged; `fail`: certainly without effect; `info`: no answer, so it may have happened, then or later.
    """

    proc: str
    inv: Time
    end: Time | None = None
    outcome: Outcome

    @model_validator(mode="after")
    def _in_order(self) -> "Operation":
        if self.end is None and self.outcome != "info":
            raise ValueError("an operation that was answered has an end")
        if self.end is not None and self.end < self.inv:
            raise ValueError("an operation ends after it began")
        return self

    @property
    def over(self) -> float:
        """When it was answered; never, where it was not."""
        return self.end if self.end is not None and self.outcome != "info" else float("inf")


class Write(Operation):
    """A withdrawal or a grant. `revision` is what the acknowledgement named: of a repeated withdrawal that of the one
    which stands. A grant is compared and set: `expects` is the revision of the person's record that it was sent for."""

    f: Literal["withdraw", "grant"]
    c: Person
    revision: Revision | None = None
    expects: Revision | None = None

    @model_validator(mode="after")
    def _with_its_revisions(self) -> "Write":
        if self.outcome == "ok" and self.revision is None:
            raise ValueError("an acknowledged write has the revision it was acknowledged with")
        if (self.f == "grant") is (self.expects is None):
            raise ValueError("a grant, and nothing else, has the revision that it expects")
        return self

    @property
    def number(self) -> int:
        """The revision of an acknowledged write."""
        assert self.revision is not None
        return self.revision


class Effective(Operation):
    """At its end somebody knew that nothing older than the withdrawal of `c` with this revision is being sent."""

    f: Literal["effective"]
    c: Person
    revision: Revision


class Read(Operation):
    """A read from gateway `gateway` about the people `c` (`*`: everybody), and whom of them its answer showed. One that
    was cut off (`info`) showed whom it showed."""

    f: Literal["read"]
    c: list[Person] | Literal["*"]
    shown: list[Person] = []
    gateway: str = ""
    route: str = ""


class Sent(Line):
    """Bytes that carry the figures of `shown`, handed to the operating system at `at`; noted below every buffer."""

    f: Literal["sent"]
    proc: str
    at: Time
    shown: list[Person]


class Fault(Line):
    """`target`: the gateway that it concerned; anything else concerned everybody."""

    f: Literal["fault"]
    kind: str
    target: str = ""
    inv: Time
    end: Time


class Entry(Line):
    """One revision of the final ledger; without a person where nothing is known of it but that it is there."""

    f: Literal["entry"]
    revision: Annotated[int, Field(ge=1)]
    c: Person | None = None
    act: Literal["withdraw", "grant", "other"] = "other"


class Group(Line):
    """A withdrawal of one of a group may hide the others of it too, whom nobody withdrew."""

    f: Literal["group"]
    c: list[Person]


AnyLine = Header | Write | Effective | Read | Sent | Fault | Entry | Group
LINE: Final[TypeAdapter[AnyLine]] = TypeAdapter(Annotated[AnyLine, Field(discriminator="f")])
