"""The parts of the charts: a card with its own ground, so that it can be read on any page.

A page may be dark where the reader's system is light, so the card brings ground and text together.
Nothing is loaded, and nothing is a variable of CSS, which not every viewer of SVG knows.
"""

from typing import Final
from xml.sax.saxutils import escape, unescape

from bench._contenders import BARE, LIMIT, PORTICO

WIDTH: Final = 860
MARGIN: Final = 16
LETTER: Final = 7.2
"""The width of a letter of the labels, in pixels; most are narrower."""

_FONT: Final = "ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif"
_LIGHT: Final = {
    ".card": "fill: #ffffff; stroke: #d0d7de",
    "text": "fill: #1f2328",
    ".soft": "fill: #59636e; font-size: 11.5px",
    ".grid": "stroke: #e3e7ec",
    ".band": "fill: #f1edfb",
    ".peer": "fill: #a9b4c0; stroke: #7d8996",
    ".own": "fill: #6b4fbb; stroke: #6b4fbb",
    ".other": "fill: #b3a1e2; stroke: #b3a1e2",
    ".limit": "fill: #2f8f6b; stroke: #2f8f6b",
}
_DARK: Final = {
    ".card": "fill: #0d1117; stroke: #30363d",
    "text": "fill: #e6edf3",
    ".soft": "fill: #9198a1",
    ".grid": "stroke: #272d36",
    ".band": "fill: #1b1830",
    ".peer": "fill: #56606c; stroke: #7a8592",
    ".own": "fill: #a48cf0; stroke: #a48cf0",
    ".other": "fill: #6a59a3; stroke: #6a59a3",
    ".limit": "fill: #3fb27f; stroke: #3fb27f",
}


def card(title: str, height: float, body: str) -> str:
    """A chart with its heading, of the width of all charts."""
    light, dark = _rules(_LIGHT), _rules(_DARK)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}" font-family="{_FONT}" font-size="13" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>\n{light}line {{ stroke-width: 1 }}\n"
        f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n</style>\n"
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" '
        'rx="8"/>\n' + text(MARGIN, 27, title, weight=600, size=15) + body + "</svg>\n"
    )


def heading(chart: str) -> str:
    """The heading of a chart, for those who cannot see it."""
    return unescape(chart.partition("<title>")[2].partition("</title>")[0])


def _rules(colours: dict[str, str]) -> str:
    return "".join(f"{name} {{ {rule} }}\n" for name, rule in colours.items())


def text(
    x: float,
    y: float,
    content: str,
    *,
    anchor: str = "start",
    kind: str = "",
    weight: int = 400,
    size: int = 0,
) -> str:
    """A line of text; `y` is its base line."""
    attributes = f' class="{kind}"' if kind else ""
    attributes += f' text-anchor="{anchor}"' if anchor != "start" else ""
    attributes += f' font-weight="{weight}"' if weight != 400 else ""
    attributes += f' font-size="{size}"' if size else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(content)}</text>\n'


def line(x1: float, y1: float, x2: float, y2: float, kind: str, more: str = "") -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{more}/>\n'


def rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A bar, or a band."""
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"/>\n'
    )


def kind_of(name: str) -> str:
    """The colour of a contender: of Portico, its other colours, the limit, or a peer."""
    if name in (LIMIT, BARE):
        return "limit"
    if name == PORTICO:
        return "own"
    return "other" if name.startswith(PORTICO) else "peer"
