"""Recompute the preset's exact parameter table that ships with the package (`python3 run.py parameters`).

Streams all 1.4 billion people, so it takes minutes. The table is used only on an exact match of its fingerprint; run this
after any change to the facts or of `editions.POPULATION`, and commit the file.
"""

import sys
import time

from surveysim.population import Population, parameters
from surveysim.survey import SurveySpec


def main():
    pop = Population.china(**SurveySpec.preset("cnnic-2024-12").population.model_dump())
    mark, path = parameters.shipped()
    if mark == pop.fingerprint and "--force" not in sys.argv:
        print(f"{path.name} is up to date ({mark}).")
        return
    start, done = time.time(), 0

    def progress(persons):
        nonlocal done
        done += persons
        print(f"\r{done / pop.size:7.1%} of {pop.size:,} persons, {time.time() - start:.0f} s", end="", file=sys.stderr)

    sums = parameters.by_zone(pop.sums(progress=progress), pop.people.area_zone)
    parameters.save(path, pop.fingerprint, sums)
    print(
        f"\n{path.name}: {path.stat().st_size / 1e6:.1f} MB, fingerprint {pop.fingerprint}, {time.time() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
