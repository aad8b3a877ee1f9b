"""`candour source declare | differences | rerun | retract`: what a steward says of a feed, and what changed in it."""

import json
from typing import Annotated, Any, Final

import typer

from cli import spelled
from cli.advice import sentence_of
from cli.calls import Refused, Service
from cli.load import freeze, frozen
from cli.say import out, stop
from cli.source.telling import of_snapshot, say, shown

DIGEST: Final = "sha256:"
SHOWN: Final = 100
Feed = Annotated[str, typer.Argument(callback=spelled.slug, help="The source, which its feed is called after.")]
Sent = Annotated[str, typer.Argument(callback=spelled.sha256, help="The submission's digest, as `candour load` said.")]
Which = Annotated[
    str | None,
    typer.Option(
        "--source", callback=spelled.optional(spelled.slug), help="Which, where several sources got the same bytes."
    ),
]
Account = Annotated[str, typer.Option("--as", help="The account that does this.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def snapshot(text: str | None) -> str | None:
    """The name of a snapshot, with or without what says which digest it is. Raises typer.BadParameter."""
    return None if text is None else DIGEST + spelled.sha256(text.removeprefix(DIGEST))


def declare(
    *,
    source: Feed,
    ground: Annotated[str, typer.Option(help="aggregate, register, synthetic, published or pseudonymised.")],
    instrument: Annotated[str, typer.Option(help="What allows it, in words: a direction, a section 251 approval.")],
    opt_out_date: Annotated[
        str | None, typer.Option(callback=spelled.optional(spelled.day), help="Day of the list of opt-outs applied.")
    ] = None,
    no_opt_out: Annotated[str | None, typer.Option(help="Why opt-outs do not apply.")] = None,
    account: Account = "steward",
) -> None:
    """Declare on what ground the files of a source are held; those about patients are not taken without one."""
    if opt_out_date and no_opt_out:
        raise typer.BadParameter("Either opt-outs were applied on a day, or they do not apply: give one of the two.")
    body: dict[str, Any] = {"kind": ground, "instrument": instrument}
    if opt_out_date:
        body["opt_out"] = {"status": "applied", "date": opt_out_date}
    if no_opt_out:
        body["opt_out"] = {"status": "not_applicable", "why": no_opt_out}
    try:
        ingest = Service("ingest", account)
        seen = ingest.ask("GET", f"/v1/feeds/{source}").headers["ETag"]
        told = ingest.json("PUT", f"/v1/feeds/{source}", json=body, headers={"If-Match": seen})
    except Refused as refused:
        stop(refused.sentence())
    say(f"{told['id']} is held as {told['ground']['kind']}: {told['ground']['instrument']}")


def differences(
    *,
    source: Feed,
    earlier: Annotated[str | None, typer.Option("--from", callback=snapshot, help="The earlier snapshot.")] = None,
    later: Annotated[str | None, typer.Option("--to", callback=snapshot, help="The later snapshot.")] = None,
    as_json: AsJson = False,
    account: Account = "steward",
) -> None:
    """What changed from one snapshot of a feed to another; by default from the newest other one to the rows of now."""
    ingest = Service("ingest", account)
    try:
        before, after = _compared(ingest, source, earlier, later)
        told = ingest.json("GET", f"/v1/snapshots/{after}/differences", params={"from": before, "limit": SHOWN})
        if as_json:
            out.print_json(json.dumps(told))
            return
        for word, digest in (("from", before), ("to", after)):
            say(f"{word} {_described(ingest, digest)}")
    except Refused as refused:
        stop(refused.sentence())
    if earlier is None and later is None:
        say("the state of now, and the newest other snapshot; --from and --to choose others")
    _tell(told)


def _compared(ingest: Service, source: str, earlier: str | None, later: str | None) -> tuple[str, str]:
    """By default the rows as they are now, and the newest snapshot that has others: after a retraction what is now may
    be as it was long ago. Raises Refused; ends the command where there are not two."""
    listed = ingest.json("GET", "/v1/snapshots", params={"feed": source, "limit": "1000"})["snapshots"]
    digests = [str(one["digest"]) for one in listed]
    after = later or _now(ingest, source, digests)
    older = digests[digests.index(later) + 1 :] if later in digests else [one for one in digests if one != after]
    before = earlier or next(iter(older), None)
    if after is None or before is None:
        stop(f"{source} has no two snapshots to compare. Each `candour load` that changes its rows makes one.")
    return before, after


def _now(ingest: Service, source: str, digests: list[str]) -> str | None:
    """The snapshot of now; for who may not freeze one the last that was frozen. Raises Refused."""
    try:
        return str(freeze(ingest, source)["digest"])
    except Refused as refused:
        if refused.code == "nothing_accepted":
            stop(f"No row of {source} stands now. Its snapshots of before are compared with --from and --to.")
        if refused.code != "role_not_allowed":
            raise
        return next(iter(digests), None)


def _described(ingest: Service, digest: str) -> str:
    one = ingest.json("GET", f"/v1/snapshots/{digest}")
    return f"{digest} ({one['rows']:,} rows, first frozen {one['created'][:19]}Z)"


def _tell(told: dict[str, Any]) -> None:
    say(", ".join(f"{told[kind]:,} {kind}" for kind in ("new", "gone", "changed", "unchanged")))
    for kind in ("columns_new", "columns_gone"):
        if told.get(kind):
            say(f"{kind.replace('_', ' ')}: {', '.join(told[kind])}")
    for change in told["changes"]:
        key = " ".join(str(value) for value in change["key"].values())
        column = change.get("column")
        values = f" {column}: {change.get('before', 'nothing')} -> {change.get('after', 'nothing')}" if column else ""
        say(f"  {change['kind']} {key}{values}")
    if told.get("next") is not None:
        say(f"  and more: these are the first {SHOWN}")


def rerun(*, sha256: Sent, source: Which = None, account: Account = "steward") -> None:
    """Decide a submission again, after what refused or stopped it has been mended."""
    ingest = Service("ingest", account)
    params = {"feed": source} if source else {}
    try:
        ingest.json("POST", f"/v1/submissions/{sha256}/reruns", params=params, json={})
        done = ingest.wait(f"/v1/submissions/{sha256}", lambda body: body["state"] != "received", params=params)
        if done["state"] == "refused":
            stop(f"It is refused: {shown(done['refusal']['detail'])}")
        snapshot = _frozen_again(ingest, done["feed"])
    except Refused as refused:
        stop(sentence_of(refused, source or "SOURCE"))
    say(", ".join(f"{lines:,} {fate}" for fate, lines in done["fates"].items() if lines))
    say(snapshot)


def retract(*, sha256: Sent, source: Which = None, account: Account = "steward") -> None:
    """Take a submission back: later snapshots are as if it had not been sent. Those made of it stay as they are."""
    ingest = Service("ingest", account)
    try:
        params = {"feed": source} if source else {}
        feed = ingest.json("POST", f"/v1/submissions/{sha256}/retraction", params=params)["feed"]
        snapshot = _frozen_again(ingest, feed)
    except Refused as refused:
        stop(refused.sentence())
    say(f"{sha256} is retracted; this and later snapshots are without it")
    say(snapshot)


def _frozen_again(ingest: Service, feed: str) -> str:
    """The snapshot of the feed once all that it decides again is decided. Raises Refused."""
    waiting = {"feed": feed, "state": "received", "limit": "1"}
    while True:
        ingest.wait("/v1/submissions", lambda body: not body["submissions"], params=waiting)
        try:
            return of_snapshot(frozen(ingest, feed), feed)
        except Refused as refused:
            if refused.code != "submission_pending":  # somebody sent a file in between: it is waited for too
                raise
