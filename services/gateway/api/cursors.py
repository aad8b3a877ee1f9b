"""Opaque signed cursors: release, hash of the query, and sort key of the last row shown. No consent revision."""

import hashlib
from typing import Final

import orjson
from itsdangerous import BadData, URLSafeSerializer

from services.gateway.api.problems import CursorNotValid
from services.gateway.view.selection import Key

MOST_LENGTH: Final = 2000


def query_hash(parts: object) -> str:
    """A short hash of anything that JSON can say; the order of its parts matters."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:24]


class Cursors:
    """`secret` signs; `earlier` ones, which are being replaced, are still believed."""

    def __init__(self, secret: bytes, *earlier: bytes) -> None:
        keys = [*earlier, secret]  # the last one signs
        self.signer = URLSafeSerializer(keys, salt="cursor", signer_kwargs={"digest_method": hashlib.sha256})

    def write(self, release: str, query: str, key: Key) -> str:
        return str(self.signer.dumps([release, query, list(key)]))

    def read(self, text: str, release: str, query: str) -> Key:
        """The key to go on after. Raises CursorNotValid: altered, or made for another release or query."""
        if len(text) > MOST_LENGTH:
            raise CursorNotValid
        try:
            found = self.signer.loads(text)
        except BadData:
            raise CursorNotValid from None
        if found[:2] != [release, query]:
            raise CursorNotValid
        return tuple(found[2])
