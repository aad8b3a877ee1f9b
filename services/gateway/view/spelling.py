"""Words as they are searched for."""

import unicodedata


def folded(name: str) -> str:
    """A name without case and accents."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def squeezed(code: str) -> str:
    """A code or a postcode without case and spaces."""
    return "".join(code.split()).upper()


def district(postcode: str) -> str:
    """The outward half of a whole postcode: `PO30` of `PO30 5TG`; empty of anything shorter than one."""
    found = squeezed(postcode)
    return found[:-3] if len(found) > 3 + 1 else ""
