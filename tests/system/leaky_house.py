"""`candour`, whose `up` starts the leaky ratings instead of ours."""

from typing import Final

from cli.main import app
from cli.up.layout import Layout

OURS: Final = Layout.command


def command(self: Layout, name: str) -> list[str]:
    return [part.replace("services.ratings", "tests.system.leaky_ratings") for part in OURS(self, name)]


if __name__ == "__main__":
    Layout.command = command  # type: ignore[method-assign]  # this is what is wrong with it
    app(prog_name="candour")
