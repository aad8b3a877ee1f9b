"""What a cell looks like that tells who a patient is. Pure: text in, the kind of what was found out, never the value.

Shapes are looked for, not people: a number of an NHS number's form whose check digit is right, a full postcode of an
area that exists, a day, a title before a name, an e-mail address, a telephone number of this country. What is looked
for fast may be more than what is then found. A name without a title has no shape: nothing here finds it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Final, Literal, get_args

import polars as pl

from services.ingest.days import SHORT

Personal = Literal["nhs-number", "postcode", "date-of-birth", "name", "e-mail", "telephone"]
EVERY: Final[tuple[Personal, ...]] = get_args(Personal)
PHRASES: Final[dict[Personal, str]] = {
    "nhs-number": "what looks like an NHS number",
    "postcode": "what looks like a full postcode",
    "date-of-birth": "what looks like a date of birth",
    "name": "what looks like the name of a person",
    "e-mail": "what looks like an e-mail address",
    "telephone": "what looks like a telephone number",
}
NOBODY: Final = (
    "text that tells of nobody: no NHS number, full postcode, date of birth, name, e-mail address or telephone"
)

GAP: Final = r"(?: ?[.\-\u2010-\u2015] ?|[ \u00a0]{1,3})"
TEN: Final = "|".join(
    GAP.join(f"[0-9]{{{digits}}}" for digits in group) for group in ((10,), (3, 3, 4), (4, 3, 3), (3, 3, 2, 2))
)
NUMBERS: Final = re.compile(rf"(?<![0-9])(?<![0-9][.,])(?=({TEN})(?![0-9]))")
WHOLE_NUMBER: Final = re.compile(TEN)
LONG_TOKEN: Final = 16
"""Letters and digits in one piece: longer ones are keys and hashes, in which ten digits may stand by chance."""
AREAS: Final = (
    "AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX "
    "FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN "
    "NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB "
    "W WA WC WD WF WN WR WS WV YO ZE"
)
INWARD: Final = r"[ \u00a0]{0,3}[0-9][ABD-HJLNP-UW-Z]{2}"
POSTCODE: Final = re.compile(
    rf"(?<![0-9A-Z])(?:(?:{'|'.join(AREAS.split())})[0-9][0-9A-Z]?{INWARD}|GIR ?0AA)(?![0-9A-Z])", re.IGNORECASE
)
MONTH: Final = "(?:" + "|".join(SHORT) + ")[a-z]*"
BEFORE, BEHIND = r"(?<![0-9])", r"(?![0-9])"
DAY_FIRST: Final = re.compile(rf"{BEFORE}([0-9]{{1,2}})[/.\-]([0-9]{{1,2}})[/.\-]([0-9]{{4}}|[0-9]{{2}}){BEHIND}")
YEAR_FIRST: Final = re.compile(rf"{BEFORE}([0-9]{{4}})[/.\-]([0-9]{{1,2}})[/.\-]([0-9]{{1,2}}){BEHIND}")
COMPACT: Final = re.compile(r"^([0-9]{4})([0-9]{2})([0-9]{2})$")
IN_WORDS: Final = re.compile(
    rf"{BEFORE}([0-9]{{1,2}})(?:st|nd|rd|th)?[ \-]?({MONTH})[ ,\-]{{0,2}}([0-9]{{4}}|[0-9]{{2}}){BEHIND}", re.IGNORECASE
)
MONTH_FIRST: Final = re.compile(
    rf"\b({MONTH})[ \-]([0-9]{{1,2}})(?:st|nd|rd|th)?[ ,\-]{{1,2}}([0-9]{{4}}){BEHIND}", re.IGNORECASE
)
FIRST_YEAR, LAST_YEAR = 1880, 2099
TITLES: Final = r"\b(?:Mr|Mrs|Ms|Miss|Mx|Master|Mstr|MR|MRS|MISS)\b\.?"
NAME: Final = r"[ \u00a0]+[A-Z][A-Za-z'’.\-]*"
TITLED: Final = re.compile(TITLES + NAME)
LISTED: Final = re.compile(
    rf"^[A-Z][A-Z'’\-]+(?: [A-Z][A-Z'’\-]+)?, ?(?:{TITLES} +)?[A-Z][a-z'’]+(?:[ \-][A-Z][a-z'’]*\.?)*$"
)
E_MAIL: Final = re.compile(r"\w@(?:[A-Za-z0-9\-]{1,63}\.)+[A-Za-z]{2,}")
APART: Final = r"[ .()\-\u00a0]{0,3}"
TELEPHONE: Final = re.compile(
    rf"(?<![0-9A-Za-z+])(?<![0-9][.,\-])(?:(?:\+|00) ?44{APART}(?:0{APART})?[1-35789](?:{APART}[0-9]){{8,9}}"
    rf"|0(?!\.[0-9]){APART}7(?:{APART}[0-9]){{9}}"
    rf"|\(?0[1-3589][0-9]{{1,4}}(?:\)|[ .\-\u00a0]){APART}(?:[0-9]{APART}){{4,7}}[0-9])"
    r"(?![0-9A-Za-z])"
)
"""Of this country; ten or eleven digits. In one piece it is only one where it is a mobile's, or has the country before
it: codes have leading zeros too, and a share of ten decimals begins with 0.7."""
DIGITS_OF_TELEPHONE: Final = (10, 11)
CALLED: Final[dict[Personal, re.Pattern[str]]] = {
    "nhs-number": re.compile(r"nhs[ _.\-]?(?:number|num\b|no\b)", re.IGNORECASE),
    "date-of-birth": re.compile(r"birth|dob", re.IGNORECASE),
    "name": re.compile(
        r"(?:sur|fore|first|last|family|given|patient|middle|maiden|christian)[ _.\-]?names?|"
        r"name[ _.\-]of[ _.\-]patient|patients?['’]?s?[ _.\-]name",
        re.IGNORECASE,
    ),
}
SUSPECT: Final[dict[Personal, str]] = {
    "nhs-number": TEN,
    "postcode": rf"[A-Za-z][0-9][0-9A-Za-z]?(?i:{INWARD})|(?i:GIR ?0AA)",
    "date-of-birth": (
        r"[0-9]{1,4}[/.\-][0-9]{1,2}[/.\-][0-9]{2}|^[12][0-9]{7}$|"
        rf"(?i:[0-9](?:st|nd|rd|th)?[ \-]?{MONTH}[ ,\-]{{0,2}}[0-9]{{2}}|{MONTH}[ \-][0-9])"
    ),
    "name": r"M(?:rs?|s|iss|x|aster|str|R|RS|ISS)\.?[ \u00a0]+[A-Z]|^[A-Z][A-Z'’\- ]+, ?[A-Z]",
    "e-mail": "@",
    "telephone": r"(?:\+|00) ?44|0[ .()\-\u00a0]{0,4}[1-35789](?:[ .()\-\u00a0]{0,4}[0-9]){8}",
}
"""What may be one, in the words of polars' regular expressions: everything that is one, and more."""
SHORTEST: Final[dict[Personal, int]] = {
    "nhs-number": 10, "postcode": 5, "date-of-birth": 6, "name": 4, "e-mail": 6, "telephone": 10,
}  # fmt: skip
"""Characters of the shortest one."""
WHATEVER: Final[dict[Personal, str]] = {
    "nhs-number": ".", "postcode": ".", "date-of-birth": "[0-9]{4}", "name": ".", "e-mail": ".", "telephone": ".",
}  # fmt: skip
"""What is one in a column that is called so."""


