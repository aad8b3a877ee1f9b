"""`candour audit-disclosure URL`: what could an insider work out from everything that is public?

Exit code 0: no findings; 1: findings; 2: it could not be judged.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from cli.disclosure.facts import Facts
from cli.disclosure.fetching import CouldNotJudge, Site
from cli.disclosure.inputs import read_external, read_rosters
from cli.disclosure.policy import Policy, floors_of
from cli.disclosure.reader import Depth

FOUND: Final = 1
NOT_JUDGED: Final = 2
Files = list[Path] | None
out: Final = Console(highlight=False, soft_wrap=True)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def audit_disclosure(  # noqa: PLR0917  # each option of a command is a parameter
    url: Annotated[str, typer.Argument(help="Base URL of a gateway, such as http://127.0.0.1:8000.")],
    roster: Annotated[Files, typer.Option(help="The truth, from `candour release roster`; repeat for more.")] = None,
    external: Annotated[Files, typer.Option(help="Totals published elsewhere, CSV or TOML; repeat for more.")] = None,
    since: Annotated[Files, typer.Option(help="What earlier runs have saved, oldest first.")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep what was read, for a later run.")] = None,
    k: Annotated[int, typer.Option("--k", min=0, max=5, help="Insiders who tell each other what they know.")] = 1,
    p: Annotated[float, typer.Option("--p", min=0.0, max=1.0, help="Share of a figure to stay unknown.")] = 0.2,
    floors: Annotated[str, typer.Option(help="Least width: cases, observed, expected.")] = "10,3,1",
    single: Annotated[int, typer.Option(min=0, help="Single results and hidden addresses asked per release.")] = 300,
    sample: Annotated[int, typer.Option(min=0, help="Ask HiGHS again about one figure in so many; 0: none.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Read all that a gateway tells the public, and compute what an insider could infer. 0: nothing; 1: findings;
    2: it could not be judged."""
    from cli.disclosure.auditing import Given, audit  # noqa: PLC0415  # scipy takes a second; no other command needs it
    from cli.disclosure.telling import body, tell  # noqa: PLC0415

    try:
        policy = Policy(k, p, _floors(floors))
        given = Given(
            read_rosters(roster or []), read_external(external or []), [Facts.load(one) for one in since or []], policy,
            Depth(single=single), sample,
        )  # fmt: skip
        with err.status("starting") as shown:
            site = Site(url)
            try:
                report = audit(site, given, lambda text: shown.update(f"{text} ({site.requests:,} requests)"))
            finally:
                site.close()
        if save is not None:
            report.facts.save(save)
    except (CouldNotJudge, OSError) as error:
        _stop(str(error))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:  # 1 would mean that something was found
        _stop(f"What was read is not what it should be: {error!r}")
    if as_json:
        out.print_json(json.dumps(body(report, site.url, policy)))
    else:
        tell(out, report, site.url)
    if report.found.findings:
        raise typer.Exit(FOUND)


def _floors(text: str) -> tuple[float, float, float]:
    try:
        return floors_of(text)
    except ValueError as error:
        raise CouldNotJudge(str(error)) from None


def _stop(sentence: str) -> NoReturn:
    err.print(sentence, markup=False)
    sys.exit(NOT_JUDGED)
