"""Training curves as inline SVG: the same bytes for the same history, colours that follow the page's theme."""

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_INK, _LINE, _GRID = "#010203", "#040506", "#070809"
_POINTS = 300


def read_history(path: Path) -> list[dict[str, Any]]:
    """Read a checkpoint's `history.json`: a list of steps, each with its loss, learning rate and what else was logged."""
    steps: list[dict[str, Any]] = json.loads(path.read_bytes())
    return steps


def series_of(history: Sequence[Mapping[str, Any]]) -> dict[str, tuple[list[float], list[float]]]:
    """Return (steps, values) by quantity, thinned evenly to at most 300 points; sorted, loss first.

    Only finite numbers count, and a quantity that never changed is left out (the loss stays).
    """
    found: dict[str, tuple[list[float], list[float]]] = {}
    for index, record in enumerate(history):
        step = float(record.get("step", index))
        for name, value in record.items():
            if name != "step" and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                steps, values = found.setdefault(name, ([], []))
                steps.append(step)
                values.append(float(value))
    moved = [name for name, (_, values) in found.items() if name == "loss" or len(set(values)) > 1]
    order = sorted(moved, key=lambda name: (name != "loss", name))
    return {name: (_thin(found[name][0]), _thin(found[name][1])) for name in order}


def _thin(values: list[float]) -> list[float]:
    if len(values) <= _POINTS:
        return values
    return [values[round(index * (len(values) - 1) / (_POINTS - 1))] for index in range(_POINTS)]


def curve(name: str, steps: Sequence[float], values: Sequence[float]) -> str:
    """Return one curve as an SVG element with a viewBox, its text as text, its colours from the page."""
    import matplotlib  # a second to import, and pages without curves do without it
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    settings = {"svg.hashsalt": "rsvlm", "svg.fonttype": "none", "font.size": 9.0, "font.family": "sans-serif", "path.simplify": False}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(4.4, 2.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(steps, values, color=_LINE, linewidth=1.4, marker="o" if len(steps) < 2 else "", markersize=3)
        axes.set_title(name.replace("_", " "), color=_INK, fontsize=10, loc="left")
        axes.set_xlabel("step", color=_INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color=_GRID, linewidth=0.6)
        axes.tick_params(colors=_INK, length=0)
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4))
        axes.yaxis.get_offset_text().set_color(_INK)
        axes.spines[:].set_visible(False)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _as_element(stream.getvalue(), f"{name} by step")


def _as_element(svg: str, label: str) -> str:
    """Keep the drawing of an SVG file: no prolog, no metadata, no fixed size, ids that are unique on the page."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", svg, count=1)
    prefix = re.sub(r"[^a-z0-9]+", "-", label.lower())
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{prefix}-", svg)
    svg = svg.replace("<svg ", '<svg role="img" ', 1)
    for placeholder, variable in ((_INK, "--ink"), (_LINE, "--accent"), (_GRID, "--rule")):
        svg = svg.replace(placeholder, f"var({variable})")
    return svg
