"""Parameters as readers want them: a name to an entry, what it is below it.

Docstrings name several parameters in a line, `n : interviews. level : confidence level.`, to be read in an editor. numpydoc
takes what follows a colon for a type and sets all of it in bold italics, so entries are divided before numpydoc sees them.
The types are in the signature, from the hints.
"""

import re

SECTION = re.compile(r"^(Parameters|Attributes|Other Parameters)$")
NAMES = r"\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*"
NEXT = re.compile(rf"(?<=[.)]) (?={NAMES} : )")
LIST = re.compile(
    r"<dl>\n((?:<dd>.*?</dd>\n)+)</dl>", re.S
)  # how a signature of several lines is written: terms are missing
ENTRY = re.compile(rf"^({NAMES}) : (.*)$", re.S)


def divided(lines):
    """The lines of a docstring with an entry for every parameter of its sections."""
    out, k = [], 0
    while k < len(lines):
        out.append(lines[k])
        if SECTION.match(lines[k]) and k + 1 < len(lines) and set(lines[k + 1]) == {"-"}:
            out.append(lines[k + 1])
            end = k + 2
            while end < len(lines) and not (end + 1 < len(lines) and lines[end + 1] and set(lines[end + 1]) == {"-"}):
                end += 1
            out += _entries(lines[k + 2 : end])
            k = end - 1
        k += 1
    return out


def _entries(lines):
    """Blocks that begin without indentation and go on indented, as entries of numpydoc."""
    blocks = []
    for line in lines:
        if (line.strip() and not line.startswith(" ")) or not blocks:
            blocks.append([line])
        else:
            blocks[-1].append(line)
    out = []
    for block in blocks:
        if any(
            re.match(r"\s+([-*|]|\d\.) ", line) or ">>>" in line for line in block
        ):  # lists and examples stay as they are
            out += block
            continue
        for part in NEXT.split(" ".join(line.strip() for line in block if line.strip())):
            found = ENTRY.match(part)
            out += [found[1], f"    {found[2]}"] if found else [part]
    return [*out, ""]


def setup(app):
    app.connect("autodoc-process-docstring", _process, priority=100)  # before numpydoc
    app.connect("html-page-context", _signatures)
    return {"parallel_read_safe": True}


def _process(app, what, name, thing, options, lines):
    lines[:] = divided(lines)


def _signatures(app, name, template, context, doctree):
    """A signature's lines as what they are (a list of descriptions without terms is none), and tables that keys can scroll."""
    if "body" in context:
        context["body"] = LIST.sub(_lines, context["body"]).replace(
            '<table class="table', '<table tabindex="0" class="table'
        )


def _lines(found):
    return f'<div class="signature">{found[1].replace("<dd>", "<div>").replace("</dd>", "</div>")}</div>'
