"""A random attacker: samples of every shape, held against second implementations, repeated weightings, R and laws.

`python3 run.py attack` runs it; docs/explanation/attack.md says what it visits. A case is plain data made from (seed, case number): `cells`
says which cells there are, a family makes the case and checks it, a worker process runs it, and what fails is shrunk and
written as a script that runs alone.
"""
