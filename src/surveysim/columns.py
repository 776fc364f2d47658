"""Every column's name, type, unit and meaning, and the codes of the categorical ones.

Attributes of people are small integers in kernels and labelled categories in tables; this page holds the labels.
"""

from dataclasses import dataclass

AGE_STARTS = (0, 1, 5, 6, *range(10, 90, 5))  # first year of each of the 20 age groups of the joint table
AGE_GROUPS = ("0", "1-4", "5", "6-9", *(f"{a}-{a + 4}" for a in range(10, 85, 5)), "85+")
SEX = ("male", "female")
URBAN = ("rural", "urban")
EDUCATION = (
    "no_schooling",
    "preschool",
    "primary",
    "junior_secondary",
    "senior_secondary",
    "junior_college",
    "bachelor_plus",
)
EDUCATION_4 = ("primary_or_less", "junior_secondary", "senior_secondary", "college_plus")
AGE_5 = ("6-14", "15-29", "30-44", "45-59", "60+")  # the control totals' age groups
AGE_5_FIRST = (6, 15, 30, 45, 60)
SECTOR = ("other", "farming", "manufacturing")
DISPOSITIONS = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")  # AAPOR Standard Definitions (2023), in their order
FRAMES = ("landline", "mobile")
# Final disposition of a number: code and category of AAPOR Standard Definitions (2023), meaning
DISPOSITION_CODES = (
    ("1.1", "I", "complete interview"),
    ("1.2", "P", "partial interview"),
    ("2.11", "R", "refusal"),
    ("2.12", "R", "break-off"),
    ("2.21", "NC", "respondent never available"),
    ("2.22", "NC", "answering device of a known person or household"),
    ("2.32", "O", "physically or mentally unable"),
    ("2.33", "O", "language"),
    ("3.11", "UH", "not attempted"),
    ("3.12", "UH", "busy"),
    ("3.13", "UH", "no answer"),
    ("3.15", "UH", "blocked as spam"),
    ("3.21", "UO", "no screener completed"),
    ("4.20", "NE", "fax, data or machine line"),
    ("4.30", "NE", "not in service"),
    ("4.51", "NE", "business"),
    ("4.70", "NE", "nobody aged 6 or older"),
    ("4.80", "NE", "quota filled"),
)
CALL_RESULTS = (
    "no answer",
    "busy",
    "device",
    "blocked",
    "not in service",
    "machine",
    "business",
    "nobody eligible",
    "interview",
    "break-off",
    "unable",
    "hard refusal",
    "soft refusal",
    "appointment",
    "member away",
    "quota filled",
)
DAYPARTS = ("morning", "afternoon", "evening")

# Groups of people that estimands name: column, then the codes or the ages (first, last) that belong to them.
VARIABLES = {
    "male": ("sex", 0, 0),
    "female": ("sex", 1, 1),
    "rural": ("urban", 0, 0),
    "urban": ("urban", 1, 1),
    "age_6plus": ("age", 6, 999),
    "age_6_9": ("age", 6, 9),
    "age_6_19": ("age", 6, 19),
    "age_10_19": ("age", 10, 19),
    "age_20_29": ("age", 20, 29),
    "age_30_39": ("age", 30, 39),
    "age_40_49": ("age", 40, 49),
    "age_50plus": ("age", 50, 999),
    "age_60plus": ("age", 60, 999),
    "below_college": ("education", 0, 2),
    "college_plus": ("education", 3, 3),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column that tables of surveysim may have."""

    name: str
    dtype: str
    unit: str
    meaning: str


_ROWS = (
    ("person_id", "int64", "", "A person of the population; contiguous inside a frame unit"),
    ("household_id", "int64", "", "A household of the population; contiguous inside a frame unit"),
    ("province", "category", "adcode", "Province of residence"),
    ("prefecture", "category", "adcode", "Prefecture of residence"),
    ("unit", "category", "adcode", "Frame unit of the number (337; prefectures with the counties joined to them)"),
    ("urban", "category", "", "urban or rural residence"),
    ("sex", "category", "", "male or female"),
    ("age", "int16", "years", "Age at last birthday"),
    ("age_group", "category", "years", "6-14, 15-29, 30-44, 45-59, 60+"),
    ("education", "category", "", "primary_or_less, junior_secondary, senior_secondary, college_plus"),
    ("household_size", "int16", "persons", "Persons in the household"),
    ("n_mobile", "int8", "numbers", "Own working mobile numbers, 0 to 3"),
    ("n_lines", "int8", "lines", "Residential landlines of the household, 0 to 2"),
    ("n_eligible", "int8", "persons", "Household members aged 6 or older; asked on landlines only, 0 for mobiles"),
    ("internet", "bool", "", "Aged 6+ and used the internet in the past half year"),
    ("weekly_hours", "float64", "hours", "Hours online in a week; netizens only"),
    ("frame", "category", "", "landline or mobile: the frame the number was drawn from"),
    (
        "stratum",
        "int32",
        "",
        "Variance stratum: frame × frame unit of the number, collapsed before sampling if planned thin",
    ),
    ("psu", "int64", "", "Primary sampling unit: the number (mobile) or the household (landline)"),
    ("domain", "category", "", "a, b or ab: on the landline frame, on the mobile frame, on both"),
    ("number", "str", "digits", "The telephone number dialled"),
    ("attempts", "int8", "calls", "Call attempts made to the number"),
    ("disposition", "category", "", "Final AAPOR category: I, P, R, NC, O, UH, UO, NE"),
    ("code", "category", "", "Final AAPOR disposition code, such as 2.11; its category is the disposition"),
    (
        "reaches",
        "category",
        "",
        "Whom the number reaches in truth: person, household, dormitory, business, machine, nobody",
    ),
    ("interviewer", "int16", "", "Who made the interview or the call"),
    ("day", "int16", "days", "Day of the field, from 0 (level calls)"),
    ("unit_probability", "float64", "", "Inclusion probability of the number's frame unit, where units are selected"),
    ("probability_landline", "float64", "", "Expected times the respondent is drawn through the landline frame"),
    ("probability_mobile", "float64", "", "The same through the mobile frame"),
    ("design_weight", "float64", "numbers", "Numbers of the frame one interview stands for"),
    (
        "selection_weight",
        "float64",
        "numbers",
        "After division by the inclusion probability of the number's frame unit",
    ),
    ("multiplicity_weight", "float64", "persons", "After division by own mobiles, or × eligible members ÷ lines"),
    ("nonresponse_weight", "float64", "persons", "After adjustment for nonresponse, frame by frame"),
    ("composite_weight", "float64", "persons", "After the overlap is shared between the frames"),
    ("final_weight", "float64", "persons", "After raking to the control totals"),
)
COLUMNS = {row[0]: Column(*row) for row in _ROWS}
