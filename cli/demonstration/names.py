"""Invented names of places and people. Each ends in "(synthetic)", so a copied table still says what it is."""

from typing import Final

import numpy as np

LABEL: Final = "(synthetic)"
REGIONS = (
    "Northmarch",
    "Eastwyn",
    "Westering",
    "Saltreach",
    "Highcairn",
    "Midvael",
    "Greymoor",
    "Southerley",
    "Amberweald",
)
# fmt: off
_PLACE_STARTS = (
    "Aldren", "Bramwen", "Corven", "Dorrel", "Ember", "Fennick", "Garrow", "Hollen",
    "Istle", "Jessom", "Kestle", "Lorrim", "Morrin", "Nethel", "Ondry", "Pellam",
    "Quill", "Rusken", "Sorrel", "Tansel", "Umber", "Vesper", "Wrenna", "Yarrel",
)
_PLACE_ENDS = ("brook", "mere", "holt", "combe", "wick", "stead", "fell", "march", "haven", "dale", "worth", "garth")
_HOSPITAL_KINDS = ("General Hospital", "District Hospital", "Infirmary", "Memorial Hospital", "University Hospital")
_ONSETS = (
    "Bra", "Cre", "Dru", "Elo", "Fao", "Gwi", "Hae", "Iva", "Jor", "Kel", "Lun", "Mae",
    "Nyr", "Oro", "Pry", "Quo", "Rhu", "Sae", "Tho", "Ulva", "Ver", "Wyn", "Yel", "Zar",
)
_MIDDLES = ("ba", "del", "fin", "go", "lis", "mar", "nel", "pra", "ri", "sto", "tha", "vo")
_CODAS = (
    "brand", "cott", "dine", "fex", "gorn", "hask", "kett", "ling",
    "mund", "nault", "pell", "quist", "rusk", "storm", "thal", "wend",
)
# fmt: on
PLACES = tuple(start + end for start in _PLACE_STARTS for end in _PLACE_ENDS)
SURNAMES = tuple(onset + middle + coda for onset in _ONSETS for middle in _MIDDLES for coda in _CODAS)
_INITIALS = "ABCDEFGHIJKLMNOPRSTVWYZ"


def hospital_names(rng: np.random.Generator, how_many: int) -> list[str]:
    """Names of hospitals, each of a different invented place: "Aldrenbrook General Hospital (synthetic)"."""
    places = rng.choice(len(PLACES), how_many, replace=False)
    kinds = rng.integers(len(_HOSPITAL_KINDS), size=how_many)
    return [f"{PLACES[place]} {_HOSPITAL_KINDS[kind]} {LABEL}" for place, kind in zip(places, kinds, strict=True)]


def region_names() -> list[str]:
    """The nine invented regions."""
    return [f"{region} {LABEL}" for region in REGIONS]


def consultant_names(rng: np.random.Generator, how_many: int) -> list[str]:
    """Names of consultants, no two alike: "K. Branelquist (synthetic)"."""
    drawn = rng.choice(len(SURNAMES) * len(_INITIALS), how_many, replace=False)
    initials, surnames = np.divmod(drawn, len(SURNAMES))
    return [f"{_INITIALS[i]}. {SURNAMES[s]} {LABEL}" for i, s in zip(initials, surnames, strict=True)]
