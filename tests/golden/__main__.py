"""`PYTHONPATH=src:tests python -m golden`: write the digests of numbers that were raised, and of works that are new.

With `--out FOLDER` the works themselves are written there, with the demo and a study's page, so that two states of the code can be compared
byte for byte: `diff -r`.
"""

import argparse
from pathlib import Path

from . import digests, works


def main():
    parser = argparse.ArgumentParser(prog="python -m golden", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="write the works to this folder instead")
    out = parser.parse_args().out
    if out is None:
        print(digests.renew())
        return
    for number, made in works.WORKS.items():
        (out / number).mkdir(parents=True, exist_ok=True)
        for name, make in made.items():
            (out / number / name).write_bytes(make())
    works.pages(out)


if __name__ == "__main__":
    main()
