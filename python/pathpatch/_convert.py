"""From what a notebook has to a saved result: files, graphs, tensors."""

from __future__ import annotations

import json
import math
import operator
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Integral
from pathlib import Path
from typing import Any

from ._arrays import is_array, known_number, nested, numbers, shape_of, single_number
from ._graph import PORTS, Edge, Nodes, parse_node
from ._saved import DIRECTIONS, SCORES, About, Table, head_place, make

#: How tokenizers write the start of a text: ``<|endoftext|>``, ``<s>``, ``[CLS]``.
_START = re.compile(r"<.+>|\[.+\]")

#: What no token's text has, and prompts do: a space between two words.
_WORDS = re.compile(r"\S\s+\S")

#: As many edges as the circuit can show and be read.
MOST_DRAWN = 400

EXPECTED = (
    "a saved result or its path, a graph as EAP-IG or `pathpatch graph` writes it, an EAP-IG Graph, an array "
    "[layers, heads, layers, heads], a dict of such arrays by 'q', 'k' and 'v', or an array [senders, receivers]"
)


@dataclass(frozen=True)
class Options:
    """What an array or a graph does not say itself; ``None`` where it is not told."""

    component: str | None = None
    source: tuple[int, int] | None = None
    clean: float | None = None
    corrupted: float | None = None
    metric: str | None = None
    prompts: tuple[Any, Any] | None = None
    answer: str | None = None
    distractor: str | None = None
    direction: str | None = None
    scores: str | None = None
    model: str | None = None
    effects: bool | None = None

    def refuse(self, names: Sequence[str], because: str) -> None:
        """An option that would be passed over is an error."""
        given = [name for name in names if getattr(self, name) is not None]
        if given:
            raise TypeError(f"{given[0]}: expected no such option, because {because}")

    def checked(self) -> Options:
        """The options as plain Python values, or an error for what no result can take."""
        for name, known in (("component", PORTS), ("direction", DIRECTIONS), ("scores", SCORES)):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")
        for name in ("metric", "answer", "distractor", "model"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{name}: expected a text, got {type(value).__name__}")
        if self.effects is not None and not isinstance(self.effects, bool):
            raise TypeError(f"effects: expected True or False, got {self.effects!r}")
        for name, other in (("clean", "corrupted"), ("corrupted", "clean")):
            if getattr(self, name) is not None and getattr(self, other) is None:
                raise TypeError(f"{other}: expected the metric of this run too, got {name} alone")
        clean, corrupted = (
            None if value is None else single_number(value, name)
            for name, value in (("clean", self.clean), ("corrupted", self.corrupted))
        )
        return replace(self, clean=clean, corrupted=corrupted, source=_head(self.source))

    def baselines(self) -> tuple[float | None, float | None]:
        """The metric of the clean and the corrupted run, as far as they are known."""
        if self.clean is None and self.metric == "normalized-logit-diff":
            return 1.0, 0.0
        return self.clean, self.corrupted


def _head(source: Any) -> tuple[int, int] | None:
    if source is None:
        return None
    try:
        layer, head = map(operator.index, source)
    except (TypeError, ValueError) as error:
        raise TypeError(f"source: expected two whole numbers, (layer, head), got {source!r}") from error
    return layer, head


ALL = tuple(option.name for option in fields(Options))


def saved_of(result: Any, options: Options) -> dict[str, Any]:
    """What is shown of a result, as the page saves it."""
    options = options.checked()
    if isinstance(result, (str, os.PathLike)):
        return _of_file(Path(result), options)
    if isinstance(result, Mapping):
        return _of_mapping(result, options)
    if is_array(result):
        return _of_array(result, options)
    if isinstance(getattr(result, "edges", None), Mapping) and hasattr(result, "cfg"):
        return _of_graph(_graph_object(result), options)
    if callable(getattr(result, "to_json", None)):
        return _of_graph(_written_graph(result), options)
    raise TypeError(f"result: expected {EXPECTED}, got {type(result).__name__}")


def _of_file(path: Path, options: Options) -> dict[str, Any]:
    if path.suffix == ".npy":
        try:
            import numpy
        except ImportError as error:
            raise ImportError(f"result: expected NumPy to be installed for {path}: pip install numpy") from error
        return _of_array(numpy.load(path, allow_pickle=False), options)
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"result: expected JSON or NPY in {path}, got {error}") from error
    if not isinstance(read, dict):
        raise ValueError(f"result: expected {EXPECTED} in {path}, got a JSON {type(read).__name__}")
    return _of_mapping(read, options)


