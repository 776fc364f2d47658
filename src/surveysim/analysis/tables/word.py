"""Tables as a Word document, made by python-docx: one table for each question and banner, with the notes at the end."""

from typing import TYPE_CHECKING, Any

from ...aliases import Pathname
from ...errors import DataError
from ...on_demand import Later
from ...writing import whole
from .layout import Block, Look, Sheet, look_of, notes, sheets, shown

# parts of an extra, which are loaded where a document is written
of_sections, of_text = Later(None, "docx.enum.section"), Later(None, "docx.enum.text")
oxml, shared = Later(None, "docx.oxml"), Later(None, "docx.shared")

if TYPE_CHECKING:
    from .result import Tables

WIDE = 7  # columns that stand upright on a page


def write(made: "Tables", path: Pathname, options: Any) -> None:
    """Write the document; see `Tables.to_word`."""
    try:
        import docx  # here, because it is an extra
    except ImportError:
        raise DataError("to_word needs the package python-docx: pip install surveysim-dualframe[tables].") from None
    look = look_of(options)
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = _clean(look.title), ""
    section = document.sections[0]
    pages = sheets(made, "banner", look)
    if max(sum(len(group.columns) for group in page.groups) for page in pages) > WIDE:
        section.orientation = of_sections.WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = section.page_height, section.page_width
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = shared.Cm(2)
    style: Any = document.styles["Normal"]
    style.font.size, style.font.name = shared.Pt(9), "Calibri"
    if look.title:
        document.add_heading(_clean(look.title), 0)
    for page in pages:
        if made.banners:
            document.add_heading(_clean(page.name), 1)
        for block in page.blocks:
            document.add_heading(_clean(block.label), 2)
            document.add_paragraph(_clean(block.below)).runs[0].italic = True
            _table(document, page, block, look)
            for _, text in block.tests:
                document.add_paragraph(text).runs[0].font.size = shared.Pt(8)
    document.add_heading(look.words["notes"], 1)
    for note in notes(made, look):
        document.add_paragraph(_clean(note), style="List Bullet")
    with whole(path) as part:
        document.save(str(part))


def _clean(text: str) -> str:
    """Text that XML can hold."""
    return "".join(sign for sign in str(text) if sign.isprintable() or sign in "\t\n")


def _table(document: Any, page: Sheet, block: Block, look: Look) -> None:
    """A question: letters behind the columns' names, and behind numbers as superscripts; heads repeat on every page."""
    columns = [column for group in page.groups for column in group.columns]
    table = document.add_table(rows=1 + len(block.lines), cols=1 + len(columns), style="Light List")
    table.autofit = True
    rows = [row.cells for row in table.rows]  # asking a table for each of its cells takes long
    mark = oxml.OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(mark)

    def put(cell, text, right, small=False, letters=""):
        paragraph = cell.paragraphs[0]
        run = paragraph.add_run(_clean(text))
        if small:
            run.font.size = shared.Pt(7.5)
        run.bold = False
        if letters:
            above = paragraph.add_run(letters)
            above.font.superscript, above.bold = True, True
        paragraph.paragraph_format.space_after = shared.Pt(0)
        if right:
            paragraph.alignment = of_text.WD_ALIGN_PARAGRAPH.RIGHT

    for cell, (text, letter) in zip(rows[0][1:], columns, strict=True):
        put(cell, f"{text} ({letter})" if letter else text, True)
    for cells, line in zip(rows[1:], block.lines, strict=True):
        small = line.kind != "value"
        put(cells[0], line.label, False, small)
        for cell, one in zip(cells[1:], line.cells, strict=True):
            put(cell, shown(line, one, look), True, small, one.letters)
