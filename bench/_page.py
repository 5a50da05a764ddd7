"""The page of the documentation that shows a run: `docs/performance.md`, its charts and its data.

The page's sentences are written by hand and have no figures. Those stand between comments,
`<!-- figures: NAME -->` and `<!-- end -->`, and are written from the summary of a run.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench import _page_tables
from bench._charts import charts
from bench._run import Result
from bench._summary import Summary, summarised, written
from bench._svg import heading

UNMEASURED: Final = "This run did not measure it.\n"

_BLOCKS: Final[Mapping[str, Callable[[Summary], str]]] = {
    "machine": _page_tables.machine,
    "contenders": _page_tables.contenders,
    "in-process": _page_tables.in_process,
    "cold-start": _page_tables.cold_start,
    "scale": _page_tables.scale,
    "memory": _page_tables.memory,
    "wire": _page_tables.wire,
    "runtimes": _page_tables.runtimes,
    "spread": _page_tables.spread,
    "left-out": _page_tables.left_out,
}

_CHARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "in-process": ("in-process-",),
    "cold-start": ("cold-start-",),
    "scale": ("scale-", "register-"),
    "wire": ("wire-",),
    "runtimes": ("start-",),
}
"""How the files of a block's charts begin."""

_block = re.compile(r"(<!-- figures: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def publish(results: Result, docs: Path) -> None:
    """Write the page, its charts and its data, in place of those of an earlier run."""
    summary = summarised(results)
    page, folder = docs / "performance.md", docs / "performance"
    page.write_text(filled(page.read_text("utf-8"), summary), "utf-8")
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for name, chart in charts(summary).items():
        (folder / name).write_text(chart, "utf-8")
    (folder / "results.json").write_text(written(summary) + "\n", "utf-8")


def published(docs: Path) -> Summary:
    """The summary that the page was last written from."""
    text = (docs / "performance" / "results.json").read_text("utf-8")
    summary: Summary = json.loads(text)
    return summary


def filled(page: str, summary: Summary) -> str:
    """The page with the figures of a run.

    Raises:
        ValueError: it has a block of a name that there is not.
    """

    there = charts(summary)

    def block(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        if name not in _BLOCKS:
            raise ValueError(f"There are no figures {name!r}. There are: {', '.join(_BLOCKS)}.")
        shown = [
            f"![{heading(chart)}](performance/{file})\n"
            for file, chart in there.items()
            if file.startswith(_CHARTS.get(name, ()))
        ]
        tables = _BLOCKS[name](summary) or UNMEASURED
        return "\n".join([begin, *shown, tables, end])

    return _block.sub(block, page)
