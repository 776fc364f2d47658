"""What one case came to: findings, comparisons, whether it was answered."""

import re

from .session import HEAD


class Report:
    """Collects what a case's checks say."""

    def __init__(self):
        self.findings, self.counts, self.refusals, self.reached = [], {}, [], False

    def answered(self):
        self.reached = True

    def refused(self, message):
        self.refusals.append(message)

    def count(self, check, comparisons):
        self.counts[check] = self.counts.get(check, 0) + comparisons

    def finding(self, check, message, first, second=None, values=None, kind=None):
        """A difference; `kind` tells it from others where its message without numbers does not."""
        text = script(check, message, first, second, values)
        self.findings.append({"check": check, "message": message, "script": text, "kind": kind or skeleton(message)})


def skeleton(message):
    """A message without its numbers and names, for telling findings apart."""
    return re.sub(r"[-+]?\d[\d.,e+-]*|'[^']*'|\([^)]*\)", "#", message)[:160]


def script(check, message, first, second, values):
    """Source that shows the finding alone."""
    parts = [f'"""{check}: {message}"""\n'.replace("\\", "/"), HEAD]
    for name, session in (("first", first), ("second", second)):
        if session is not None and not (name == "second" and session is first):
            parts += [
                session.text(name).rstrip() + "\n    return e if 'e' in locals() else s.weight\n",
                f"\nprint({name}())\n",
            ]
    if values is not None:
        parts.append(f"\nprint('got and wanted:', {plain(values)!r})\n")
    return "\n".join(parts)


def plain(values):
    """Numbers as Python's own."""
    return [plain(v) if isinstance(v, list) else v if v is None else float(v) for v in values]
