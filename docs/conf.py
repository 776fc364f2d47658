"""Sphinx configuration; `python3 run.py docs` builds with warnings as errors."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "surveysim"
copyright = "2026, the surveysim developers"
version = release = "0.2.0"
extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser", "parameters"]
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_title = f"surveysim {release}"
html_show_sourcelink = True  # a page's source, as it is written
html_sourcelink_suffix = ""
html_sidebars = {"index": [], "architecture": [], "index-zh": []}  # they have no pages beside them
html_theme_options = {
    "show_prev_next": False,
    "collapse_navigation": True,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc", "sourcelink"],
}
exclude_patterns = ["_build", "explanation/audit/*.md"]  # parts that explanation/audit.md includes
autodoc_member_order = "bysource"
add_module_names = False
maximum_signature_line_length = 90  # longer ones have a line for each parameter, with its type
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]


def setup(app):
    """Tables of commas are shown as they are; a list of all pages is written for programs that read."""
    from pygments.lexers.special import TextLexer

    app.add_lexer("csv", TextLexer)
    app.connect("build-finished", list_pages)


def list_pages(app, error):
    """llms.txt: what this is, and every page with its title and its address (llmstxt.org)."""
    if error or app.builder.name != "html":
        return
    lines = [
        "# surveysim",
        "",
        "> Simulate a dual-frame telephone survey, weight it, estimate from it, and see how good it is.",
        "",
    ]
    for section in ("tutorials", "how-to", "reference", "explanation"):
        pages = [
            name for name in sorted(app.env.titles) if name.startswith(f"{section}/") and not name.endswith("/index")
        ]
        lines += [f"## {section}", "", *(f"- [{app.env.titles[p].astext()}]({p}.html)" for p in pages), ""]
    (Path(app.outdir) / "llms.txt").write_text("\n".join(lines), encoding="utf-8")
