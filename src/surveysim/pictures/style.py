"""The house style of pictures: colours, bare axes, legends, and a drawing as SVG.

Colours are placeholders that `svg` turns into CSS variables, so that one drawing serves light and dark.
"""

import hashlib
import io
import re
import textwrap
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from ..aliases import Floats, Values
from ..errors import DataError
from ..guards import choice, sight
from ..keys import packaged
from ..on_demand import Later

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Placeholder colours, replaced by CSS variables in `svg`; in a notebook they look as they are.
INK, MUTED, LINE, FIRST, SECOND, ALERT = "#1b1f24", "#5b6470", "#d5d9df", "#2563a8", "#d2691f", "#b3261e"
VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", FIRST: "--first", SECOND: "--second", ALERT: "--alert"}
SCALE = ("#e3ecf6", "#bfd3ea", "#93b5da", "#5f8fc4", "#2f66a3")  # five steps of the tile map
VARIABLES |= {colour: f"--scale-{i}" for i, colour in enumerate(SCALE)}
ON_SCALE = ("#10151a", "#10151b", "#10151c", "#fdfdfe", "#fdfdff")  # text on each step
VARIABLES |= {colour: f"--on-scale-{i}" for i, colour in enumerate(ON_SCALE)}

SERIES = (
    FIRST,
    SECOND,
    "#2e9e6b",
    "#9b6fc4",
    MUTED,
    ALERT,
)  # of several in one picture; the two in the middle serve light and dark
MARKERS = "oDs^vP"
mpl, font_manager, texts = (
    Later(None, "matplotlib"),
    Later(None, "matplotlib.font_manager"),
    Later(None, "matplotlib.text"),
)
LANGUAGES = ("en", "zh")
PIXELS = 1.68  # of the page per point, so that letters have one size in all drawings
CHINESE_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei"),
    *("SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS", "Droid Sans Fallback"),
)


def words(lang: str) -> dict[str, str]:
    """What is written on pictures, in one language."""
    return packaged(str(__package__), "words.toml")[choice(lang, "lang", LANGUAGES)]


def axes(width: float, height: float) -> "Axes":
    """A bare Axes of a size in inches, in the report's style."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise DataError("pictures need the package matplotlib: pip install surveysim-dualframe[report].") from None
    ax = Figure(figsize=(width, height), layout="constrained").add_subplot()
    ax.patch.set_alpha(0)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(LINE)
    ax.tick_params(colors=MUTED, labelsize=9, length=0)
    return ax


def on(ax: Any, width: float, height: float) -> "Axes":
    """The Axes that are given, or ones of a size in inches."""
    if ax is None:
        return axes(width, height)
    if isinstance(ax, type) or not hasattr(ax, "get_yaxis_transform"):
        raise DataError(f"ax = {sight(ax)}: give matplotlib Axes to draw on, or None.")
    return ax


def points(ax: "Axes", x: Values, y: Values, error: Values, colour: str, **more: Any) -> None:
    """Points with the same distance to either end of their horizontal intervals."""
    ax.errorbar(x, y, xerr=error, fmt="o", color=colour, linewidth=1.4, **more)


def named(ax: "Axes", x: str = "", y: str = "", grid: Literal["both", "x", "y"] = "y") -> "Axes":
    """The same Axes with what they show written on them, and a grid behind it."""
    ax.set_xlabel(x, color=MUTED, fontsize=9)
    ax.set_ylabel(y, color=MUTED, fontsize=9)
    ax.grid(axis=grid, color=LINE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def rows(ax: "Axes", labels: Values, axis: str, size: float = 8.5) -> "Axes":
    """The same Axes with rows named from top to bottom."""
    ax.set_yticks(np.arange(len(labels)), list(labels), fontsize=size, color=INK)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    return named(ax, axis, grid="x")


def legend(ax: "Axes", columns: int) -> "Axes":
    """The same Axes with a legend above them."""
    ax.legend(frameon=False, fontsize=9, labelcolor=INK, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=columns)
    return ax


def readable(ax: "Axes") -> "Axes":
    """The same Axes with a font behind the usual one that has Chinese glyphs, where this machine has one."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    found = [name for name in CHINESE_FONTS if name in known][:1]
    for text in cast("list[Any]", ax.figure.findobj(texts.Text)):
        if found and any(ord(letter) > 0x2E80 for letter in text.get_text()):
            text.set_fontfamily([*found, "DejaVu Sans"])
    return ax


def svg(ax: "Axes", title: str, least: str = "") -> "Markup":
    """The figure as inline SVG: text stays text, colours become CSS variables, `title` is what a screen reader says.

    least : of the width, where it is not the page's: "0" shrinks with the page.
    """
    from markupsafe import Markup, escape

    buffer, figure = io.StringIO(), cast("Figure", ax.figure)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "surveysim"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's browser has the Chinese glyphs
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    width = float(re.findall(r'width="([\d.]+)pt"', text)[0]) * PIXELS
    size = f"max-width:{width:.0f}px" + (f";min-width:{least}" if least else "")
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', f'role="img" style="{size}"', text, count=1)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px var(--font)", text)
    text = re.sub(r"font: (bold|700) ([\d.]+)px [^;\"]*", r"font: 700 \2px var(--font)", text)
    text = re.sub(r"(<svg[^>]*>)", lambda m: f"{m.group(1)}<title>{escape(title)}</title>", text, count=1)
    return Markup(_own_ids(text))


