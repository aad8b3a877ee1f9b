"""What a form has sent, read strictly: nothing unknown, nothing twice, nothing too long, nothing invisible."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from shared.kit.console.multipart import parts_of
from shared.kit.problems import TooLarge, TypeNotSupported, ValueNotAllowed

MOST_BYTES: Final = 64 * 2**10
MOST_FIELDS: Final = 200
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
LINES: Final = re.compile(r"\r\n?")
MISSING: Final = "Fill this in."


@dataclass(frozen=True)
class Form:
    """Every value of every field, in order, and the bytes of files. Line ends are LF; a browser sends CRLF."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def take(
        self, *required: str, optional: Sequence[str] = (), many: Sequence[str] = (), files: Sequence[str] = ()
    ) -> dict[str, str]:
        """The fields by name, each once, without white space around. One of `optional` that is empty is left out; those
        of `many` may come several times or not at all, and are read by `all`.

        Raises ValueNotAllowed for a field that is missing, unknown or repeated.
        """
        known = {*required, *optional}
        wrong = [_error(name, "This page has no such field.") for name in self.values if name not in {*known, *many}]
        wrong += [_error(name, "This page takes no such file.") for name in self.files if name not in files]
        wrong += [_error(name, "Give this once.") for name in known if len(self.values.get(name, ())) > 1]
        found = {name: self.values[name][0].strip() for name in known if self.values.get(name)}
        wrong += [_error(name, MISSING) for name in required if not found.get(name)]
        wrong += [_error(name, "Choose a file.") for name in files if not self.files.get(name)]
        if wrong:
            raise ValueNotAllowed("The form could not be taken as it is; nothing was changed.", errors=wrong)
        return {name: value for name, value in found.items() if value}

    def all(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    def without(self, name: str) -> tuple["Form", str]:
        """The form without this field, and its value: empty where there is none, or more than one."""
        given = self.values.get(name, ())
        rest = {other: values for other, values in self.values.items() if other != name}
        return Form(rest, self.files), given[0] if len(given) == 1 else ""


def _error(name: str, hint: str) -> dict[str, str]:
    return {"pointer": name if re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name) else "?", "hint": hint}


async def read_form(request: Request, upload: int = 0) -> Form:
    """The form that `request` has sent; with files of up to `upload` bytes where that is not 0. Raises TooLarge as soon
    as a cap is passed, TypeNotSupported, ValueNotAllowed."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind == URLENCODED:
        return _urlencoded(await _body(request, MOST_BYTES))
    if not kind and not await _body(request, 0):
        return Form()
    if kind == MULTIPART and upload:
        body = await _body(request, upload + MOST_BYTES)
        fields, files = parts_of(body, parameters)
        if any(len(content) > upload for content in files.values()):
            raise TooLarge(f"A file may have {upload // 2**20} MB; split it.")
        return Form(_gathered([(name, _text(value)) for name, value in fields]), files)
    raise TypeNotSupported("Send the form of this page as its page sends it.")


async def _body(request: Request, most: int) -> bytes:
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > most:
            raise TooLarge("What was sent is larger than this page takes.")
    return bytes(received)


def _urlencoded(body: bytes) -> Form:
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise ValueNotAllowed("The form could not be read; nothing was changed.") from None
    return Form(_gathered([(name, _printable(value)) for name, value in pairs]))


def _text(value: bytes) -> str:
    try:
        return _printable(value.decode())
    except UnicodeDecodeError:
        raise ValueNotAllowed("The form is not in UTF-8; nothing was changed.") from None


def _printable(value: str) -> str:
    """Raises ValueNotAllowed for characters that nobody sees: they change how others read what is kept."""
    text = LINES.sub("\n", value)
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and one not in "\n\t" for one in text):
        raise ValueNotAllowed("The form holds characters that cannot be seen; nothing was changed.")
    return text


def _gathered(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values
