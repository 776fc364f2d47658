"""Results that others printed, made again by the library's public means. Each has a folder: `printed.toml` says what was printed, where,
and what counts as agreement; `run` in its `__init__.py` makes our numbers and does not see those."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
