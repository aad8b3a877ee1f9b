"""Strictness that every service shares: a parameter is given once, or the request is refused."""

from fastapi import Request

from shared.kit.problems import RepeatedParameter


def once_each(request: Request) -> None:
    """Raises RepeatedParameter: which of two values was meant is not for us to say."""
    names = [name for name, _ in request.query_params.multi_items()]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise RepeatedParameter("Give each parameter once.", errors=[{"parameter": name} for name in repeated])


async def each_once(request: Request) -> None:
    """The same without a thread, for answers that must not wait for one."""
    once_each(request)
