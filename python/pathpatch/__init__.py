"""Path patching results in a notebook.

    import pathpatch

    widget = pathpatch.show(values, component="k", metric="normalized-logit-diff")
    widget          # the circuit; click an edge, press M to mark it
    widget.edge     # Edge(sender='a0.h3', receiver='a1.h3<k>')
    widget.marked   # what the reader has marked

Works in Jupyter, Colab, marimo and VS Code, without a network. ``pathpatch.edges`` gives a result's edges as rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

from ._convert import Options, saved_of
from ._graph import Edge
from ._saved import Table, table_of
from ._widget import PathPatching

__all__ = ["Edge", "PathPatching", "Table", "edges", "show"]
__version__ = version("pathpatch")

Component = Literal["q", "k", "v"]
Direction = Literal["denoise", "noise"]
Scores = Literal["exact", "estimate", "eap", "eap-ig"]
Prompts = tuple[str, str] | tuple[Sequence[str], Sequence[str]]


def show(
    result: Any,
    *,
    component: Component | None = None,
    source: tuple[int, int] | None = None,
    clean: float | None = None,
    corrupted: float | None = None,
    metric: str | None = None,
    prompts: Prompts | None = None,
    answer: str | None = None,
    distractor: str | None = None,
    direction: Direction | None = None,
    scores: Scores | None = None,
    model: str | None = None,
    effects: bool | None = None,
    edge: Edge | tuple[str, str] | str | None = None,
    view: Literal["circuit", "grids", "table"] | None = None,
    title: str | None = None,
    theme: Literal["auto", "light", "dark"] | None = None,
    height: int | None = None,
) -> PathPatching:
    """Show a result of path patching as a circuit.

    ``result`` is one of

    - a saved result of pathpatch's page, "JSON" or "Figure JSON", as a dict or its path;
    - a graph as ``pathpatch graph`` or EAP-IG's ``Graph.to_json`` writes it, as a dict or its path, or EAP-IG's ``Graph``;
    - what ``pathpatch sweep`` prints;
    - values of the metric between heads, ``[layers, heads, layers, heads]``, source first, as TransformerLens's
      ``get_act_patch_direct_path_all_sources`` gives them, with ``component`` saying which input was patched; a dict of such
      arrays by ``"q"``, ``"k"`` and ``"v"``; or ``[layers, heads]`` with ``source=(layer, head)``, as
      ``get_act_patch_direct_path`` gives it;
    - scores ``[senders, receivers]``, positive where the edge helps, as ``pathpatch graph --out FILE.npy`` writes them and
      EAP-IG's ``Graph.scores`` has them; or the path of such an NPY file.

    Arrays are NumPy's, PyTorch's or any that has ``tolist``, or lists of these or of numbers. NaN is what is not known.

    An array says nothing of itself, so the rest is for you to tell.

    - ``clean`` and ``corrupted`` are the metric of both runs. Values between heads are compared with them and need them;
      with ``metric="normalized-logit-diff"`` they are 1 and 0, and with ``effects=True`` the values are changes of the
      metric. Graphs and scores are shown as changes alone where both are left out.
    - ``metric`` is the metric's name, one of pathpatch's or your own.
    - ``prompts`` are the clean and the corrupted prompt, as two texts or as two lists of tokens as ``model.to_str_tokens``
      gives them. ``answer`` and ``distractor`` are texts.
    - ``direction`` is ``"denoise"`` where the corrupted run was patched, the default between heads, or ``"noise"`` where the
      clean one was, the default of EAP-IG's graphs. Scores ``[senders, receivers]`` have no default.
    - ``scores`` says how the numbers were made, ``"exact"``, ``"estimate"``, ``"eap"`` or ``"eap-ig"``; estimates are drawn as
      such. Values between heads are exact unless you say otherwise, graphs and scores are estimates.

    ``edge`` is the edge to begin with; by default the one that a saved result looks at, else the strongest. The widget's
    ``edge``, ``marked``, ``view``, ``theme``, ``title`` and ``height`` can be read, set and observed.
    """
    options = Options(component, source, clean, corrupted, metric, prompts, answer, distractor, direction, scores, model, effects)
    return PathPatching(saved_of(result, options), edge=edge, view=view, title=title, theme=theme, height=height)


def edges(
    result: Any,
    *,
    component: Component | None = None,
    source: tuple[int, int] | None = None,
    clean: float | None = None,
    corrupted: float | None = None,
    metric: str | None = None,
    prompts: Prompts | None = None,
    answer: str | None = None,
    distractor: str | None = None,
    direction: Direction | None = None,
    scores: Scores | None = None,
    model: str | None = None,
    effects: bool | None = None,
) -> list[dict[str, Any]]:
    """The edges of a result, the largest effect first, as rows for ``pandas.DataFrame``.

    ``result`` and the options that say what it is are those of :func:`show`. A row has ``from``, ``to``, ``score`` (positive
    where the edge helps), ``effect`` (the change of the metric), ``value`` (the metric with the edge patched; ``None`` where
    the metric of both runs is not known), ``kind`` (``exact`` or ``estimate``) and ``std_dev`` (over the pairs of prompts).
    """
    options = Options(component, source, clean, corrupted, metric, prompts, answer, distractor, direction, scores, model, effects)
    return table_of(saved_of(result, options)).rows()
