"""One dual-frame survey of a population of 14 million (1:100), its weights, its estimates against the truth.

Run: python examples/one_survey.py (about 10 s; scale=1.0 is everybody and takes no longer to interview)
"""

# %%
import surveysim as ss

# %%
spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01})
run = spec.run(seed=7, record=False)

print(f"{len(run.interviews):,} interviews; {run.case_file.dialled.sum():,} numbers dialled")
print("Kish deff by step:", run.weights.summary())
print("RR3:", run.response_rates().loc["RR3"].round(3).to_dict())
table = run.comparison().set_index("indicator_id")
for name in (
    "internet_penetration",
    "internet_penetration_60plus",
    "app_ride_hailing_rate",
    "genai_users_rate_population",
):
    row = table.loc[name]
    print(
        f"{name:28} published {row.published:5.1f}  population {row.parameter:6.2f}  "
        f"estimate {row.estimate:6.2f} ± {row.moe:.2f}  deff {row.deff:.2f}"
    )
by = run.survey.proportion("app_online_office", by="education").to_frame()
print(by[["domain", "estimate", "se", "lower", "upper"]].round(4).to_string(index=False))
