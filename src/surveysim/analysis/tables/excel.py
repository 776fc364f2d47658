"""Tables as a workbook: a page of contents, then sheets with headings, widths and panes that stay in sight."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...aliases import Pathname
from ...display import guarded
from ...errors import DataError
from ...writing import whole
from .layout import Block, Line, Look, Sheet, look_of, notes, sheets

if TYPE_CHECKING:
    from .result import Tables

LONGEST = 31  # characters of a sheet's name
FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
INK, SOFT, RULE, BAND = "#1f2933", "#6b7785", "#9aa5b1", "#eef2f6"


def write(made: "Tables", path: Pathname, by: str, options: Any) -> None:
    """Write the workbook; see `Tables.to_excel`."""
    try:
        import xlsxwriter
    except ImportError:
        raise DataError("to_excel needs the package xlsxwriter: pip install surveysim-dualframe[tables].") from None
    look = look_of(options)
    pages = sheets(made, by, look)
    names = _names([sheet.name for sheet in pages], look)
    with whole(path) as part:
        book = xlsxwriter.Workbook(part, {"strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties({"title": _safe(look.title), "comments": "surveysim"})
        writer = _Book(book, look)
        first = book.add_worksheet(names[0])
        places = [writer.sheet(book.add_worksheet(name), sheet) for name, sheet in zip(names[1:], pages, strict=True)]
        writer.contents(first, list(zip(names[1:], pages, places, strict=True)), notes(made, look))
        book.close()


def _names(wanted: Sequence[str], look: Look) -> list[str]:
    """Names of the sheets: as Excel allows them, each once; the contents first."""
    found = []
    for text in [look.words["contents"], *wanted]:
        base = " ".join(text.translate(FORBIDDEN).split())[:LONGEST].strip() or look.words["sheet"]
        name, k = base, 2
        while name.casefold() in [old.casefold() for old in found]:
            name, k = f"{base[: LONGEST - len(str(k)) - 1]} {k}", k + 1
        found.append(name)
    return found


def _safe(text: str) -> str:
    """Text that no spreadsheet runs, also after it was saved as CSV."""
    return guarded([text])[0]


class _Book:
    """Formats, and how blocks are written with them."""

    def __init__(self, book: Any, look: Look) -> None:
        self.book, self.look, self.words = book, look, look.words
        plain = {"font_name": "Calibri", "font_size": 10, "font_color": INK, "valign": "vcenter"}
        right = plain | {"align": "right"}
        small = right | {"font_size": 8, "font_color": SOFT}
        percent = "0" + ("." + "0" * look.digits if look.digits else "")
        number = "#,##0" + ("." + "0" * (look.digits + 1))
        kinds = {
            "title": plain | {"bold": True, "font_size": 15},
            "note": plain | {"font_color": SOFT, "text_wrap": True, "valign": "top"},
            "link": plain | {"font_color": "#1a56a8", "underline": 1},
            "head": plain | {"bold": True, "bottom": 1, "bottom_color": RULE},
            "group": plain | {"bold": True, "align": "center", "bottom": 1, "bottom_color": RULE, "text_wrap": True},
            "column": plain | {"bold": True, "align": "right", "text_wrap": True, "valign": "bottom"},
            "letter": small | {"bold": True, "bottom": 1, "bottom_color": RULE},
            "question": plain | {"bold": True, "bg_color": BAND, "font_size": 11},
            "says": plain | {"bg_color": BAND, "font_color": SOFT, "italic": True},
            "label": plain | {"indent": 1, "text_wrap": True},
            "label-small": small | {"align": "left", "indent": 2},
            "n": small | {"num_format": "#,##0"},
            "percent": right | {"num_format": percent},
            "number": right | {"num_format": number},
            "percent*": right | {"num_format": percent + '"*"'},
            "number*": right | {"num_format": number + '"*"'},
            "below-percent": small | {"num_format": percent},
            "below-number": small | {"num_format": number},
            "below-count": small | {"num_format": "#,##0"},
            "text": right | {"font_color": SOFT},
            "below-text": small,
            "letters": plain | {"font_size": 8, "bold": True, "font_color": "#1a56a8"},
            "test": small | {"align": "left", "italic": True},
        }
        self.formats = {name: book.add_format(kind) for name, kind in kinds.items()}

    def text(self, sheet: Any, row: int, column: int, text: str, kind: str) -> None:
        sheet.write_string(row, column, _safe(text), self.formats[kind])

    def contents(self, sheet: Any, pages: Sequence[tuple[str, Sheet, list[int]]], said: Sequence[str]) -> None:
        """The first page: title, what is where, with links, and the notes."""
        sheet.set_column(0, 0, 60)
        sheet.set_column(1, 2, 16)
        sheet.hide_gridlines(2)
        self.text(sheet, 0, 0, self.look.title or self.words["contents"], "title")
        for column, word in enumerate(("question", "sheet", "base")):
            self.text(sheet, 2, column, self.words[word], "head")
        row = 3
        for name, page, places in pages:
            for block, place in zip(page.blocks, places, strict=True):
                sheet.write_url(row, 0, f"internal:'{name}'!A{place + 1}", self.formats["link"], _safe(block.label))
                self.text(sheet, row, 1, name, "label-small")
                sheet.write_number(row, 2, block.lines[0].cells[0].value, self.formats["n"])
                row += 1
        self.text(sheet, row + 1, 0, self.words["notes"], "head")
        for k, note in enumerate(said):
            sheet.merge_range(row + 2 + k, 0, row + 2 + k, 2, _safe(note), self.formats["note"])
            sheet.set_row(row + 2 + k, 14 * (1 + len(note) // 85))
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)

    def sheet(self, sheet: Any, page: Sheet) -> list[int]:
        """One sheet; returns the rows where its questions begin."""
        columns = [column for group in page.groups for column in group.columns]
        widest = max((len(line.label) for block in page.blocks for line in block.lines), default=10)
        sheet.set_column(0, 0, min(max(widest + 3, 24), 60))
        for k, (text, _) in enumerate(columns):
            sheet.set_column(
                1 + 2 * k, 1 + 2 * k, min(max(len(text) * 0.75, 11 if "interval" in self.look.show else 8.5), 18)
            )
            sheet.set_column(2 + 2 * k, 2 + 2 * k, 4)
        sheet.hide_gridlines(2)
        self._heads(sheet, page)
        row, places = 3, []
        for block in page.blocks:
            places.append(row)
            row = self._block(sheet, page, block, row, 1 + 2 * len(columns))
        sheet.freeze_panes(3, 1)
        sheet.repeat_rows(0, 2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        return places

    def _heads(self, sheet, page):
        at = 1
        for group in page.groups:
            last = at + 2 * len(group.columns) - 1
            if group.label:
                sheet.merge_range(0, at, 0, last, _safe(group.label), self.formats["group"])
            for text, name in group.columns:
                self.text(sheet, 1, at, text, "column")
                self.text(sheet, 2, at, name, "letter")
                self.text(sheet, 2, at + 1, "", "letter")
                at += 2
        sheet.set_row(1, 30)

    def _block(self, sheet, page, block: Block, row: int, width: int) -> int:
        for column in range(width):
            sheet.write_blank(row, column, None, self.formats["question"])
            sheet.write_blank(row + 1, column, None, self.formats["says"])
        self.text(sheet, row, 0, block.label, "question")
        self.text(sheet, row + 1, 0, block.below, "says")
        row += 2
        for line in block.lines:
            self._line(sheet, line, row)
            row += 1
        for g, text in block.tests:
            at = 1 + 2 * sum(len(group.columns) for group in page.groups[:g])
            self.text(sheet, row, at, text, "test")
        return row + 2

    def _line(self, sheet, line: Line, row: int) -> None:
        small = line.kind != "value"
        self.text(sheet, row, 0, line.label, "label-small" if small else "label")
        for k, cell in enumerate(line.cells):
            at, prefix = 1 + 2 * k, "below-" if line.kind == "below" else ""
            if cell.text or np.isnan(cell.value):
                self.text(sheet, row, at, cell.text, f"{prefix}text")
                continue
            value = cell.value * (100 if line.unit == "percent" else 1)
            kind = "n" if line.kind in ("n", "effective") else f"{prefix}{line.unit}{cell.mark}"
            sheet.write_number(row, at, value, self.formats[kind])
            if cell.letters:
                self.text(sheet, row, at + 1, cell.letters, "letters")