def _own_ids(text):
    """Ids that no other drawing of the page has: those that are referred to get the drawing's digest, the others go."""
    used = set(re.findall(r'(?:href="|url\()#([\w.-]+)', text))
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    text = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{m.group(1)}-{mark}"' if m.group(1) in used else "", text)
    return re.sub(r'((?:href="|url\()#)([\w.-]+)', lambda m: f"{m.group(1)}{m.group(2)}-{mark}", text)


LONGEST = 34  # letters of a label's line, and of its first three lines what is more than that
ROW, EDGE = 0.24, 1.0  # inches of a row with one line, and of everything but the rows


def said(ax: "Axes", sentence: str) -> None:
    """Give the picture its sentence, which is the label of its Axes."""
    ax.set_label(sentence)


def shown(value: float) -> str:
    """A number in a sentence or beside a row."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def folded(label: object, width: int = LONGEST) -> str:
    """A label in lines; Chinese letters are as wide as two."""
    text = str(label)
    wide = sum(ord(letter) > 0x2E80 for letter in text) > len(text) / 3
    return "\n".join(textwrap.wrap(text, width // 2 if wide else width, max_lines=3, placeholder=" …")) or " "


def listed(
    labels: Sequence[object], ax: "Axes | None", each: float = ROW, heads: Sequence[int] = ()
) -> "tuple[Axes, Floats]":
    """Axes with rows named from top to bottom, long names in lines, and where they are (k,); `heads` are bold and low."""
    lines = [folded(label) for label in labels]
    heights = np.array([max(1.0, (0.17 * (1 + line.count("\n")) + 0.06) / each) for line in lines])
    heights[list(heads)] *= min(1.0, ROW / each)
    y = np.cumsum(heights) - heights / 2
    ax = on(ax, 6.4, each * heights.sum() + EDGE)
    ax.set_yticks(y, lines, fontsize=8.5, color=INK)
    ax.set_ylim(heights.sum() + 0.1, -0.1)
    for k in heads:
        ax.get_yticklabels()[k].set_fontweight("bold")
    return ax, y


def headed(
    groups: Sequence[object], labels: Sequence[object], ax: "Axes | None", each: float = ROW
) -> "tuple[Axes, Floats]":
    """Rows as `listed`, under a heading for every group where there are several; y of the rows alone."""
    if len(dict.fromkeys(groups)) < 2:
        ax, y = listed(labels, ax, each)
        group = str(groups[0]) if len(groups) else ""
        return named(ax, "", folded(group) if group else "", grid="x"), y
    names: list[object] = []
    heads, places, last = [], [], None
    for group, label in zip(groups, labels, strict=True):
        if group != last or not names:
            heads.append(len(names))
            names.append(group)
        places.append(len(names))
        names.append(label)
        last = group
    ax, y = listed(names, ax, each, heads)
    return ax, y[places]


def full(groups: Sequence[object], labels: Sequence[object]) -> list[str]:
    """Names of rows that tell them apart without the headings."""
    if len(dict.fromkeys(groups)) < 2:
        return [str(label) for label in labels]
    return [" ".join(part for part in (str(g), str(v)) if part) for g, v in zip(groups, labels, strict=True)]


def finished(ax: "Axes", title: str = "") -> "Axes":
    """The same Axes with a legend above them, in as many columns as fit, where there are things to tell apart, and a title above all."""
    if not isinstance(title, str):
        raise DataError(f"title = {sight(title)}: give a text.")
    handles, labels = ax.get_legend_handles_labels()
    lines = [folded(label) for label in labels]
    deep = 0
    if len(set(lines)) > 1:
        room = 72 * cast("Figure", ax.figure).get_size_inches()[0] * 0.62
        widest = max(
            36 + sum(9.0 if ord(c) > 0x2E80 else 5.4 for c in max(line.split("\n"), key=len)) for line in lines
        )
        columns = int(min(max(room // widest, 1), len(lines)))
        deep = -(-len(lines) // columns) * max(line.count("\n") + 1 for line in lines)
        place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 1.0), "borderaxespad": 0.2}
        ax.legend(handles, lines, frameon=False, fontsize=9, labelcolor=INK, ncols=columns, **place)
    figure, written = cast("Figure", ax.figure), {"fontsize": 10.5, "color": INK}
    if title and len(figure.axes) == 1 and figure.get_layout_engine() is not None:
        figure.suptitle(folded(title, 84), x=0.01, ha="left", **cast("Any", written))
    elif title:
        ax.set_title(folded(title, 64), loc="left", pad=6 + 14 * deep, **cast("Any", written))
    return readable(ax)
