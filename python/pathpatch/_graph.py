"""Nodes and edges of a GPT-2, by the names and in the order of EAP-IG's files.

``input`` is the token embedding, ``a9.h6`` head 6 of layer 9, ``m3`` the MLP of layer 3; they write. ``a10.h7<q>`` is the
query of a head, likewise ``<k>`` and ``<v>``; these, MLPs and ``logits`` read. An edge exists where its sender has written
before its receiver reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

PORTS = ("q", "k", "v")

_HEAD = re.compile(r"a(0|[1-9]\d{0,4})\.h(0|[1-9]\d{0,4})(?:<([qkv])>)?")
_MLP = re.compile(r"m(0|[1-9]\d{0,4})")


class Edge(NamedTuple):
    """An edge by the names of its ends, such as ``Edge("a9.h9", "a10.h7<q>")``.

    It is a tuple and equals one; ``str(edge)`` is its name in EAP-IG's files, ``a9.h9->a10.h7<q>``.
    """

    sender: str
    receiver: str

    def __str__(self) -> str:
        return f"{self.sender}->{self.receiver}"

    @classmethod
    def of(cls, value: object) -> Edge:
        """Read an edge: a pair of names, or one name such as ``a9.h9->a10.h7<q>``."""
        ends = value.split("->") if isinstance(value, str) else value
        if not isinstance(ends, Sequence) or len(ends) != 2 or not all(isinstance(end, str) for end in ends):
            raise ValueError(f'edge: expected two names such as ("a9.h9", "a10.h7<q>"), got {value!r}')
        return cls(*ends)


class NodeName(NamedTuple):
    """A name taken apart. ``stage`` is how many sublayers have written before the node reads."""

    node: str
    kind: str
    layer: int
    head: int
    port: str | None

    def stage(self, layers: int) -> int:
        """0 for the input, 2l + 1 for heads of layer l, 2l + 2 for its MLP; the logits are above all."""
        if self.kind == "input":
            return 0
        if self.kind == "logits":
            return 2 * layers + 1
        return 2 * self.layer + (1 if self.kind == "head" else 2)


def parse_node(name: str) -> NodeName:
    """Take a node's name apart, or say what names there are."""
    if name in ("input", "logits"):
        return NodeName(name, name, -1, -1, None)
    if match := _MLP.fullmatch(name):
        return NodeName(name, "mlp", int(match[1]), -1, None)
    if match := _HEAD.fullmatch(name):
        return NodeName(name.split("<")[0], "head", int(match[1]), int(match[2]), match[3])
    raise ValueError(f"node: expected input, logits, an MLP such as m3 or a head such as a9.h6 or a9.h6<q>, got {name!r}")


@dataclass(frozen=True)
class Nodes:
    """The senders and receivers that a table of edges has.

    Senders stand in the order in which they write, so the first ones reach a receiver; ``reach`` counts them.
    """

    senders: tuple[str, ...]
    receivers: tuple[str, ...]
    reach: tuple[int, ...]

    @classmethod
    def whole(cls, layers: int, heads: int) -> Nodes:
        """The graph from the embedding to the logits."""
        senders = ["input"]
        receivers: list[tuple[str, int]] = []
        for layer in range(layers):
            ports = [f"a{layer}.h{head}<{port}>" for port in PORTS for head in range(heads)]
            receivers += [(port, len(senders)) for port in ports]
            senders += [f"a{layer}.h{head}" for head in range(heads)]
            receivers.append((f"m{layer}", len(senders)))
            senders.append(f"m{layer}")
        receivers.append(("logits", len(senders)))
        return cls(tuple(senders), *zip(*receivers))

    @classmethod
    def between_heads(cls, layers: int, heads: int, ports: Sequence[str] = PORTS) -> Nodes:
        """Heads alone, with the inputs that are asked for."""
        senders = tuple(f"a{layer}.h{head}" for layer in range(layers) for head in range(heads))
        receivers = [
            (f"a{layer}.h{head}<{port}>", layer * heads)
            for layer in range(layers)
            for port in PORTS
            if port in ports
            for head in range(heads)
        ]
        return cls(senders, *zip(*receivers))

    def place(self, edge: Edge) -> int:
        """Where an edge is in a row-major ``[senders, receivers]`` array; an error where there is no such edge."""
        row, column = self._rows.get(edge.sender), self._columns.get(edge.receiver)
        if row is None:
            raise ValueError(f"edge: expected a sender of this result such as {self.senders[0]}, got {edge.sender!r}")
        if column is None:
            raise ValueError(f"edge: expected a receiver of this result such as {self.receivers[-1]}, got {edge.receiver!r}")
        if row >= self.reach[column]:
            raise ValueError(f"edge: expected a sender that writes before {edge.receiver} reads, got {edge.sender}")
        return row * len(self.receivers) + column

    def edge(self, place: int) -> Edge:
        """The edge at a place."""
        row, column = divmod(place, len(self.receivers))
        return Edge(self.senders[row], self.receivers[column])

    def has_path(self, place: int) -> bool:
        """Whether the sender at a place has written before the receiver reads."""
        row, column = divmod(place, len(self.receivers))
        return row < self.reach[column]

    @cached_property
    def layers(self) -> int:
        """Layers of the model, by the senders' names."""
        return 1 + max(parse_node(name).layer for name in self.senders)

    @cached_property
    def heads(self) -> int:
        """Heads of a layer, by the senders' names."""
        return 1 + max(parse_node(name).head for name in self.senders)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.senders)}

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.receivers)}
