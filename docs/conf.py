"""Sphinx configuration; `python3 run.py docs` builds with warnings as errors."""

project = "surveysim"
copyright = "2026, the surveysim developers"
version = release = "0.2.0"
extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser"]
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_title = "surveysim"
html_show_sourcelink = False
html_sidebars = {"index": [], "architecture": [], "index-zh": []}  # they have no pages beside them
html_theme_options = {
    "show_prev_next": False,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
exclude_patterns = ["_build", "explanation/audit/*.md"]  # parts that explanation/audit.md includes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]


def setup(app):
    """Tables of commas are shown as they are."""
    from pygments.lexers.special import TextLexer

    app.add_lexer("csv", TextLexer)
