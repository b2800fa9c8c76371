"""The rows that a benchmark returns, and the output made from them: tables, JSON, charts, the figures in the README.

A `Row` is one figure of both servers. The JSON contains, for each, every round's value and the exact command lines, so
that a figure can be measured again.
"""

import argparse
import datetime
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import RESULTS, ROOT

README = ROOT / "benchmarks" / "README.md"
# The project's own README shows one benchmark, with its chart.
PROJECT_README = ROOT / "README.md"
SHOWN = "endtoend"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass
class Figure:
    """One server's values of a row, one per round, and the commands that produced them."""

    name: str
    rounds: list[float]
    server_command: str = ""
    client_command: str = ""

    @property
    def value(self) -> float:
        return median(self.rounds)


@dataclass
class Row:
    """One figure of both servers. `goal` bounds the ratio ours / other, from above if less is better.

    ``further`` are the figures of others, which have columns of their own and no ratio.
    """

    case: str
    unit: str
    ours: Figure
    other: Figure | None = None
    less_is_better: bool = True
    goal: float | None = None
    bound: float | None = None
    notes: str = field(default="")
    further: list[Figure] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios: a slowdown of the entire machine affects both servers alike."""
        if self.other is None:
            return None
        pairs = zip(self.ours.rounds, self.other.rounds, strict=True)
        ratios = [ours / other for ours, other in pairs if other]
        return median(ratios) if ratios else None

    @property
    def reached(self) -> bool | None:
        """Whether the goal (for the ratio) and the bound (for our own value) are kept; None if there is neither."""
        kept = [
            value <= limit if self.less_is_better else value >= limit
            for value, limit in ((self.ratio, self.goal), (self.ours.value, self.bound))
            if value is not None and limit is not None
        ]
        return all(kept) if kept else None


def median_pairs(rounds: int, targets: Sequence[Any], measure: Callable[[Any], dict[str, float]]) -> list[dict]:
    """Measures the targets in turn, in alternating order, and returns each one's values by metric."""
    gathered: list[dict[str, list[float]]] = [{} for _ in targets]
    for number in range(rounds):
        order = range(len(targets)) if number % 2 == 0 else reversed(range(len(targets)))
        for index in order:
            for metric, value in measure(targets[index]).items():
                gathered[index].setdefault(metric, []).append(value)
    return gathered


# Writing.


def write(name: str, title: str, rows: list[Row], options: argparse.Namespace) -> None:
    """Prints the table and writes it, the JSON and the chart. A quick run's files are marked in their names."""
    name = f"{name}-quick" if options.quick else name
    folder = options.results
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{title}\n\n{table(rows)}\n"
    print(text)
    (folder / f"{name}.txt").write_text(text)
    (folder / f"{name}.json").write_text(json.dumps(as_json(name, title, rows, options), indent=1) + "\n")
    chart(title, rows, folder / f"{name}.png")


def as_json(name: str, title: str, rows: list[Row], options: argparse.Namespace) -> dict[str, Any]:
    return {
        "benchmark": name,
        "title": title,
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "quick": options.quick,
        "arguments": sys.argv[1:],
        "rows": [asdict(row) | {"ratio": row.ratio, "reached": row.reached} for row in rows],
    }


def machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def told_goal(row: Row) -> str:
    sign = "≤" if row.less_is_better else "≥"
    parts = [f"{sign} {row.goal:.2f} ×"] if row.goal is not None else []
    return ", ".join(parts + ([f"{sign} {number(row.bound)}"] if row.bound is not None else []))


VERDICT = {True: "reached", False: "missed", None: ""}
HEADINGS = ["case", "unit", "ours", "other", "ours / other", "goal", ""]


def columns(rows: Iterable[Row]) -> list[str]:
    """Returns the names of the columns of further figures."""
    return list(dict.fromkeys(figure.name for row in rows for figure in row.further))


def cells(row: Row, further: Sequence[str]) -> list[str]:
    ratio = row.ratio
    values = [row.ours.value, row.other.value if row.other else None]
    values += [next((figure.value for figure in row.further if figure.name == name), None) for name in further]
    shown = "–" if ratio is None else f"{ratio:.2f}"
    return [row.case, row.unit, *map(number, values), shown, told_goal(row), VERDICT[row.reached]]