def kind_of(text: str, kinds: Sequence[Personal] = EVERY) -> Personal | None:
    """The first of `kinds` that `text` seems to hold."""
    return next((kind for kind in kinds if FINDERS[kind](text)), None)


def of_column(header: str) -> Personal | None:
    """What every value of a column called so would be."""
    return next((kind for kind, words in CALLED.items() if words.search(header)), None)


def in_header(names: Iterable[str]) -> list[str]:
    """The names of columns that hold who a patient is, if they hold what they are called."""
    return [name for name in names if of_column(name) is not None]


def kinds_in(texts: pl.Series, kinds: Sequence[Personal], header: str = "") -> pl.Series:
    """The kind (text) of what each of `texts`, shape (n,), seems to hold, in a column called `header`; null where it is
    nothing, or where there is no text."""
    named = of_column(header)
    longest = texts.str.len_bytes().max()
    asked, kinds = kinds, [kind for kind in kinds if isinstance(longest, int) and longest >= SHORTEST[kind]]
    found: Callable[[str], Personal | None]
    suspect, found = "|".join(SUSPECT[kind] for kind in kinds), partial(kind_of, kinds=kinds)
    if named is not None and named in asked:
        suspect, found = WHATEVER[named], lambda _text: named
    told: dict[str, Personal] = {}
    if suspect and (suspected := texts.str.contains(suspect).fill_null(False)).any():
        told = {text: kind for text in texts.filter(suspected).unique() if (kind := found(text)) is not None}
    return texts.replace_strict(list(told), list(told.values()), default=None, return_dtype=pl.String)


