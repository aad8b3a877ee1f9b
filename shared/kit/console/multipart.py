"""`multipart/form-data` as browsers send it (RFC 7578), and no other: the body is in memory already, and short of that
there is little to parse. What a file was called is not read: nothing depends on it, and it may name somebody."""

import re
from typing import Final

from shared.kit.problems import ValueNotAllowed

BOUNDARY: Final = re.compile(r"""\s*boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{1,70})"|([0-9A-Za-z'+_./-]{1,70}))\s*""")
DISPOSITION: Final = re.compile(rb'form-data; name="([^"\r\n]{1,80})"(; filename="[^"\r\n]{0,400}")?')
MOST_PARTS: Final = 200
MOST_HEAD: Final = 2_000


def parts_of(body: bytes, parameters: str) -> tuple[list[tuple[str, bytes]], dict[str, bytes]]:
    """Fields in order, and files by name. `parameters` are those of the Content-Type. A file that was not chosen is
    left out. Raises ValueNotAllowed for anything a browser does not send."""
    found = BOUNDARY.fullmatch(parameters)
    if found is None:
        raise _unreadable()
    mark = b"\r\n--" + (found[1] or found[2]).encode("ascii")
    pieces = (b"\r\n" + body).split(mark)
    if len(pieces) < 2 or pieces[0] or pieces[-1] not in {b"--", b"--\r\n"} or len(pieces) > MOST_PARTS:
        raise _unreadable()
    fields: list[tuple[str, bytes]] = []
    files: dict[str, bytes] = {}
    for piece in pieces[1:-1]:
        name, is_file, content = _part(piece)
        if not is_file:
            fields.append((name, content))
        elif name in files:
            raise _unreadable()
        elif content:
            files[name] = content
    return fields, files


def _part(piece: bytes) -> tuple[str, bool, bytes]:
    head, separator, content = piece.partition(b"\r\n\r\n")
    if not head.startswith(b"\r\n") or not separator or len(head) > MOST_HEAD:
        raise _unreadable()
    headers: dict[bytes, bytes] = {}
    for line in head[2:].split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or name.lower() in headers:
            raise _unreadable()
        headers[name.lower()] = value.strip()
    found = DISPOSITION.fullmatch(headers.get(b"content-disposition", b""))
    if found is None or not headers.keys() <= {b"content-disposition", b"content-type"}:
        raise _unreadable()
    try:
        return found[1].decode(), found[2] is not None, content
    except UnicodeDecodeError:
        raise _unreadable() from None


def _unreadable() -> ValueNotAllowed:
    return ValueNotAllowed("The form could not be read; nothing was changed.")
