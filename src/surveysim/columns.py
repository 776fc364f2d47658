"""The labels of categorical columns: attributes of people are small integers in kernels and labelled categories in tables."""

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
EDUCATION_4_FIRST = ("no_schooling", "junior_secondary", "senior_secondary", "junior_college")  # of EDUCATION
AGES_FIRST = (6, 10, 20, 30, 40, 50, 60, 70)  # first year of each; they nest in the bands the report prints
AGES = ("6-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+")
SECTOR = ("other", "farming", "manufacturing")
DISPOSITIONS = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")  # AAPOR Standard Definitions (2023), in their order
FRAMES = ("landline", "mobile")
BY_FRAME = ("nonresponse_weight", "multiplicity_weight")  # weights of persons by each frame alone: the first there is
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
