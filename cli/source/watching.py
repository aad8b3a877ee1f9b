"""How far the job of a file is, on a terminal; nothing where there is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.say import err
from cli.source.telling import shown

STEPS: Final = {
    "sending": "sending", "waiting": "waiting", "reading": "reading", "resolving": "comparing",
    "recording": "recording",
}  # fmt: skip


@contextmanager
def watching(name: str) -> Iterator[Callable[[dict[str, Any] | None], None]]:
    """Gives a function that shows the progress it is told; None, when nothing is known, changes nothing."""
    if not err.is_terminal:
        yield lambda _progress: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(f"{shown(name)}: sending", total=None)

        def told(now: dict[str, Any] | None) -> None:
            if now is not None:
                description = f"{shown(name)}: {STEPS.get(now['step'], now['step'])}"
                progress.update(task, description=description, completed=now["done"], total=now["total"] or None)

        yield told
