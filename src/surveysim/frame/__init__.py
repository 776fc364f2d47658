"""Sampling frames: the numbers that can be dialled, and what each one reaches."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
