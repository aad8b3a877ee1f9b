"""Entity tags that are numbers: which state of a record the caller saw."""

import re
from typing import Annotated, Final

from fastapi import Header

from shared.kit.problems import ValueNotAllowed

_ETAG: Final = re.compile(r'"([0-9]{1,18})"')


def if_match(value: Annotated[str | None, Header(alias="If-Match")] = None) -> int | None:
    """The number of a strong entity tag. Raises ValueNotAllowed for anything else, `*` included: it saw nothing."""
    if value is None:
        return None
    found = _ETAG.fullmatch(value.strip())
    if found is None:
        raise ValueNotAllowed("Send the ETag of the record as it was given.", errors=[{"parameter": "If-Match"}])
    return int(found[1])


def etag(number: int) -> dict[str, str]:
    return {"ETag": f'"{number}"'}
