"""The measures, groups, directions and weights of the CMS overall hospital star rating of April 2021."""

from services.ratings.methods.composites.star_rating import MeasureGroup, StarRecipe


def _each(pattern: str, endings: str) -> tuple[str, ...]:
    return tuple(pattern.format(ending) for ending in endings.split())


_MORTALITY = (*_each("MORT_30_{}", "AMI CABG COPD HF PN STK"), "PSI_04")
_SAFETY = ("COMP_HIP_KNEE", *_each("HAI_{}", "1 2 3 4 5 6"), "PSI_90")
_READMISSION = (
    *_each("READM_30_{}", "HOSP_WIDE HIP_KNEE COPD CABG"),
    *_each("EDAC_30_{}", "HF AMI PN"),
    *_each("OP_{}", "32 35_ADM 35_ED 36"),
)
_EXPERIENCE = _each("H_{}_STAR_RATING", "COMP_1 COMP_2 COMP_3 COMP_5 COMP_6 COMP_7 GLOB INDI")
_TIMELY = (*_each("OP_{}", "2 3B 8 10 13 18B 22 23 29 30 33"), "ED_2B", "IMM_3", "PC_01", "SEP_1")

CMS_APRIL_2021 = StarRecipe(
    groups=(
        MeasureGroup("mortality", _MORTALITY, 0.22, essential=True),
        MeasureGroup("safety", _SAFETY, 0.22, essential=True),
        MeasureGroup("readmission", _READMISSION, 0.22),
        MeasureGroup("experience", _EXPERIENCE, 0.22),
        MeasureGroup("timely", _TIMELY, 0.12),  # OP_2 falls out: 90 hospitals reported it, and 100 are not enough
    ),
    lower_is_better=frozenset(
        {*_MORTALITY, *_SAFETY, *_READMISSION, *_each("OP_{}", "3B 8 10 13 18B 22"), "ED_2B", "PC_01"}
    ),
)
