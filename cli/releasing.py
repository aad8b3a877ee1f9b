"""A release taken from a finished draft to the public, by the accounts whose steps they are."""

import time
from collections.abc import Callable
from typing import Any, Final

from cli.calls import PATIENCE_SECONDS, Refused, Service

AsAccount = Callable[[str], Service]
PUBLISHED: Final = ("published", "superseded")
STEPS: Final = ("submission", "approval", "publication")


def step(
    ratings: Service, release: str, noun: str, target: tuple[str, ...], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Take one step of the life cycle. A repeat after a lost answer finds the step taken and is content."""
    try:
        taken: dict[str, Any] = ratings.json("POST", f"/v1/releases/{release}/{noun}", json=body)
    except Refused as refused:
        if refused.code != "step_not_allowed":
            raise
        taken = ratings.json("GET", f"/v1/releases/{release}")
        if taken["status"] not in target:
            raise
    return taken


def take_through(account: AsAccount, release: str, title: str, note: str, until: str = "publication") -> dict[str, Any]:
    """Announce the day of a draft, submit it, answer every check that waits for a person with `note`, sign, approve and
    publish it; or go on from where that stopped, up to the step `until`. Raises Refused where the policy says no: where
    it wants notice or a window, people take the steps one by one.
    """
    announce(account("publisher"), release[:10], title)
    found = step(account("analyst"), release, "submission", ("submitted", "approved", *PUBLISHED))
    if until == "submission" or found["status"] in PUBLISHED:
        return found
    if found["status"] == "submitted":
        answer_all(account("reviewer"), release, note)
        sign(account("reviewer"), release, "reviewer")
        found = step(account("reviewer"), release, "approval", ("approved", *PUBLISHED))
    if until == "approval" or found["status"] in PUBLISHED:
        return found
    sign(account("publisher"), release, "publisher")
    return step(account("publisher"), release, "publication", PUBLISHED)


def announce(publisher: Service, day: str, title: str) -> None:
    """A day that is announced already, under whatever title, is left as it is."""
    known = publisher.json("GET", "/v1/calendar")
    if day not in {one["day"] for one in known["days"]}:
        publisher.json("PUT", "/v1/calendar", json={"day": day, "title": title})


def answer_all(reviewer: Service, release: str, note: str) -> None:
    """Say of every check that waits for a person that it is met."""
    gate = reviewer.json("GET", f"/v1/releases/{release}/checks")
    for one in gate["checks"]:
        if one["answerable"] and one["state"] != "passed":
            body = {"passed": True, "note": note}
            reviewer.json("POST", f"/v1/releases/{release}/checks/{one['check']}/answer", json=body)


def sign(signer: Service, release: str, role: str) -> dict[str, Any]:
    """Sign what the gate says now. Raises Refused where not every check has passed.

    A gate that was read while a check still waited, for consent to answer say, may say another thing when it is signed:
    it is read again then. What had passed when it was read, and changed, is for a person to read.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        gate = signer.json("GET", f"/v1/releases/{release}/checks")
        body = {"role": role, "gate": gate["digest"]}
        try:
            signed: dict[str, Any] = signer.json("POST", f"/v1/releases/{release}/signature", json=body)
        except Refused as refused:
            if refused.code != "gate_changed" or gate["complete"] or time.monotonic() > until:
                raise
            time.sleep(0.3)
        else:
            return signed
