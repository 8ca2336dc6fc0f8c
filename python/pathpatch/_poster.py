"""The circuit as a still picture: what is seen where no widget runs.

It is drawn as the page draws it: from the input at the foot to the logits at the top, heads of a layer beside each other
and MLPs in a column of their own half a row higher; the width of an edge is the size of its effect, blue raises the metric,
red lowers it.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from html import escape

from ._graph import PORTS, Edge, parse_node
from ._saved import Table

MOST_EDGES = 30

_RAISES, _LOWERS, _CHOSEN = "#1f62b5", "#b3302a", "#ffd75e"
_INK, _SECOND, _LINE, _DOT = "#1b1a18", "#55524c", "#dedad1", "#c9c4b9"
_LEFT, _TOP, _ROW, _BAR, _CHIP = 44, 12, 44, 24, 20
_WIDTH = 760
#: Where a head's inputs stand at its foot, from its middle.
_PORT_AT = {"q": -9, "k": 0, "v": 9}

Point = tuple[float, float]


def svg(table: Table, title: str, edge: Edge | None) -> str:
    """A picture of the strongest edges as SVG, with its words for a screen reader."""
    strongest = _drawn(table)
    layers, heads = table.nodes.layers, table.nodes.heads
    column = (_WIDTH - _LEFT) / (heads + 1)
    height = 2 * (_TOP + _BAR) + _ROW * (layers + 1)
    chip = min(column - 4, 44)

    def at(node: str) -> Point:
        name = parse_node(node)
        rows = name.layer + (0.5 if name.kind == "mlp" else 0)
        x = _LEFT + column * ((heads if name.kind == "mlp" else name.head) + 0.5)
        return x, height - _TOP - _BAR - _ROW * (rows + 1)

    used = {node for (sender, receiver), _ in strongest for node in (sender, parse_node(receiver).node)}
    every = [*table.nodes.senders, *(parse_node(name).node for name in table.nodes.receivers)]
    parts = [_bar("input · token embedding", height - _TOP - _BAR)] if "input" in every else []
    parts += [_bar("logits", _TOP)] if "logits" in every else []
    for layer in range(layers):
        y = at(f"a{layer}.h0")[1]
        parts.append(_text(_LEFT - 14, y, str(layer), _SECOND, "end"))
    for node in dict.fromkeys(every):
        if node not in used and node not in ("input", "logits"):
            x, y = at(node)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8" fill="{_DOT}"/>')
    reach = max((abs(effect) for _, effect in strongest), default=1)
    for one, effect in reversed(strongest):
        parts.append(_path(one, effect, reach, at, height, one == edge))
    for node in sorted(used - {"input", "logits"}):
        x, y = at(node)
        name = parse_node(node)
        label = f"m{name.layer}" if name.kind == "mlp" else f"{name.layer}.{name.head}"
        fill = _CHOSEN if edge and node in (edge.sender, parse_node(edge.receiver).node) else "#fff"
        parts.append(
            f'<rect x="{x - chip / 2:.1f}" y="{y - _CHIP / 2:.1f}" width="{chip:.1f}" height="{_CHIP}" '
            f'rx="{0 if name.kind == "mlp" else 4}" fill="{fill}" stroke="{_INK}"/>'
        )
        parts.append(_text(x, y, label, _INK, "middle"))
    words = escape(_words(table, title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{words}" style="max-width:100%;height:auto;background:#fff" '
        f'font-family="system-ui, sans-serif" font-size="11"><title>{words}</title>{"".join(parts)}</svg>'
    )


def html(table: Table, title: str, edge: Edge | None) -> str:
    """The picture with its title and what it shows, as HTML without scripts.

    SVG goes in as an image, because pages that clean an output of what could run, such as JupyterLab for notebooks that are
    not trusted, take out SVG elements and leave images.
    """
    heading = f"<strong>{escape(title)}</strong>" if title else ""
    called = title or "Circuit"
    picture = b64encode(svg(table, called, edge).encode()).decode()
    return (
        f'<figure style="margin:0;max-width:{_WIDTH}px;color:{_INK};background:#fff;font:13px/1.5 system-ui,sans-serif">{heading}'
        f'<img src="data:image/svg+xml;base64,{picture}" alt="{escape(_words(table, called))}" style="max-width:100%;height:auto">'
        f"<figcaption>{escape(caption(table))}</figcaption></figure>"
    )


def _words(table: Table, title: str) -> str:
    """What the picture is, for those who do not see it."""
    return f"{title}: {caption(table)}"


def caption(table: Table) -> str:
    """What the picture shows, in words."""
    first, effect = next(table.strongest())
    drawn = _drawn(table)
    estimates = sum(table.nodes.place(edge) in table.estimates for edge, _ in drawn)
    guessed = "an estimate" if estimates == 1 else "estimates"
    kind = "exact" if estimates == 0 else guessed if estimates == len(drawn) else f"{estimates} of them {guessed}"
    strongest = f"The strongest is {first}, {_signed(effect)}." if effect else "None has an effect."
    count = "" if len(drawn) == 1 else f"{len(drawn)} "
    return (
        f"The {count}strongest of {sum(table.nodes.reach):,} edges ({kind}); "
        f"blue raises the metric, red lowers it. {strongest}"
    )


def _signed(effect: float) -> str:
    """Three digits, and a real minus sign."""
    size = abs(effect)
    text = f"{size:.2e}" if not 1e-4 <= size < 1e6 else f"{size:,.{max(0, 2 - math.floor(math.log10(size)))}f}"
    return f"{'+' if effect > 0 else '−'}{text}"


def _drawn(table: Table) -> list[tuple[Edge, float]]:
    return [(edge, effect) for edge, effect in table.strongest(MOST_EDGES) if effect]


def _bar(label: str, y: float) -> str:
    x = _LEFT
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH - x - 8}" height="{_BAR}" rx="4" fill="#fff" stroke="{_LINE}"/>'
        + _text((_WIDTH + x) / 2, y + _BAR / 2, label, _INK, "middle")
    )


def _text(x: float, y: float, text: str, colour: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y + 4:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'


def _path(edge: Edge, effect: float, reach: float, at: Callable[[str], Point], height: float, is_chosen: bool) -> str:
    """A curve from the sender's top into the receiver's foot, beside its letter where that is a head's input."""
    to = parse_node(edge.receiver)
    end: Point = (0, _TOP + _BAR) if to.kind == "logits" else at(to.node)
    if to.kind != "logits":
        end = (end[0] + _PORT_AT.get(to.port or "k", 0), end[1] + _CHIP / 2 + (8 if to.port else 0))
    start: Point = (end[0], height - _TOP - _BAR) if edge.sender == "input" else at(edge.sender)
    if edge.sender != "input":
        start = (start[0], start[1] - _CHIP / 2)
    if to.kind == "logits":
        end = (start[0] if edge.sender != "input" else _WIDTH / 2, end[1])
        start = (end[0], start[1]) if edge.sender == "input" else start
    bend = max(14.0, (start[1] - end[1]) / 2)
    d = (
        f"M{start[0]:.1f},{start[1]:.1f}C{start[0]:.1f},{start[1] - bend:.1f} "
        f"{end[0]:.1f},{end[1] + bend:.1f} {end[0]:.1f},{end[1]:.1f}"
    )
    colour = _RAISES if effect > 0 else _LOWERS
    width = 0.75 + 5.25 * abs(effect) / reach
    halo = f'<path d="{d}" fill="none" stroke="{_CHOSEN}" stroke-width="{width + 6:.2f}"/>' if is_chosen else ""
    line = f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" stroke-opacity="{1 if is_chosen else 0.6}"/>'
    if to.port is None:
        return halo + line
    x, y = end[0], end[1] - 4
    letter = f'<text x="{x:.1f}" y="{y + 2.5:.1f}" fill="{colour}" font-size="9" font-weight="700" text-anchor="middle">{to.port}</text>'
    return halo + line + letter
