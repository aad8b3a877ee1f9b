"""Imports point down, and services never meet except in `shared`. Each rule is shown a planted violation."""

import sys
from collections.abc import Callable

import pytest

from tests.architecture.imports import imported_by, module_of, sources_under, within

SERVICES = ("ingest", "ratings", "consent", "gateway")
OURS = ("services", "shared", "cli", "tests", "benchmarks", "tools")
STANDARD = frozenset(sys.stdlib_module_names)
METHODS_MAY_USE = frozenset(
    {"collections", "dataclasses", "enum", "glum", "math", "narwhals", "numpy", "polars", "scipy", "typing"}
)
DISCLOSURE_MAY_USE = frozenset(
    {"collections", "dataclasses", "functools", "heapq", "itertools", "math", "numpy", "scipy", "sys", "typing"}
)
LAYERS = ("app", "console", "routes", "workflow", "store", "domain", "methods", "disclosure")

Rule = Callable[[str, str], set[str]]


def services_never_import_one_another(module: str, text: str) -> set[str]:
    own = ".".join(module.split(".")[:2])
    return {name for name in imported_by(text, module) if within(name, ("services",)) and not within(name, (own,))}


def contracts_know_pydantic_only(module: str, text: str) -> set[str]:
    allowed = STANDARD | {"pydantic", "shared.contracts"}
    return {name for name in imported_by(text, module) if not within(name, allowed)}


def kit_knows_no_domain(module: str, text: str) -> set[str]:
    return {name for name in imported_by(text, module) if within(name, OURS) and not within(name, ("shared.kit",))}


def methods_touch_nothing_but_numbers(module: str, text: str) -> set[str]:
    allowed = METHODS_MAY_USE | {"services.ratings.methods"}
    return {name for name in imported_by(text, module) if not within(name, allowed)}


def disclosure_control_knows_itself_only(module: str, text: str) -> set[str]:
    allowed = DISCLOSURE_MAY_USE | {"services.ratings.disclosure"}
    return {name for name in imported_by(text, module) if not within(name, allowed)}


def the_command_line_is_a_client(module: str, text: str) -> set[str]:
    return {name for name in imported_by(text, module) if within(name, OURS) and not within(name, ("cli", "shared"))}


def the_auditor_knows_nothing_of_the_publisher(module: str, text: str) -> set[str]:
    """It judges the public bytes: neither services nor shared, and of the command line nothing but itself."""
    return {name for name in imported_by(text, module) if within(name, OURS) and not within(name, ("cli.disclosure",))}


def pages_use_the_api_and_nothing_else(module: str, text: str) -> set[str]:
    allowed = ("services.gateway.api", "services.gateway.site")
    return {name for name in imported_by(text, module) if within(name, ("services",)) and not within(name, allowed)}


def inner_layers_do_not_know_outer_ones(module: str, text: str) -> set[str]:
    """app → console → routes → workflow → store → domain → methods, inside one service."""
    parts = module.split(".")
    if len(parts) < 3 or parts[2] not in LAYERS:
        return set()
    outer = LAYERS[: LAYERS.index(parts[2])]
    forbidden = tuple(f"services.{parts[1]}.{layer}" for layer in outer)
    return {name for name in imported_by(text, module) if within(name, forbidden)}


RULES: list[tuple[Rule, tuple[str, ...], str, str]] = [
    (services_never_import_one_another, ("services",), "services.ratings.app", "from services.consent import store"),
    (contracts_know_pydantic_only, ("shared/contracts",), "shared.contracts.base", "import sqlmodel"),
    (kit_knows_no_domain, ("shared/kit",), "shared.kit.files", "from shared.contracts import consent"),
    (
        methods_touch_nothing_but_numbers,
        ("services/ratings/methods",),
        "services.ratings.methods.funnel",
        "from sqlmodel import Session",
    ),
    (
        disclosure_control_knows_itself_only,
        ("services/ratings/disclosure",),
        "services.ratings.disclosure.table",
        "from services.ratings.view.roster import Roster",
    ),
    (the_command_line_is_a_client, ("cli",), "cli.load", "from services.ingest import workflow"),
    (
        the_auditor_knows_nothing_of_the_publisher,
        ("cli/disclosure",),
        "cli.disclosure.rows",
        "from shared.contracts.public import results",
    ),
    (
        pages_use_the_api_and_nothing_else,
        ("services/gateway/site",),
        "services.gateway.site.routes",
        "from services.gateway.view import queries",
    ),
    (
        inner_layers_do_not_know_outer_ones,
        ("services",),
        "services.consent.store",
        "from services.consent import workflow",
    ),
]


@pytest.mark.parametrize(
    ("rule", "folders", "_module", "_planted"), RULES, ids=lambda value: getattr(value, "__name__", "")
)
def test_imports_keep_the_rule(rule: Rule, folders: tuple[str, ...], _module: str, _planted: str) -> None:
    broken = {
        module_of(path): names for path in sources_under(*folders) if (names := rule(module_of(path), path.read_text()))
    }
    assert broken == {}


@pytest.mark.parametrize(
    ("rule", "_folders", "module", "planted"), RULES, ids=lambda value: getattr(value, "__name__", "")
)
def test_the_rule_bites(rule: Rule, _folders: tuple[str, ...], module: str, planted: str) -> None:
    assert rule(module, planted) != set()


@pytest.mark.parametrize(
    "planted", ["import services.ratings.disclosure", "from cli.calls import Service", "from ..say import out"]
)
def test_the_auditor_may_not_take_even_the_tools_of_the_command_line(planted: str) -> None:
    assert the_auditor_knows_nothing_of_the_publisher("cli.disclosure.rows", planted) != set()


def test_every_service_has_the_same_doors() -> None:
    for service in SERVICES:
        names = {module_of(path).removeprefix(f"services.{service}.") for path in sources_under(f"services/{service}")}
        assert {"app", "settings", "__main__"} <= names
