"""Which modules a source imports, read from its syntax tree: no code is run."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def sources_under(*folders: str) -> Iterator[Path]:
    for folder in folders:
        found = sorted((ROOT / folder).rglob("*.py"))
        assert found, f"no sources under {folder}: a rule about nothing checks nothing"
        yield from found


def module_of(path: Path) -> str:
    name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


def imported_by(text: str, module: str = "") -> set[str]:
    """Dotted names of everything `text` imports, relative imports resolved against `module`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], base]).rstrip(".")
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def within(name: str, packages: set[str] | frozenset[str] | tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)
