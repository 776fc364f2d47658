"""Addresses and domain names counted from registries' files: the report's second method, on small files made for the purpose.

Run: python examples/registry_statistics.py
"""

# %%
import os
from pathlib import Path

import pandas as pd
from click.testing import CliRunner

from surveysim import registry
from surveysim.cli import main

os.chdir(Path(__file__).parent / "registry")
pd.set_option("display.unicode.east_asian_width", True)


def show(title, items):
    print(f"\n{title}: {len(items)}")
    for item in items:
        print(" ", item)


# %% Read a regional registry's file and a national list; lines that cannot be read are kept with their numbers.
delegated = registry.read_delegated("delegated-apnic-extended.txt")
allocations = registry.read_allocations("allocations.csv")
print(delegated.summary())
print(allocations.summary())
show("lines with problems", delegated.problems + allocations.problems)
show("what the file says of itself and is not so", delegated.discrepancies)

# %% Every address once: the smallest range that names a holder or province decides, and every conflict is listed.
count = registry.count_addresses(delegated, allocations)
print(f"\n{count.summary()}\n")
print(registry.labelled(count.by("province")).to_string(index=False))
print("Shanghai holds", count.tallies("province")["310000"].blocks, "of a /32 block")
show("conflicts", count.conflicts)

# %% What operators report against the registries.
holdings, unread = registry.read_operators("operators.csv")
show("operators' discrepancies", registry.compare_operators(count, holdings))

# %% Domain names: punycode, Chinese labels, the second level of .CN, unknown registrants.
names = registry.count_domains("domains.csv")
print(f"\n{names.summary()}\n")
print(registry.labelled(names.by("category")).to_string(index=False))
show("lines with problems", names.problems)

# %% The report's own layout, in either language.
for table, frame in registry.report_tables(count, names, lang="zh").items():
    print(f"\n{frame.attrs['title']} ({table})")
    print(frame.to_string(index=False))

# %% 20A+116B+62C both ways, and the report's tables re-made from their own rows.
print(
    "\n20A+116B+62C is", registry.from_notation("20A+116B+62C"), "addresses, and back", registry.to_notation(343162368)
)
print(len(registry.published_tables()), "published tables re-made")
show("where the report disagrees with itself", registry.discrepancies())

# %% The same by command.
for command in (
    "registry addresses delegated-apnic-extended.txt --list allocations.csv --operators operators.csv --country CN --by holder",
    "registry domains domains.csv --by province --lang zh",
):
    print(f"\n$ surveysim {command}")
    result = CliRunner().invoke(main, command.split())
    print(f"{result.output}exit code {result.exit_code}")