def _of_mapping(result: Mapping[str, Any], options: Options) -> dict[str, Any]:
    if "cfg" in result and "edges" in result:
        return _of_graph(result, options)
    if "pathpatch" in result:
        options.refuse(ALL, "a saved result says so itself")
        return dict(result)
    if "values" in result and "component" in result:
        return _of_sweep(result, options)
    if result and all(key in PORTS for key in result):
        options.refuse(("component",), "the dict's keys say so")
        return _between_heads(dict(result), options)
    keys = ", ".join(map(str, list(result)[:6])) or "none"
    raise ValueError(f"result: expected {EXPECTED}, got a dict with the keys {keys}")


# Graphs


def _graph_object(graph: Any) -> dict[str, Any]:
    """An EAP-IG ``Graph`` as its own ``to_json`` writes it."""
    edges = {
        name: {"score": None if edge.score is None else float(edge.score), "in_graph": bool(edge.in_graph)}
        for name, edge in graph.edges.items()
    }
    return {"cfg": dict(graph.cfg), "edges": edges}


def _written_graph(graph: Any) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "graph.json")
        graph.to_json(str(path))
        read = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(read, dict) or "cfg" not in read or "edges" not in read:
        raise TypeError(f"result: expected {EXPECTED}, got {type(graph).__name__}, whose to_json writes no graph")
    return read


def _of_graph(graph: Mapping[str, Any], options: Options) -> dict[str, Any]:
    options.refuse(("component", "source"), "a graph has all edges")
    options.refuse(("effects",), "a graph's scores are changes of the metric")
    cfg = graph["cfg"]
    if cfg.get("parallel_attn_mlp"):
        raise ValueError("graph: expected MLPs that read after the heads of their layer, as in GPT-2, got parallel_attn_mlp")
    nodes = Nodes.whole(*(_count(cfg, name) for name in ("n_layers", "n_heads")))
    block = graph.get("pathpatch") or {}
    if block:
        options.refuse(ALL, "the graph's file says so itself")
    # EAP-IG's base is the clean run. Its files do not tell how scores were made; they are attributions, as a rule.
    direction = block.get("direction") or options.direction or "noise"
    scores = block.get("scores") or options.scores or "estimate"
    if not isinstance(graph["edges"], Mapping) or not all(isinstance(edge, Mapping) for edge in graph["edges"].values()):
        raise ValueError('graph: expected edges by name, {"input->m0": {"score": 0.1}, …}, got something else')
    told = {name: known_number(edge.get("score"), name) for name, edge in graph["edges"].items()}
    known = {name: score for name, score in told.items() if not math.isnan(score)}
    places = [nodes.place(Edge.of(name)) for name in known]
    baselines = (block["clean_metric"], block["corrupted_metric"]) if block else options.baselines()
    table = _scored(nodes, places, list(known.values()), direction, baselines, scores)
    in_graph = sum(bool(edge.get("in_graph")) for edge in graph["edges"].values())
    about = About(
        metric=block.get("metric", options.metric),
        patch=block.get("patch", "resample"),
        layer_norm=block.get("layer_norm", "exact"),
        scores=scores,
        steps=block.get("steps"),
        model=block.get("model", options.model),
        revision=block.get("revision"),
        d_model=cfg.get("d_model"),
        pairs=_prompts_of(block.get("prompts") or []) or _pair(options),
        tokens=_tokens(options),
        prepend_bos=block.get("prepend_bos", True),
        position=block.get("position"),
        check=_check(block.get("check")),
    )
    if 0 < in_graph < len(graph["edges"]):
        about.edges = min(in_graph, MOST_DRAWN)
    return make(table, about)


def _count(cfg: Mapping[str, Any], name: str) -> int:
    """How many layers or heads a graph has."""
    value = cfg.get(name)
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"graph: expected a number of at least 1 as {name} in cfg, got {value!r}")
    return int(value)


