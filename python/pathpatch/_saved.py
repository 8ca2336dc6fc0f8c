"""The page's saved results: made of a table of edges, and read as one.

``docs/embedding.md`` in the repository says what they contain. All that is shown is first made into one, and the same file
opens on the page.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ._graph import PORTS, Edge, Nodes, parse_node

VERSION = 2
#: What a browser draws at once, and a notebook's file can bear: all edges of GPT-2 medium, not of GPT-2 XL.
MOST_EDGES = 250_000
METRICS = ("logit-diff", "normalized-logit-diff", "log-prob", "prob", "prob-diff", "kl")
SCORES = ("exact", "estimate", "eap", "eap-ig")
DIRECTIONS = ("denoise", "noise")


@dataclass(frozen=True)
class Table:
    """What is known of a model's edges; ``values`` and ``std_devs`` stand beside ``places``."""

    nodes: Nodes
    places: Sequence[int]
    #: The metric with the edge patched; effects where the baselines are not known.
    values: Sequence[float]
    #: Standard deviations over the pairs of prompts; empty where there are none.
    std_devs: Sequence[float] = ()
    estimates: frozenset[int] = frozenset()
    direction: str = "denoise"
    #: The metric of both runs; ``None`` where it is not known.
    clean: float | None = None
    corrupted: float | None = None

    @property
    def base(self) -> float:
        """The metric of the run that is patched; 0 where the values are effects."""
        if self.clean is None or self.corrupted is None:
            return 0.0
        return self.corrupted if self.direction == "denoise" else self.clean

    @property
    def has_baselines(self) -> bool:
        """Whether the metric of both runs is known."""
        return self.clean is not None and self.corrupted is not None

    @cached_property
    def order(self) -> list[int]:
        """The known edges, the largest effect first, as indices of ``places``."""
        base, values = self.base, self.values
        return sorted(range(len(values)), key=lambda i: -abs(values[i] - base))

    def strongest(self, most: int | None = None) -> Iterator[tuple[Edge, float]]:
        """The known edges with their effects, the largest first."""
        for i in self.order[:most]:
            yield self.nodes.edge(self.places[i]), self.values[i] - self.base

    def rows(self) -> list[dict[str, Any]]:
        """Every known edge as a row for a data frame, the largest effect first."""
        sign = 1 if self.direction == "denoise" else -1
        rows = []
        for i, (edge, effect) in zip(self.order, self.strongest()):
            is_estimate = self.places[i] in self.estimates
            rows.append(
                {
                    "from": edge.sender,
                    "to": edge.receiver,
                    "score": sign * effect + 0.0,
                    "effect": effect,
                    "value": self.values[i] if self.has_baselines else None,
                    "kind": "estimate" if is_estimate else "exact",
                    "std_dev": self.std_devs[i] if self.std_devs and not is_estimate else None,
                }
            )
        return rows

    def lead(self) -> Edge:
        """Where to look first: the strongest edge between heads and MLPs, or the strongest of all."""
        inner = (edge for edge, effect in self.strongest() if effect and edge.sender != "input" and edge.receiver != "logits")
        return next(inner, None) or next(self.strongest())[0]

    def cut(self, most: int) -> Table:
        """The table with no more than its strongest edges."""
        if len(self.places) <= most:
            return self
        kept = self.order[:most]
        places = [self.places[i] for i in kept]
        return replace(
            self,
            places=places,
            values=[self.values[i] for i in kept],
            std_devs=[self.std_devs[i] for i in kept] if self.std_devs else (),
            estimates=self.estimates.intersection(places),
        )


@dataclass
class About:
    """What a saved result says beside its edges."""

    metric: str | None = None
    patch: str = "resample"
    layer_norm: str = "exact"
    scores: str = "exact"
    steps: int | None = None
    model: str | None = None
    revision: str | None = None
    d_model: int | None = None
    #: Texts of each pair: clean, corrupted, answer, distractor.
    pairs: list[tuple[str, str, str, str]] = field(default_factory=list)
    #: Labels of the tokens of the first pair's prompts.
    tokens: tuple[list[str], list[str]] | None = None
    prepend_bos: bool = True
    position: int | None = None
    check: dict[str, Any] | None = None
    edges: int = 30