def headings(rows: Sequence[Row]) -> list[str]:
    """Returns the headings. If the rows are compared with different others, the rows' names say with which."""
    others = {row.other.name for row in rows if row.other}
    names = [rows[0].ours.name, others.pop() if len(others) == 1 else "other", *columns(rows)]
    return [*HEADINGS[:2], *names, *HEADINGS[4:]]


def lines_of(rows: Sequence[Row]) -> list[list[str]]:
    """Returns the headings and the rows."""
    return [headings(rows), *(cells(row, columns(rows)) for row in rows)]


def table(rows: list[Row]) -> str:
    """Returns the rows in aligned columns, for a terminal."""
    if not rows:
        return "nothing measured"
    lines = lines_of(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def chart(title: str, rows: list[Row], path: Path) -> None:
    """Draws bars of ours relative to the other, with the goals marked. Without matplotlib it prints that it cannot."""
    drawn = [row for row in rows if row.ratio is not None]
    if not drawn:
        return
    try:
        import matplotlib
    except ImportError:
        print("no chart: matplotlib is not installed (pip install '.[bench]')")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.36 * len(drawn)))
    names = [f"{row.case} ({row.unit}{'' if row.less_is_better else ', more is better'})" for row in drawn]
    positions = range(len(drawn))
    axes.barh(
        positions,
        [row.ratio for row in drawn],
        color=["#b3412e" if row.reached is False else "#2e7d5b" for row in drawn],
    )
    for position, row in enumerate(drawn):
        if row.goal is not None:
            axes.plot([row.goal, row.goal], [position - 0.45, position + 0.45], color="black", linewidth=1.5)
    axes.axvline(1.0, color="grey", linestyle="--", linewidth=1)
    axes.set_yticks(positions, names)
    axes.invert_yaxis()
    axes.set_xlabel(f"pyredis relative to {headings(drawn)[3]} (black: goal)")
    axes.set_title(title)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


# The README's figures.


def rewrite_readme(readme: Path = README, results: Path = RESULTS) -> None:
    """Puts the figures of all JSON files, except those of quick runs, between the marks in the README."""
    sections = [markdown(document) for document in documents(results)]
    fill(readme, "\n".join(sections))
    print(f"{len(sections)} sections in {readme}")


def rewrite_project_readme(readme: Path = PROJECT_README, results: Path = RESULTS) -> None:
    """Puts the chart and the table of the benchmark shown there between the marks in the project's README."""
    shown = [document for document in documents(results) if document["benchmark"] == SHOWN]
    image = results / f"{SHOWN}.png"
    picture = f"![{shown[0]['title']}]({image.relative_to(readme.parent).as_posix()})\n\n" if image.exists() else ""
    fill(readme, picture + "\n".join(markdown(document) for document in shown) if shown else "")


def documents(results: Path) -> list[dict[str, Any]]:
    """Returns the results of full runs, by name."""
    found = [json.loads(path.read_text()) for path in sorted(results.glob("*.json"))]
    return [document for document in found if not document["quick"]]


def fill(readme: Path, body: str) -> None:
    text = readme.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{readme} must hold {BEGIN} and {END} once each")
    before, rest = text.split(BEGIN)
    body = body or "No figures yet.\n"
    readme.write_text(f"{before}{BEGIN}\n\n{body}\n{END}{rest.split(END)[1]}")


def markdown(document: dict[str, Any]) -> str:
    rows = [from_json(row) for row in document["rows"]]
    machine = document["machine"]
    where = f"{document['date']}, {machine['processor']}, {machine['cores']} cores, {machine['system']}"
    lines = lines_of(rows) if rows else []
    lines[1:1] = [["---"] * len(line) for line in lines[:1]]
    notes = [f"- {row.case}: {row.notes}" for row in rows if row.notes]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n".join([f"### {document['benchmark']}: {document['title']}", "", where, "", body, "", *notes])


def from_json(row: dict[str, Any]) -> Row:
    fields = {name: value for name, value in row.items() if name not in ("ratio", "reached")}
    fields["ours"] = Figure(**fields["ours"])
    fields["other"] = Figure(**fields["other"]) if fields["other"] else None
    fields["further"] = [Figure(**figure) for figure in fields.get("further", ())]
    return Row(**fields)
