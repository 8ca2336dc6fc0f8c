"""Read the files of `pathpatch graph` as others do: the JSON with EAP-IG, the matrix with NumPy.

    python check_graph.py GRAPH.json SCORES.npy [eap-ig]

Names, counts and order of the JSON are compared with EAP-IG's rules as they are written down below (github.com/hannamw/
EAP-IG, commit 795f560, `Graph.from_model` and `Graph.to_json`), and the matrix with the JSON. With `eap-ig`, its own
`Graph.from_json` reads the file, and its names, order, scores and matrix are compared too; without, that is said. Exits
with 1 where something differs.
"""

import json
import sys

import numpy


def rules(layers: int, heads: int) -> tuple[list[str], list[str], list[str], dict[str, tuple[int, int]]]:
    """Senders, receivers, edges in the order of a file, and the place of each edge in the matrix."""
    senders, receivers, before, edges = ["input"], [], ["input"], []
    for layer in range(layers):
        own = [f"a{layer}.h{head}" for head in range(heads)]
        edges += [f"{sender}->{head}<{port}>" for sender in before for head in own for port in "qkv"]
        before = before + own
        edges += [f"{sender}->m{layer}" for sender in before]
        before = before + [f"m{layer}"]
        senders += own + [f"m{layer}"]
        receivers += [f"{head}<{port}>" for port in "qkv" for head in own] + [f"m{layer}"]
    edges += [f"{sender}->logits" for sender in before]
    receivers.append("logits")
    rows = {name: i for i, name in enumerate(senders)}
    columns = {name: i for i, name in enumerate(receivers)}
    places = {edge: (rows[edge.split("->")[0]], columns[edge.split("->")[1]]) for edge in edges}
    return senders, receivers, edges, places


def same(what: str, ours, theirs) -> None:
    if ours != theirs:
        sys.exit(f"{what}: {str(ours)[:200]} here, {str(theirs)[:200]} there")


def main() -> None:
    path, matrix, *packages = sys.argv[1:]
    with open(path) as file:
        graph = json.load(file)
    cfg, nodes, edges = graph["cfg"], graph["nodes"], graph["edges"]
    senders, receivers, names, places = rules(cfg["n_layers"], cfg["n_heads"])
    same("nodes", list(nodes), senders + ["logits"])
    same("edges", list(edges), names)
    scores = numpy.load(matrix)
    same("shape", scores.shape, (len(senders), len(receivers)))
    same("type", scores.dtype, numpy.dtype("<f4"))
    same("scores without an edge", int(numpy.isfinite(scores).sum()), len(edges))
    for name, place in places.items():
        same(f"score of {name}", float(scores[place]), float(numpy.float32(edges[name]["score"])))
    print(f"{len(edges)} edges have the names and the order of EAP-IG's rules, and the scores of the matrix")
    if packages != ["eap-ig"]:
        print("EAP-IG itself has not read the file: it could not be installed, and its rules alone were compared")
        return

    from eap.graph import Graph

    theirs = Graph.from_json(path)
    same("nodes of EAP-IG", list(nodes), list(theirs.nodes))
    same("edges of EAP-IG", list(edges), list(theirs.edges))
    same("edges in EAP-IG's circuit", sum(edge["in_graph"] for edge in edges.values()), int(theirs.in_graph.sum()))
    for name, edge in theirs.edges.items():
        same(f"EAP-IG's score of {name}", float(edge.score), float(numpy.float32(edges[name]["score"])))
        same(f"EAP-IG's in_graph of {name}", bool(edge.in_graph), edges[name]["in_graph"])
    same("EAP-IG's matrix", numpy.array_equal(theirs.scores.numpy(), numpy.nan_to_num(scores)), True)
    print("EAP-IG's Graph.from_json reads the file: the same nodes, edges, order, scores and matrix")


if __name__ == "__main__":
    main()
