"""Tables as HTML and LaTeX, made by great_tables."""

import re
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from ...aliases import Pathname
from ...errors import DataError
from ...writing import write_text
from .layout import Block, Look, Sheet, look_of, notes, sheets, shown

if TYPE_CHECKING:
    from .result import Tables

STYLE = """
body{font-family:system-ui,"Segoe UI","Noto Sans","Noto Sans CJK SC",sans-serif;color:#1f2933;margin:0 auto;padding:1rem;max-width:72rem}
h1{font-size:1.4rem;margin:.5rem 0 1rem}
section{margin:0 0 2.2rem}
h2{font-size:1.05rem;margin:0}
p.says,ul{color:#52606d;font-size:.85rem}
p.says{margin:.15rem 0 .5rem}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.scroll table{min-width:max-content}
.scroll td{padding-right:1.6em!important}
.scroll td:first-child,.scroll th:first-child{position:sticky;left:0;background:#fff}
b.letters{position:absolute;color:#1a56a8;font-size:.7em;margin-left:.25em}
.below{color:#6b7785;font-size:.8em}
"""
SPECIAL = re.compile(r"[\\&%$#_{}~^<>|]")
TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
TEX["|"] = r"\textbar{}"


def write_html(made: "Tables", path: Pathname, options: Any) -> None:
    """Write one page; see `Tables.to_html`."""
    look, parts = look_of(options), []
    for sheet in sheets(made, "question", look):
        for block in sheet.blocks:
            table = _table(sheet, block, look, _html_cell, escape).as_raw_html(make_page=False)
            says = f'<h2>{escape(block.label)}</h2><p class="says">{escape(block.below)}</p>'
            parts.append(f'<section>{says}<div class="scroll">{table}</div></section>')
    title = escape(look.title or look.words["contents"])
    said = "".join(f"<li>{escape(note)}</li>" for note in notes(made, look))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
    body = f"<h1>{title}</h1>{''.join(parts)}<h2>{look.words['notes']}</h2><ul>{said}</ul>"
    lang = "zh-CN" if look.lang == "zh" else "en"
    write_text(
        path,
        f'<!DOCTYPE html>\n<html lang="{lang}"><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>\n',
    )


def write_latex(made: "Tables", path: Pathname, options: Any) -> None:
    """Write tables to \\input into a document with the packages booktabs and longtable; see `Tables.to_latex`."""
    look, parts = look_of(options), ["% \\usepackage{booktabs,longtable,graphicx}; for Chinese \\usepackage{ctex}"]
    parts += [f"\\section*{{{tex(look.title)}}}"] if look.title else []
    for sheet in sheets(made, "question", look):
        for block in sheet.blocks:
            parts.append(f"\\subsection*{{{tex(block.label)}}}\n{tex(block.below)}")
            parts.append(_table(sheet, block, look, _tex_cell, str).as_latex())
    said = "\n".join(f"\\item {tex(note)}" for note in notes(made, look))
    parts.append(f"\\paragraph{{{tex(look.words['notes'])}}}\n\\begin{{itemize}}\n{said}\n\\end{{itemize}}")
    write_text(path, "\n\n".join(parts) + "\n")


def tex(text: str) -> str:
    """Text as LaTeX prints it."""
    return SPECIAL.sub(lambda found: TEX.get(found[0], f"\\{found[0]}"), " ".join(str(text).split()))


def _html_cell(text, letters, small):
    text = f'<span class="below">{escape(text)}</span>' if small else escape(text)
    return f'{text}<b class="letters">{escape(letters)}</b>' if letters else text


def _tex_cell(text, letters, small):
    text = f"{{\\footnotesize {tex(text)}}}" if small else tex(text)
    return f"{text}\\textsuperscript{{{tex(letters)}}}" if letters else text


def _table(sheet: Sheet, block: Block, look: Look, cell: Any, plain: Any) -> Any:
    """A question as great_tables has it: names of its columns are positions, so that labels may be anything.

    cell : what makes a cell of a text, its letters and whether it is small. plain : the same of headings, which LaTeX gets escaped.
    """
    try:
        import great_tables as gt  # here, because it is an extra, and takes long
    except ImportError:
        raise DataError(
            "HTML and LaTeX need the package great_tables: pip install surveysim-dualframe[tables]."
        ) from None
    columns = [column for group in sheet.groups for column in group.columns]
    names = [f"c{k}" for k in range(len(columns))]
    rows = []
    for line in block.lines:
        small = line.kind != "value"
        rows.append([cell(line.label, "", small), *(cell(shown(line, c, look), c.letters, small) for c in line.cells)])
    html, raw = cell is _html_cell, pd.DataFrame(rows, columns=["label", *names])
    mark = gt.html if html else str
    made = gt.GT(raw).cols_label(label=mark("")).fmt_passthrough(escape=False)  # the cells are escaped already
    made = made.cols_label(
        {
            n: mark(plain(text) + (f" ({letter})" if letter else ""))
            for n, (text, letter) in zip(names, columns, strict=True)
        }
    )
    made, at = made.cols_align("right", names), 0
    for group in sheet.groups:
        if group.label:
            made = made.tab_spanner(
                label=mark(plain(group.label)), columns=names[at : at + len(group.columns)], id=f"g{at}"
            )
        at += len(group.columns)
    for g, text in block.tests:
        made = made.tab_source_note(mark(plain(f"{sheet.groups[g].label}: {text}")))
    if html:
        made = made.tab_options(
            table_font_size="14px", data_row_padding="4px", table_width="auto", table_margin_left="0"
        )
    return made
