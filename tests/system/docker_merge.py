"""Several compose files as docker compose reads them together: later ones over earlier ones, `extends` put in first."""

from pathlib import Path
from typing import Any, Final

import yaml

BY_TARGET: Final = "volumes"  # of a service: one mount for each path in the container


def merged(files: list[Path]) -> dict[str, Any]:
    """One document. Raises KeyError where `extends` names a service that is not there."""
    document: dict[str, Any] = {}
    for file in files:
        text = yaml.safe_load(file.read_text())
        document = _over(document, {**text, "services": {}})
        for name, service in text.get("services", {}).items():
            extends = service.pop("extends", None)
            base = document["services"][extends["service"]] if extends else {}
            known = document.setdefault("services", {}).get(name, {})
            document["services"][name] = _service_over(_service_over(known, base), service)
    return document


def _service_over(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    found = _over(base, {key: value for key, value in over.items() if key != BY_TARGET})
    mounts = {one.split(":")[1]: one for one in (*base.get(BY_TARGET, []), *over.get(BY_TARGET, []))}
    return {**found, **({BY_TARGET: list(mounts.values())} if mounts else {})}


def _over(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged, everything else is replaced."""
    found = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _over(found[key], value) if both else value
    return found
