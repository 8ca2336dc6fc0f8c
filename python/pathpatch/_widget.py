"""The widget: a result as a picture that one can look around in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from . import _poster
from ._graph import Edge
from ._saved import Table, looked_at, looking_at, table_of

_SCRIPT = Path(__file__).parent / "static" / "widget.js"
if not _SCRIPT.exists():
    raise ImportError("pathpatch: the widget's script is not built: run `cargo xtask python` in the repository, and install its wheel")

VIEWS = ("circuit", "grids", "table")
THEMES = ("auto", "light", "dark")


class EdgeTrait(traitlets.TraitType):
    """An :class:`Edge`; a pair of names or one name such as ``a9.h9->a10.h7<q>`` becomes one."""

    info_text = 'an edge such as ("a9.h9", "a10.h7<q>")'

    def validate(self, obj: traitlets.HasTraits, value: object) -> Edge | None:
        try:
            return Edge.of(value)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error


class PathPatching(anywidget.AnyWidget):
    """A result of path patching in a notebook. ``pathpatch.show`` makes one.

    ``edge`` is the edge that is looked at and ``marked`` the list of those that the reader has marked, with the button or
    the key M. Both may be set as well, and observed: ``widget.observe(print, "edge")``. To change ``marked``, set another
    list; what is appended to the old one is not seen.
    """

    _esm = _SCRIPT
    _data = traitlets.Unicode().tag(sync=True)

    edge = EdgeTrait(allow_none=True).tag(sync=True)
    marked = traitlets.List(EdgeTrait()).tag(sync=True)
    view = traitlets.Enum(VIEWS, default_value="circuit").tag(sync=True)
    theme = traitlets.Enum(THEMES, default_value="auto").tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    #: Pixels; what does not fit is scrolled. ``None`` takes what the picture needs.
    height = traitlets.Int(None, allow_none=True, min=200).tag(sync=True)

    def __init__(self, saved: dict[str, Any], **traits: Any) -> None:
        self._table = table_of(saved)
        told = {"edge": looked_at(saved, self._table) or self._table.lead(), "title": saved.get("title") or ""}
        given = {**told, **{name: value for name, value in traits.items() if value is not None}}
        begun = looking_at(saved, Edge.of(given["edge"]))
        super().__init__(_data=json.dumps(begun, ensure_ascii=False, allow_nan=False), **given)

    @traitlets.validate("edge")
    def _validate_edge(self, proposal: dict[str, Any]) -> Edge | None:
        return self._known(proposal["value"])

    @traitlets.validate("marked")
    def _validate_marked(self, proposal: dict[str, Any]) -> list[Edge]:
        # An edge is marked or not: twice is once.
        return list(dict.fromkeys(self._known(edge) for edge in proposal["value"]))

    def _known(self, edge: Edge | None) -> Edge | None:
        """The edge, where the result has it."""
        try:
            if edge is not None:
                self._table.nodes.place(edge)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error
        return edge

    def edges(self) -> list[dict[str, Any]]:
        """Every known edge, the largest effect first: rows for ``pandas.DataFrame``."""
        return self._table.rows()

    @property
    def table(self) -> Table:
        """What is known of the edges."""
        return self._table

    def svg(self) -> str:
        """The strongest edges as a still picture."""
        return _poster.svg(self._table, self.title or "Circuit", self.edge)

    def _repr_html_(self) -> str:
        return _poster.html(self._table, self.title, self.edge)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        # Where a notebook is read and not run: nbconvert, JupyterLab where it does not trust the notebook.
        return {**data, "text/plain": repr(self), "text/html": self._repr_html_()}, metadata

    def __repr__(self) -> str:
        nodes = self._table.nodes
        return f"PathPatching({nodes.layers} layers, {nodes.heads} heads, {len(self._table.places):,} edges, edge={str(self.edge)!r})"
