"""Which tests of running houses may run beside each other: `-n 2` gives each process whole groups of them.

A house that several files share is started once only if one process has all of them, so they are one group; any other
file is a group of its own. The longest begin first, or one process would end long before the other.

Campaigns in which too little may happen where others take the processor, and promises of seconds (ALONE), are marked
`alone`: `make test` has a part of its own for them, where nothing runs beside them.
"""

from typing import Final

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

DEMO, COMPOSED = "the demonstration", "the composed house"
SHARED: Final = {
    "consent_benchmarks": DEMO, "consent_stopped": DEMO, "guide": DEMO, "truth": DEMO, "replay": DEMO,
    "withdrawal": DEMO, "withdrawals_under_reads": DEMO,
    "composed": COMPOSED, "composed_proxy": COMPOSED, "composed_withdrawals": COMPOSED,
}  # fmt: skip
ALONE: Final = {
    "consent_kills", "consent_stopped", "frozen_gateway", "histories", "kills", "publish_kills",
    "twin_worlds", "withdrawals_under_reads", "withdrawn_together",
}  # fmt: skip
IN_PRODUCTION: Final = "[production"  # the id of a test in that shape: it takes the composed house
LONGEST_FIRST: Final = (
    COMPOSED, "runbook", "restore", "every_file", DEMO, "disclosure_audit", "person", "dirty_files", "workers",
    "disk_full", "plain_indicators", "up",
)  # fmt: skip


def file_of(nodeid: str) -> str:
    """`kills` for tests/system/test_kills.py."""
    return nodeid.partition("::")[0].rpartition("/test_")[2].removesuffix(".py")


def group_of(nodeid: str) -> str:
    """What a test shares its process with: a house, or the name of its file."""
    name = file_of(nodeid)
    return COMPOSED if IN_PRODUCTION in nodeid else SHARED.get(name, name)


def place(nodeid: str) -> int:
    """Where the group of a test comes: those that are not named come last, as they are."""
    group = group_of(nodeid)
    return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)


class ByHouse(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Groups as they are here, in the order of the collection (with `--no-loadscope-reorder`)."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
