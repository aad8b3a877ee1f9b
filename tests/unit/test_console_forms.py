"""Multipart bodies as browsers send them, and everything else that calls itself so."""

import pytest

from shared.kit.console.multipart import parts_of
from shared.kit.problems import ValueNotAllowed

B = "----WebKitFormBoundaryAbC123"


def body(*parts: tuple[str, bytes], end: str = "--\r\n") -> bytes:
    return (
        b"".join(f"--{B}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
        + f"--{B}{end}".encode()
    )


FIELD = 'Content-Disposition: form-data; name="kind"'
FILE = 'Content-Disposition: form-data; name="file"; filename="a b.csv"\r\nContent-Type: text/csv'
PARAMETERS = f" boundary={B}"


def test_fields_and_files_are_told_apart_byte_for_byte() -> None:
    content = b"\r\n--" + B[:-1].encode() + b"\r\n\x00\xff\r\n\r\n"
    sent = body((FIELD, "rätürns".encode()), (FILE, content), (FIELD, b""))
    assert parts_of(sent, PARAMETERS) == ([("kind", "rätürns".encode()), ("kind", b"")], {"file": content})


def test_a_file_that_was_not_chosen_is_left_out() -> None:
    empty = 'Content-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream'
    assert parts_of(body((empty, b"")), PARAMETERS) == ([], {})


def test_a_form_without_parts_is_empty() -> None:
    assert parts_of(f"--{B}--\r\n".encode(), PARAMETERS) == ([], {})


@pytest.mark.parametrize(
    ("sent", "parameters"),
    [
        (b"", PARAMETERS),
        (b"preamble\r\n" + body((FIELD, b"x")), PARAMETERS),
        (body((FIELD, b"x")) + b"epilogue", PARAMETERS),
        (body((FIELD, b"x"), end=""), PARAMETERS),
        (body((FIELD, b"x"))[:-3], PARAMETERS),
        (body((FIELD, b"x")), " boundary=another"),
        (body((FIELD, b"x")), ""),
        (body((FIELD, b"x")), " charset=utf-8; boundary=" + B),
        (body((FIELD, b"x")), f' boundary="{B}'),
        (body((FIELD, b"x")), " boundary=" + "a" * 71),
        (body(("Content-Disposition: attachment; name=\"kind\"", b"x")), PARAMETERS),
        (body(("Content-Disposition: form-data", b"x")), PARAMETERS),
        (body(("Content-Type: text/plain", b"x")), PARAMETERS),
        (body((FIELD + "\r\nContent-Transfer-Encoding: base64", b"x")), PARAMETERS),
        (body((FIELD + "\r\n" + FIELD, b"x")), PARAMETERS),
        (body((FIELD + "\r\nno colon", b"x")), PARAMETERS),
        (body(("X: " + "a" * 3000 + "\r\n" + FIELD, b"x")), PARAMETERS),
        (body((FILE, b"x"), (FILE, b"y")), PARAMETERS),
        (body(*[(FIELD, b"x")] * 201), PARAMETERS),
        (body((FIELD, b"x")).replace(b"kind", b"\xff\xfe"), PARAMETERS),
        (body((FIELD, b"x")).replace(b"\r\n", b"\n"), PARAMETERS),
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused(sent: bytes, parameters: str) -> None:
    with pytest.raises(ValueNotAllowed):
        parts_of(sent, parameters)