def _prompts_of(prompts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Pairs as the form holds them; none where one of them is token ids or does not fit on a line."""
    pairs = []
    for prompt in prompts:
        parts = [prompt.get(key) for key in ("clean", "corrupted", "answer", "distractor")]
        texts = ["|".join(part) if isinstance(part, list) and all(isinstance(one, str) for one in part) else part for part in parts]
        texts = ["" if text is None else text for text in texts]
        if not all(isinstance(text, str) and not re.search(r"[\t\n]", text) for text in texts):
            return []
        pairs.append(tuple(texts))
    return pairs


def _check(check: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return check and {"edges": check["edges"], "largestError": check["largest_error"], "bound": check["bound"]}


def _scored(
    nodes: Nodes,
    places: list[int],
    scores: list[float],
    direction: str,
    baselines: tuple[float | None, float | None],
    kind: str,
) -> Table:
    """Scores, which are positive where the edge helps, as values of the metric."""
    estimates = frozenset() if kind == "exact" else frozenset(places)
    table = Table(nodes, places, scores, (), estimates, direction, *baselines)
    sign = 1 if direction == "denoise" else -1
    return replace(table, values=[table.base + sign * score for score in scores])


# Arrays


def _of_array(result: Any, options: Options) -> dict[str, Any]:
    rows = nested(result)
    shape = shape_of(rows)
    if len(shape) == 4:
        options.refuse(("source",), "an array [layers, heads, layers, heads] has all sources")
        return _between_heads({_component(options): rows}, options)
    if len(shape) == 2 and options.source is not None:
        return _between_heads({_component(options): _from_source(rows, shape, options.source)}, options)
    if len(shape) == 2:
        options.refuse(("component",), "an array [senders, receivers] has every input of a head")
        return _matrix(rows, shape, options)
    raise ValueError(
        "array: expected [layers, heads, layers, heads], [senders, receivers], or [layers, heads] with source=(layer, head), "
        f"got shape {list(shape)}"
    )


def _component(options: Options) -> str:
    if options.component is None:
        raise TypeError('component: expected "q", "k" or "v", the input of the receiving head that was patched, got none')
    return options.component


def _from_source(rows: list, shape: tuple[int, ...], source: tuple[int, int]) -> list:
    """The grid of one source among those of all, where nothing is known of the others."""
    layers, heads = shape
    layer, head = source
    if not (0 <= layer < layers and 0 <= head < heads):
        raise ValueError(f"source: expected a head of {layers} layers with {heads} heads, got {source}")
    nothing = [[math.nan] * heads for _ in range(layers)]
    return [[rows if (l, h) == (layer, head) else nothing for h in range(heads)] for l in range(layers)]


def _between_heads(arrays: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Values of the metric between heads, source first; what has no path is passed over, whatever stands there."""
    wrong = next((port for port in PORTS if port in arrays and not is_array(arrays[port])), None)
    if wrong is not None:
        expected = "an array [layers, heads, layers, heads], source first"
        raise TypeError(f"{wrong}: expected {expected}, got {type(arrays[wrong]).__name__}")
    grids = {port: nested(arrays[port]) for port in PORTS if port in arrays}
    shapes = {port: shape_of(grid) for port, grid in grids.items()}
    (first_port, first), *others = shapes.items()
    for port, shape in shapes.items():
        if len(shape) != 4 or shape[:2] != shape[2:]:
            raise ValueError(f"{port}: expected an array [layers, heads, layers, heads], source first, got shape {list(shape)}")
    for port, shape in others:
        if shape != first:
            raise ValueError(f"{port}: expected the shape of {first_port}, {list(first)}, got {list(shape)}")
    layers, heads = first[:2]
    nodes = Nodes.between_heads(layers, heads, list(grids))
    places: list[int] = []
    values: list[float] = []
    for port, grid in grids.items():
        place_of = head_place(nodes, layers, heads, port)
        for index, value in enumerate(numbers(grid, port)):
            source, destination = divmod(index, layers * heads)
            if destination // heads > source // heads and not math.isnan(value):
                places.append(place_of(index))
                values.append(value)
    if not places:
        raise ValueError("array: expected a number where a head of a later layer reads an earlier one, got none")
    scores = options.scores or "exact"
    estimates = frozenset() if scores == "exact" else frozenset(places)
    table = Table(nodes, places, values, (), estimates, options.direction or "denoise", *options.baselines())
    if options.effects:
        table = replace(table, values=[table.base + effect for effect in values])
    elif not table.has_baselines:
        raise TypeError(
            "clean, corrupted: expected the metric of both runs, with which these values of the metric are compared, got none; "
            'pass clean=… and corrupted=…, or metric="normalized-logit-diff" where they are 1 and 0, '
            "or effects=True where the values are changes of the metric"
        )
    return make(table, _about(options, scores))


def _matrix(rows: list, shape: tuple[int, ...], options: Options) -> dict[str, Any]:
    """Scores ``[senders, receivers]``, as ``pathpatch graph --out FILE.npy`` and EAP-IG's ``Graph.scores`` have them."""
    options.refuse(("effects",), "scores are changes of the metric")
    senders, receivers = shape
    # Senders are 1 + L (H + 1), receivers 1 + L (3 H + 1).
    layers, odd = divmod(3 * (senders - 1) - (receivers - 1), 2)
    heads = (senders - 1) // layers - 1 if layers > 0 else 0
    if odd or heads < 1 or (senders - 1) != layers * (heads + 1):
        raise ValueError(
            "array: expected [senders, receivers] such as [157, 445] for 12 layers of 12 heads, "
            f"or [layers, heads] with source=(layer, head), got shape {list(shape)}"
        )
    nodes = Nodes.whole(layers, heads)
    known = [
        (place, score)
        for place, score in enumerate(numbers(rows, "array"))
        if nodes.has_path(place) and not math.isnan(score)
    ]
    if not known:
        raise ValueError("array: expected a score of an edge, got NaN for all")
    if options.direction is None:
        raise TypeError(
            'direction: expected "denoise" or "noise", the run that was patched, since a score says only whether the edge helps, '
            'got none; EAP-IG patches the clean run, which is "noise"'
        )
    # As for EAP-IG's graphs: whose scores these are is not told, and attributions are the careful guess.
    scores = options.scores or "estimate"
    places, values = ([one[i] for one in known] for i in (0, 1))
    table = _scored(nodes, places, values, options.direction, options.baselines(), scores)
    return make(table, _about(options, scores))


def _of_sweep(sweep: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What ``pathpatch sweep`` prints."""
    options.refuse(
        ("component", "source", "clean", "corrupted", "metric", "direction", "scores", "model", "effects"),
        "the sweep's JSON says so itself",
    )
    told = Options(
        component=sweep["component"],
        source=_head(sweep.get("source")),
        clean=sweep["clean_metric"],
        corrupted=sweep["corrupted_metric"],
        metric=sweep["metric"],
        model=sweep["model"],
        prompts=options.prompts,
        answer=options.answer,
        distractor=options.distractor,
    )
    return _of_array(sweep["values"], told)


def _about(options: Options, scores: str) -> About:
    tokens = _tokens(options)
    return About(
        metric=options.metric,
        scores=scores,
        model=options.model,
        pairs=_pair(options),
        tokens=tokens,
        prepend_bos=tokens is not None and _has_start(tokens),
    )


# Prompts


def _tokens(options: Options) -> tuple[list[str], list[str]] | None:
    """The texts of both prompts' tokens, as ``model.to_str_tokens`` gives them; none where prompts are whole texts."""
    if options.prompts is None or all(isinstance(one, str) for one in _both(options.prompts)):
        return None
    clean, corrupted = map(list, _both(options.prompts))
    words = next((text for text in (*clean, *corrupted) if _WORDS.search(text.strip())), None)
    if words is not None:
        raise ValueError(
            f"prompts: expected tokens' texts, got {words!r}, which is several words; "
            "for a batch, pass one pair of its prompts: prompts=(clean, corrupted)"
        )
    if len(clean) != len(corrupted):
        raise ValueError(f"prompts: expected as many tokens in both, got {len(clean)} and {len(corrupted)}")
    return clean, corrupted


def _pair(options: Options) -> list[tuple[str, str, str, str]]:
    if options.prompts is None:
        options.refuse(("answer", "distractor"), "there are no prompts that it would answer")
        return []
    tokens = _tokens(options)
    clean, corrupted = map(_text_of, tokens) if tokens else _both(options.prompts)
    return [(clean, corrupted, options.answer or "", options.distractor or "")]


def _has_start(tokens: tuple[list[str], list[str]]) -> bool:
    """Whether the prompts begin with the start of a text, which is not one of its words."""
    first = tokens[0][0]
    return first == tokens[1][0] and _START.fullmatch(first) is not None


def _text_of(tokens: list[str]) -> str:
    """The text of tokens; between those of a vocabulary of words there are spaces."""
    words = tokens[1:] if _START.fullmatch(tokens[0]) else tokens
    has_spaces = any(word[:1].isspace() for word in words[1:])
    return ("" if has_spaces else " ").join(words)


def _both(prompts: Any) -> tuple[Any, Any]:
    def is_prompt(value: Any) -> bool:
        is_tokens = isinstance(value, Sequence) and all(isinstance(token, str) for token in value)
        return is_tokens and len(value) > 0 and type(value) is type(prompts[0])

    if isinstance(prompts, str) or not isinstance(prompts, Sequence) or len(prompts) != 2 or not all(map(is_prompt, prompts)):
        raise TypeError("prompts: expected the clean and the corrupted one, both as texts or both as lists of tokens' texts")
    return prompts[0], prompts[1]