def without(shown: str, text: str) -> str:
    """`shown` of `text`; where that seems to tell who somebody is, what kind of thing it holds instead."""
    kind = kind_of(text)
    return shown if kind is None else PHRASES[kind]


def in_one_spelling(text: str) -> str:
    """Of an NHS number, and nothing else in `text`, its ten digits; any other text as it is."""
    whole = WHOLE_NUMBER.fullmatch(text)
    return "".join(mark for mark in text if mark.isdigit()) if whole and _checked(text) else text


def _nhs_number(text: str) -> bool:
    return any(_checked(found[1]) and not _in_long_token(text, found.start()) for found in NUMBERS.finditer(text))


def _checked(written: str) -> bool:
    """Whether ten digits have the check digit of an NHS number; ten times the same digit is nobody's."""
    digits = [int(mark) for mark in written if mark.isdigit()]
    total = sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits, strict=False))
    return len(set(digits)) > 1 and (11 - total % 11) % 11 == digits[9]


def _in_long_token(text: str, at: int) -> bool:
    before = len(text[:at]) - len(text[:at].rstrip(ALPHANUMERIC))
    behind = len(text[at:]) - len(text[at:].lstrip(ALPHANUMERIC))
    return before + behind > LONG_TOKEN


def _postcode(text: str) -> bool:
    return POSTCODE.search(text) is not None


def _day(text: str) -> bool:
    return any(_is_day(*parts) for parts in _days_in(text))


def _days_in(text: str) -> Iterable[tuple[str, str, str]]:
    """Year, month and day of everything written like a day."""
    for found in (*DAY_FIRST.finditer(text), *IN_WORDS.finditer(text)):
        yield found[3], found[2], found[1]
        yield found[3], found[1], found[2]  # as Americans write it
    for found in MONTH_FIRST.finditer(text):
        yield found[3], found[1], found[2]
    for found in (*YEAR_FIRST.finditer(text), *COMPACT.finditer(text)):
        yield found[1], found[2], found[3]


def _is_day(year: str, month: str, day: str) -> bool:
    numbered = SHORT.get(month[:3].lower(), month)
    try:
        found = date(int(year) + (1900 if len(year) <= 2 else 0), int(numbered), int(day))
    except ValueError:
        return False
    return FIRST_YEAR <= found.year <= LAST_YEAR


def _name(text: str) -> bool:
    return TITLED.search(text) is not None or LISTED.search(text) is not None


def _e_mail(text: str) -> bool:
    return E_MAIL.search(text) is not None


def _telephone(text: str) -> bool:
    return any(_digits_at_home(found[0]) in DIGITS_OF_TELEPHONE for found in TELEPHONE.finditer(text))


def _digits_at_home(written: str) -> int:
    """Digits of a telephone number, as it is dialled within the country."""
    digits = "".join(mark for mark in written if mark.isdigit())
    country = 2 if written.startswith("+") else 4 if digits.startswith("00") else 0
    return len(digits) if not country else 1 + len(digits[country:].removeprefix("0"))


ALPHANUMERIC: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
FINDERS: Final[dict[Personal, Callable[[str], bool]]] = {
    "nhs-number": _nhs_number, "postcode": _postcode, "date-of-birth": _day, "name": _name, "e-mail": _e_mail,
    "telephone": _telephone,
}  # fmt: skip
