"""`python -m surveysim` is the command `surveysim`."""

from .cli import main

main()
