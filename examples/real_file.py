"""Weighting a file from SPSS or CSV, without writing Python: what the weights are worth.

A survey's interviews are written as an SPSS file with value labels and user-missing codes, and as a CSV file with codes, as a fieldwork
agency would deliver them. The command line rakes both to published margins; estimates are compared with the exact population values.

Run: python examples/real_file.py (about 8 s); --full for the result in docs/explanation/stories (about 15 s)
"""

# %% The file that is delivered: 22,047 interviews (3,000 at the small size), one in fifty without an answer on schooling
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from click.testing import CliRunner

import surveysim as ss
from surveysim import files
from surveysim.cli import main

FULL = "--full" in sys.argv
folder = Path(tempfile.mkdtemp())
small = {} if FULL else {"interviews": 3000, "minimum_per_province": 0, "minimum_per_unit": 2}
spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 1.0 if FULL else 0.01}, sample=small)
run = spec.run(seed=7, record=False)
people = run.interviews
LABELS = {
    name: {float(k + 1): level for k, level in enumerate(people[name].cat.categories)}
    for name in ("sex", "age_group", "education", "urban")
}
delivered = pd.DataFrame({name: people[name].cat.codes + 1.0 for name in LABELS})
lost = np.arange(len(people)) % 50 == 0
delivered["education"] = np.where(lost, 99.0, delivered["education"])  # 99: refused
delivered["stratum"], delivered["psu"] = people["stratum"].to_numpy(float), people["psu"].to_numpy(float)
delivered["design"] = people["composite_weight"].to_numpy()
delivered["internet"] = people["internet"].to_numpy(float)
delivered["ride"] = people["app_ride_hailing"].fillna(False).to_numpy(float)
LABELS["education"][99.0] = "refused"
sav = folder / "interviews.sav"
pyreadstat.write_sav(delivered, str(sav), variable_value_labels=LABELS, missing_ranges={"education": [99.0]})

# %% The margins that are published: people aged 6+ with a telephone, in percent, by label for SPSS and by code for CSV
known = run.weights.calibration.margins.groupby(["margin", "level"], sort=False)["target"].sum()
margins = known.rename("total").reset_index().rename(columns={"margin": "variable"})
margins["percent"] = (100 * margins["total"] / margins.groupby("variable")["total"].transform("sum")).round(2)
code = {(name, label): f"{k:g}" for name, known in LABELS.items() for k, label in known.items()}
for name, levels in (
    ("labels.csv", margins["level"]),
    ("codes.csv", [code[pair] for pair in zip(margins["variable"], margins["level"], strict=True)]),
):
    table = margins.assign(level=levels)[["variable", "level", "percent"]]
    last = table.groupby("variable")["percent"].transform("sum").round(6) - 100
    table.loc[table.duplicated("variable", keep="last").eq(False), "percent"] -= last  # rounding goes to the last level
    table.to_csv(folder / name, index=False)


# %% The commands
def surveysim(*arguments):
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    print("$ surveysim", *(str(a).replace(f"{folder}/", "") for a in arguments))
    print((done.stdout or done.stderr).replace(f"{folder}/", "").split("\n\nLargest")[0].rstrip(), "\n")
    return done


options = ["--weight", "design", "--population", f"{run.weights.final.sum():.0f}"]
surveysim("weights", "rake", sav, "--margins", folder / "labels.csv", *options, "-o", folder / "refused.sav")
rake = [*options, "--missing", "level", "-o"]
surveysim("weights", "rake", sav, "--margins", folder / "labels.csv", *rake, folder / "weighted.sav")
files.read(sav).write(folder / "interviews.csv", {})
surveysim(
    "weights", "rake", folder / "interviews.csv", "--margins", folder / "codes.csv", *rake, folder / "weighted.csv"
)
how = [
    "--weight",
    "design",
    "--rake",
    folder / "labels.csv",
    "--missing",
    "level",
    "--strata",
    "stratum",
    "--psu",
    "psu",
]
surveysim("estimate", sav, *how, "--mean", "internet", "--ratio", "ride/internet", "-o", folder / "estimates.csv")

# %% Against the truth, and against the weights that were delivered
found = pd.read_csv(folder / "estimates.csv").set_index("variable")[["estimate", "moe"]] * 100
w, online, ride = (delivered[name] for name in ("design", "internet", "ride"))
plain = {"internet": (w * online).sum() / w.sum(), "ride/internet": (w * ride).sum() / (w * online).sum()}
covered = run.weights.final.sum() / run.preparation.pop.size  # people aged 6+ with a telephone, of all residents
truth = run.comparison().set_index("indicator_id")["parameter"]
exact = {"internet": truth["internet_penetration"] / covered, "ride/internet": truth["app_ride_hailing_rate"]}
for name, row in found.iterrows():
    print(
        f"{name:14} truth {exact[name]:.2f} %, delivered weights {100 * plain[name]:.2f}, raked {row.estimate:.2f} ± {row.moe:.2f}"
    )
spss, text = (files.read(folder / f"weighted.{kind}") for kind in ("sav", "csv"))
same = np.allclose(spss.numbers("raked_weight"), text.numbers("raked_weight"), rtol=1e-9)
print("SPSS and CSV have the same weights:", same)
print("labels in the SPSS file that was written:", spss.levels["education"])
