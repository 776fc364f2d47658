"""What a picture says in a sentence, and a picture as a file, light or dark."""

import io
import pickle
import sys
from typing import TYPE_CHECKING, Any, cast

from .. import guards
from ..aliases import Pathname
from ..errors import DataError
from ..on_demand import Later
from ..writing import whole, write_text
from .style import INK, LINE, MUTED, SERIES, VARIABLES, svg

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

colours_of = Later(None, "matplotlib.colors")
THEMES = {  # colours of the report's page by CSS variable; tests compare them with its style sheet
    "light": {"--page": "#ffffff", "--ink": "#1b1f24", "--muted": "#5b6470", "--line": "#d5d9df", "--first": "#2563a8"}
    | {"--second": "#b8560f", "--alert": "#b3261e", "--scale-0": "#e3ecf6", "--scale-1": "#bfd3ea"},
    "dark": {"--page": "#14171b", "--ink": "#e9ecf0", "--muted": "#a5aeb9", "--line": "#3a414b", "--first": "#7db1ea"}
    | {"--second": "#f0a265", "--alert": "#ff8a80", "--scale-0": "#1f2f42", "--scale-1": "#28435f"},
}
USED = {colour for colour in (INK, MUTED, LINE, *SERIES) if colour in VARIABLES} | {"#e3ecf6", "#bfd3ea"}
PARTS = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")
FONT = 'system-ui,-apple-system,"Segoe UI","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif'


def alt(ax: "Axes") -> str:
    """The sentence that says what a picture shows, for those who do not see it; pictures carry it as the label of their Axes.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"y": [1, 3, 2, 4], "sex": list("ffmm")})
    >>> ss.pictures.alt(ss.Survey(table).mean("y", by="sex").plot())
    '2 estimates with 95 % intervals, from 2 (f) to 3 (m).'
    """
    return str(ax.get_label())


def save(ax: "Axes", path: Pathname, theme: str | None = None, dpi: float = 144) -> "Path":
    """Write a picture with its sentence as alternative text; returns the path.

    Parameters
    ----------
    path : ends with .svg, .png or .pdf. The sentence is the title of an SVG, the description of a PNG, the subject of a PDF.
    theme : "light" or "dark". None is light, in an SVG as the reader's system has it, dark too.
    dpi : dots per inch of a PNG.
    """
    path = guards.path(path, "path")
    kind = guards.choice(path.suffix.lower(), f"the end of {path}", (".svg", ".png", ".pdf"))
    guards.choice(theme, "theme", (None, *THEMES))
    if not hasattr(ax, "get_figure"):
        raise DataError(f"ax = {guards.sight(ax)}: give the Axes that a picture is on.")
    if kind == ".svg":
        write_text(path, _alone(svg(ax, alt(ax)), theme))
        return path
    figure = cast("Figure", themed(ax, theme or "light"))
    named = {"Description": alt(ax), "Software": None} if kind == ".png" else {"Subject": alt(ax), "CreationDate": None}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind[1:], dpi=dpi, metadata=cast("Any", named))
    with whole(path) as part:
        part.write_bytes(buffer.getvalue())
    return path


def themed(ax: "Axes", theme: str) -> "Figure":
    """A copy of the figure in the colours of a theme."""
    figure, colours = pickle.loads(pickle.dumps(ax.figure)), THEMES[theme]
    if "matplotlib.pyplot" in sys.modules:  # which would keep and show a copy of a figure of its own
        sys.modules["matplotlib.pyplot"].close(figure)
    new = {colour: colours[VARIABLES[colour]] for colour in USED}
    figure.set_facecolor(colours["--page"])
    for artist in figure.findobj():
        for part in PARTS:
            get, put = getattr(artist, f"get_{part}", None), getattr(artist, f"set_{part}", None)
            if get is None or put is None or artist is figure:
                continue
            value, own = get(), artist.get_alpha() if part != "color" else None
            if not isinstance(value, str) and getattr(value, "ndim", 1) == 2:
                if len(value):
                    put([new.get(colours_of.to_hex(v), tuple(v)) for v in value])
            elif not isinstance(value, str) or value not in ("none", "auto"):
                found = new.get(colours_of.to_hex(value))
                if found is not None:
                    put(found if own is None else (found, own))
    return figure


def _alone(text, theme):
    """An SVG that is a file of its own: its variables get their colours."""

    def colours(name):
        return "".join(f"{variable}:{colour};" for variable, colour in THEMES[name].items())

    style = f"svg{{--font:{FONT};{colours(theme or 'light')}background:var(--page)}}"
    if theme is None:
        style += f"@media(prefers-color-scheme:dark){{svg{{{colours('dark')}}}}}"
    head, _, rest = str(text).partition("</title>")
    return f"{head}</title><style>{style}</style>{rest}"
