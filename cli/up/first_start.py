"""What happens once in the life of a data directory: accounts are made and shown, the demonstration is loaded."""

import json
from pathlib import Path

from cli.up.layout import Layout
from shared.kit.files import write_durably


class FirstStart:
    """Remembers in `first-start.json` how far the first start has come. One that was killed half way begins again:
    its passwords were never shown, so fresh ones do no harm, and every step of the demonstration can be repeated."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.note = layout.data / "first-start.json"
        self.done: dict[str, bool] = json.loads(self.note.read_text()) if self.note.exists() else {}

    def accounts(self, also_to: Path | None) -> dict[str, str]:
        """Name → password where accounts were made now; empty where they have been shown before."""
        if self.done.get("shown"):
            return {}
        from shared.kit.people import make_people  # noqa: PLC0415  # half a second, and only this needs it

        passwords = make_people(self.layout.people)
        if also_to is not None:
            write_durably(also_to.resolve(), json.dumps(passwords, indent=1).encode())
        return passwords

    def wants_demo(self) -> bool:
        return not self.done.get("demo") and not self.done.get("shown")

    def demo_loaded(self) -> None:
        self._note("demo")

    def shown(self) -> None:
        self._note("shown")

    def _note(self, what: str) -> None:
        self.done[what] = True
        write_durably(self.note, json.dumps(self.done).encode())
