"""The ten specialties of 2013, with invented case mix and risk: plausible in size, estimated from nobody's data."""

from dataclasses import dataclass

AGE_BANDS = ("18-49", "50-59", "60-69", "70-79", "80+")
SEXES = ("female", "male")
URGENCIES = ("elective", "urgent", "emergency")
COMORBIDITIES = ("0", "1", "2", "3+", "missing")  # missing is a level of its own, never the reference
FACTORS = {"age_band": AGE_BANDS, "sex": SEXES, "urgency": URGENCIES, "comorbidity": COMORBIDITIES}


@dataclass(frozen=True)
class Specialty:
    """One specialty: how widespread and busy it is, whom it treats, and how risk depends on case mix.

    `reach` is the share of hospitals with a unit; `team` and `caseload` are consultants per unit and cases per
    consultant relative to the average specialty; `risk` is the mean probability of death within 30 days. The shares
    follow the order of the levels above (comorbidity without `missing`), the effects are log odds against the first
    level.
    """

    id: str
    reach: float
    team: float
    caseload: float
    risk: float
    male: float
    ages: tuple[float, float, float, float, float]
    urgencies: tuple[float, float, float]
    comorbidities: tuple[float, float, float, float]
    age_effects: tuple[float, float, float, float]
    male_effect: float
    urgency_effects: tuple[float, float]
    comorbidity_effects: tuple[float, float, float, float]

    def effects(self) -> dict[str, tuple[float, ...]]:
        """Log odds of each level of each factor, the reference level (0.0) included."""
        return {
            "age_band": (0.0, *self.age_effects),
            "sex": (0.0, self.male_effect),
            "urgency": (0.0, *self.urgency_effects),
            "comorbidity": (0.0, *self.comorbidity_effects),
        }


# fmt: off
_ALL = (
    Specialty(
        "adult-cardiac-surgery", 0.22, 1.6, 1.0, 0.025, 0.72,
        (0.10, 0.17, 0.29, 0.34, 0.10), (0.68, 0.26, 0.06), (0.30, 0.34, 0.22, 0.14),
        (0.15, 0.40, 0.80, 1.30), -0.25, (0.45, 1.50), (0.25, 0.55, 1.00, 0.45),
    ),
    Specialty(
        "bariatric-surgery", 0.38, 0.8, 0.9, 0.008, 0.28,
        (0.52, 0.26, 0.14, 0.06, 0.02), (0.86, 0.08, 0.06), (0.38, 0.34, 0.18, 0.10),
        (0.35, 0.75, 1.20, 1.60), 0.40, (0.60, 1.40), (0.30, 0.60, 0.95, 0.50),
    ),
    Specialty(
        "interventional-cardiology", 0.55, 1.1, 1.3, 0.022, 0.73,
        (0.11, 0.20, 0.28, 0.27, 0.14), (0.38, 0.36, 0.26), (0.36, 0.32, 0.20, 0.12),
        (0.25, 0.55, 1.00, 1.60), -0.15, (0.55, 1.70), (0.25, 0.50, 0.90, 0.60),
    ),
    Specialty(
        "orthopaedic-surgery", 0.90, 1.2, 1.3, 0.010, 0.42,
        (0.08, 0.16, 0.28, 0.31, 0.17), (0.74, 0.08, 0.18), (0.44, 0.31, 0.16, 0.09),
        (0.30, 0.70, 1.35, 2.10), 0.35, (0.60, 1.55), (0.40, 0.80, 1.30, 0.70),
    ),
    Specialty(
        "thyroid-surgery", 0.55, 0.8, 0.8, 0.006, 0.24,
        (0.40, 0.22, 0.19, 0.13, 0.06), (0.86, 0.10, 0.04), (0.52, 0.28, 0.13, 0.07),
        (0.25, 0.55, 0.95, 1.45), 0.30, (0.55, 1.20), (0.35, 0.70, 1.05, 0.60),
    ),
    Specialty(
        "upper-gi-surgery", 0.35, 0.9, 0.8, 0.035, 0.64,
        (0.16, 0.19, 0.28, 0.26, 0.11), (0.58, 0.20, 0.22), (0.36, 0.32, 0.20, 0.12),
        (0.30, 0.60, 1.00, 1.50), 0.10, (0.45, 1.25), (0.30, 0.60, 1.00, 0.50),
    ),
    Specialty(
        "urological-surgery", 0.60, 1.0, 1.1, 0.009, 0.76,
        (0.13, 0.18, 0.30, 0.28, 0.11), (0.72, 0.16, 0.12), (0.42, 0.31, 0.17, 0.10),
        (0.30, 0.65, 1.15, 1.75), 0.15, (0.60, 1.45), (0.35, 0.70, 1.15, 0.60),
    ),
    Specialty(
        "vascular-surgery", 0.45, 0.9, 0.9, 0.050, 0.73,
        (0.08, 0.14, 0.26, 0.35, 0.17), (0.52, 0.30, 0.18), (0.22, 0.33, 0.26, 0.19),
        (0.20, 0.45, 0.85, 1.35), -0.05, (0.50, 1.60), (0.25, 0.50, 0.85, 0.45),
    ),
    Specialty(
        "colorectal-surgery", 0.62, 1.1, 1.0, 0.032, 0.54,
        (0.14, 0.18, 0.26, 0.28, 0.14), (0.60, 0.15, 0.25), (0.38, 0.32, 0.19, 0.11),
        (0.35, 0.75, 1.25, 1.85), 0.10, (0.55, 1.50), (0.35, 0.70, 1.10, 0.60),
    ),
    Specialty(
        "head-and-neck-surgery", 0.31, 0.8, 0.8, 0.012, 0.62,
        (0.22, 0.24, 0.27, 0.19, 0.08), (0.70, 0.22, 0.08), (0.40, 0.32, 0.18, 0.10),
        (0.30, 0.60, 1.05, 1.55), 0.15, (0.45, 1.20), (0.35, 0.65, 1.05, 0.55),
    ),
)
# fmt: on
SPECIALTIES = {specialty.id: specialty for specialty in _ALL}