def make(table: Table, about: About) -> dict[str, Any]:
    """A saved result of version 2."""
    if not table.places:
        raise ValueError("result: expected at least one edge with a value, got none")
    if len(table.places) > MOST_EDGES:
        warnings.warn(f"the {MOST_EDGES:,} strongest of {len(table.places):,} edges are kept", stacklevel=4)
        table = table.cut(MOST_EDGES)
    sorted_places = sorted(range(len(table.places)), key=lambda i: table.places[i])
    nodes = table.nodes
    edges: dict[str, Any] = {
        "senders": list(nodes.senders),
        "receivers": list(nodes.receivers),
        "reach": list(nodes.reach),
        "indices": [table.places[i] for i in sorted_places],
        "values": [short(table.values[i]) for i in sorted_places],
        "estimates": sorted(table.estimates),
        "scores": about.scores,
        "steps": about.steps,
        "check": about.check,
    }
    if table.std_devs:
        edges["stdDev"] = [short(table.std_devs[i]) for i in sorted_places]
    is_known = about.metric in METRICS
    return {
        "pathpatch": VERSION,
        "made": None,
        "model": {
            "name": about.model or "",
            "source": None,
            "revision": about.revision,
            **({} if about.d_model is None else {"dModel": about.d_model}),
        },
        "settings": settings(table, about),
        "view": {"from": None, "to": None, "port": None, "node": None, "edges": about.edges, "least": 0, "pair": 0},
        "tokens": None if about.tokens is None else [tokens(about.tokens)],
        "cleanMetric": table.clean if table.has_baselines else None,
        "corruptedMetric": table.corrupted if table.has_baselines else None,
        **({} if is_known else {"metricName": about.metric or "the metric"}),
        "edges": edges,
    }


def settings(table: Table, about: About) -> dict[str, Any]:
    """The form as it would be filled in to ask this."""
    first = about.pairs[0] if about.pairs else ("", "", "", "")
    clean, corrupted, answer, distractor = first
    lines = "\n".join("\t".join(pair) for pair in about.pairs) if len(about.pairs) > 1 else ""
    return {
        "mode": "lines" if lines else "one",
        "clean": clean,
        "corrupted": corrupted,
        "answer": answer,
        "distractor": distractor,
        "lines": lines,
        "fillings": "",
        "metric": about.metric if about.metric in METRICS else "logit-diff",
        "direction": table.direction,
        "patch": about.patch,
        "layerNorm": about.layer_norm,
        "prependBos": about.prepend_bos,
        "position": about.position,
        "scope": "all",
        "strongest": 1000,
    }


def tokens(of: tuple[list[str], list[str]]) -> dict[str, Any]:
    """Tokens by their texts; a notebook's labels have no ids, so that each text has one of its own by which prompts differ."""
    ids = {text: i for i, text in enumerate(dict.fromkeys(text for prompt in of for text in prompt))}
    clean, corrupted = ([{"id": ids[text], "text": text} for text in prompt] for prompt in of)
    return {"clean": clean, "corrupted": corrupted}


def short(value: float) -> float:
    """The number to nine digits, which make the same float32 again."""
    return float(f"{value:.9g}")


def table_of(saved: Mapping[str, Any]) -> Table:
    """The edges of a saved result, of version 1 or 2."""
    version = saved.get("pathpatch")
    if version not in (1, VERSION):
        raise ValueError(f'saved result: expected {{"pathpatch": {VERSION}, …}} or version 1, got {version!r}')
    with _reading():
        return _by_names(saved) if "edges" in saved else _between_heads(saved)


@contextmanager
def _reading() -> Iterator[None]:
    """What a saved result lacks is told as such."""
    try:
        yield
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"saved result: expected a file that the page has saved, got one whose {error} is missing or wrong") from error


