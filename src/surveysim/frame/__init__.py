"""Sampling frames: the numbers that can be dialled, and what each one reaches."""

from .telephone import TelephoneFrame as TelephoneFrame