def looked_at(saved: Mapping[str, Any], table: Table) -> Edge | None:
    """The edge that a saved result looks at; ``None`` where it leaves that open."""
    with _reading():
        view = saved["view"]
        if "edges" in saved:
            ends = view["from"], view["to"]
        else:
            src, dst = (end and f"a{end['layer']}.h{end['head']}" for end in (view["src"], view["dst"]))
            ends = src, dst and f"{dst}<{view['component']}>"
    known = set(table.nodes.receivers)
    return Edge(*ends) if ends[0] is not None and ends[1] in known else None


def looking_at(saved: Mapping[str, Any], edge: Edge) -> dict[str, Any]:
    """The same result, with its view on an edge."""
    sender, receiver = parse_node(edge.sender), parse_node(edge.receiver)
    if "edges" in saved:
        ends: dict[str, Any] = {"from": edge.sender, "to": edge.receiver, "port": None, "node": None}
    else:
        src, dst = ({"layer": end.layer, "head": end.head} for end in (sender, receiver))
        ends = {"src": src, "dst": dst, "component": receiver.port}
    return {**saved, "view": {**saved["view"], **ends}}


def _by_names(saved: Mapping[str, Any]) -> Table:
    edges = saved["edges"]
    nodes = Nodes(tuple(edges["senders"]), tuple(edges["receivers"]), tuple(edges["reach"]))
    for name in (*nodes.senders, *nodes.receivers):
        parse_node(name)
    places = edges["indices"]
    _check_places(nodes, places, edges["values"])
    return Table(
        nodes=nodes,
        places=places,
        values=edges["values"],
        std_devs=edges.get("stdDev") or (),
        estimates=frozenset(edges["estimates"]),
        direction=saved["settings"]["direction"],
        clean=saved["cleanMetric"],
        corrupted=saved["corruptedMetric"],
    )


def _between_heads(saved: Mapping[str, Any]) -> Table:
    """Files from before edges had names: three grids ``[layers, heads, layers, heads]``, source first."""
    layers, heads = saved["layers"], saved["heads"]
    nodes = Nodes.between_heads(layers, heads)
    places: list[int] = []
    values: list[float] = []
    std_devs: list[float] = []
    estimates: list[int] = []
    for port in PORTS:
        grid = saved["components"][port]
        place = head_place(nodes, layers, heads, port)
        places += map(place, grid["indices"])
        values += grid["values"]
        std_devs += grid.get("spread") or []
        estimates += map(place, grid["estimates"])
    _check_places(nodes, places, values)
    return Table(
        nodes=nodes,
        places=places,
        values=values,
        std_devs=std_devs if len(std_devs) == len(places) else (),
        estimates=frozenset(estimates),
        clean=saved["cleanMetric"],
        corrupted=saved["corruptedMetric"],
    )


def head_place(nodes: Nodes, layers: int, heads: int, port: str) -> Callable[[int], int]:
    """From a place in ``[layers, heads, layers, heads]`` to one among named nodes."""
    columns = {name: column for column, name in enumerate(nodes.receivers)}
    column_of = [columns[f"a{layer}.h{head}<{port}>"] for layer in range(layers) for head in range(heads)]

    def place(index: int) -> int:
        row, column = divmod(index, layers * heads)
        return row * len(nodes.receivers) + column_of[column]

    return place


def _check_places(nodes: Nodes, places: Sequence[int], values: Sequence[float]) -> None:
    if len(places) != len(values):
        raise ValueError(f"saved result: expected as many values as edges ({len(places)}), got {len(values)}")
    if not all(map(math.isfinite, values)):
        raise ValueError("saved result: expected finite values, got NaN or infinity")
    size = len(nodes.senders) * len(nodes.receivers)
    wrong = next((place for place in places if not (0 <= place < size and nodes.has_path(place))), None)
    if wrong is not None:
        raise ValueError(f"saved result: expected edges from earlier nodes into later ones, got place {wrong}")
