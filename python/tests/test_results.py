"""Each kind of result, and what is read from it."""

import csv
import json
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from pathpatch import edges, show
from pathpatch._convert import Options, saved_of
from pathpatch._graph import Edge, Nodes
from pathpatch._poster import caption
from pathpatch._saved import Table

numpy = pytest.importorskip("numpy")


def saved(result, **options):
    return saved_of(result, Options(**options))


def approx(value):
    return pytest.approx(value, rel=1e-5, abs=1e-7)


def test_a_graphs_rows_are_those_of_its_csv(data):
    with (data / "graph.csv").open() as file:
        told = {(row["from"], row["to"]): row for row in csv.DictReader(file) if row["kind"] == "exact"}
    rows = edges(data / "graph.json")
    assert {(row["from"], row["to"]) for row in rows} == set(told)
    for row in rows:
        line = told[row["from"], row["to"]]
        assert row["score"] == approx(float(line["score"]))
        assert row["value"] == approx(float(line["value"]))
        assert row["kind"] == "exact"
    sizes = [abs(row["effect"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_a_graph_tells_what_was_asked(graph):
    told = saved(graph)
    assert told["settings"]["direction"] == "noise"
    assert told["settings"]["answer"] == "lamp"
    assert told["settings"]["clean"].startswith("fox lamp")
    assert (told["cleanMetric"], told["corruptedMetric"]) == (9.232963, -0.2837119)
    assert told["model"] == {"name": "ioi-demo", "source": None, "revision": None, "dModel": 128}
    assert "metricName" not in told
    assert told["tokens"] is None
    # As many as the file calls its circuit.
    assert told["view"]["edges"] == 20
    assert told["edges"]["check"]["edges"] == 242


def test_the_graph_of_a_batch_is_shown_as_lines(graph):
    (pair,) = graph["pathpatch"]["prompts"]
    graph["pathpatch"]["prompts"] = [pair, {**pair, "answer": ["a", "b"], "distractor": None}]
    settings = saved(graph)["settings"]
    assert settings["mode"] == "lines"
    assert settings["lines"].split("\n")[1].split("\t")[2:] == ["a|b", ""]
    graph["pathpatch"]["prompts"] = [{**pair, "clean": [1, 2]}]
    assert saved(graph)["settings"]["clean"] == ""


def test_the_matrix_has_the_graphs_scores(data, graph):
    rows = edges(data / "graph.npy", direction="noise")
    for row in rows:
        assert row["score"] == approx(graph["edges"][f"{row['from']}->{row['to']}"]["score"])
        assert row["value"] is None
        # Nobody says whether they are more than attributions.
        assert row["kind"] == "estimate"
    assert edges(data / "graph.npy", direction="noise", scores="exact")[0]["kind"] == "exact"
    assert len(rows) == len(graph["edges"])


def test_an_eap_ig_graph_is_read_as_the_file_that_it_writes(graph, tmp_path):
    class Written:
        def to_json(self, path):
            with open(path, "w") as file:
                json.dump({"cfg": graph["cfg"], "nodes": {}, "edges": graph["edges"]}, file)

    class Score(float):
        """As a tensor of one number."""

    by_name = {name: SimpleNamespace(score=Score(edge["score"]), in_graph=edge["in_graph"]) for name, edge in graph["edges"].items()}
    by_name["input->m0"].score = None
    live = SimpleNamespace(cfg=SimpleNamespaceDict(graph["cfg"]), edges=by_name)
    written = saved(Written())
    shown = saved(live)
    assert len(shown["edges"]["indices"]) == len(written["edges"]["indices"]) - 1
    # Attributions of a clean run, as EAP-IG makes them.
    assert written["settings"]["direction"] == "noise"
    assert written["edges"]["scores"] == "estimate"
    assert written["edges"]["estimates"] == written["edges"]["indices"]
    # The matrix of the same scores means the same.
    matrix = numpy.full((16, 40), math.nan)
    nodes = Nodes.whole(3, 4)
    for name, edge in graph["edges"].items():
        matrix.flat[nodes.place(Edge.of(name))] = edge["score"]
    assert edges(matrix, direction="noise") == edges(Written())
    assert written["cleanMetric"] is None
    assert written["metricName"] == "the metric"
    strongest = max(graph["edges"], key=lambda name: abs(graph["edges"][name]["score"]))
    first = edges(Written())[0]
    assert f"{first['from']}->{first['to']}" == strongest
    assert first["score"] == approx(graph["edges"][strongest]["score"])
    assert first["effect"] == -first["score"]


def test_an_edge_without_a_score_is_not_known(graph):
    del graph["pathpatch"]
    names = list(graph["edges"])
    graph["edges"][names[0]] = {"in_graph": True}
    graph["edges"][names[1]]["score"] = math.nan
    graph["edges"][names[2]]["score"] = None
    rows = edges(graph)
    assert {f"{row['from']}->{row['to']}" for row in rows} == set(names[3:])
    sizes = [abs(row["effect"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    json.dumps(saved(graph), allow_nan=False)
    graph["edges"][names[3]]["score"] = -math.inf
    with pytest.raises(ValueError, match=rf"{re.escape(names[3])}: expected finite numbers, .*, got -inf"):
        edges(graph)


class SimpleNamespaceDict(dict):
    """EAP-IG's GraphConfig is a dict whose keys are attributes."""


def test_a_sweep_and_its_values_say_the_same(sweep):
    whole = edges(sweep)
    array = numpy.array(sweep["values"], dtype=float)
    assert edges(array, component="k", metric="normalized-logit-diff") == whole
    assert edges(array.tolist(), component="k", clean=1, corrupted=0) == whole
    assert edges({"k": array}, clean=1.0, corrupted=0.0) == whole
    best = whole[0]
    assert (best["from"], best["to"], best["kind"]) == ("a0.h3", "a1.h3<k>", "exact")
    assert best["value"] == approx(array[0, 3, 1, 3])
    # 3 layers of 4 heads.
    assert len(whole) == 4 * 8 + 4 * 4


def test_one_sources_grid_is_that_part_of_all(sweep):
    array = numpy.array(sweep["values"], dtype=float)
    rows = edges(array[0, 3], component="k", source=(0, 3), clean=1, corrupted=0)
    assert rows == [row for row in edges(sweep) if row["from"] == "a0.h3"]


def test_what_stands_where_there_is_no_path_is_passed_over(sweep):
    array = numpy.array(sweep["values"], dtype=float)
    zeros = numpy.nan_to_num(array, nan=0.0)
    assert edges(zeros, component="k", clean=1, corrupted=0) == edges(array, component="k", clean=1, corrupted=0)


def test_three_inputs_make_one_table(sweep):
    array = numpy.array(sweep["values"], dtype=float)
    arrays = {"v": 3 * array, "q": array, "k": 2 * array}
    rows = edges(arrays, clean=1, corrupted=0)
    assert len(rows) == 3 * 48
    by_name = {(row["from"], row["to"]): row["value"] for row in rows}
    assert by_name["a0.h3", "a1.h3<v>"] == approx(3 * array[0, 3, 1, 3])
    assert by_name["a0.h3", "a1.h3<q>"] == approx(array[0, 3, 1, 3])


def test_values_of_the_metric_are_compared_with_a_run(sweep):
    """TransformerLens gives the metric with the edge patched: without the runs' own metric nothing is known of an effect."""
    array = numpy.array(sweep["values"], dtype=float)
    for result, options in ((array + 3.2, {"component": "k"}), ({"k": array}, {}), (array[0, 3], {"component": "k", "source": (0, 3)})):
        with pytest.raises(TypeError, match=r"clean, corrupted: expected the metric of both runs, .* pass clean=… and corrupted=…, or"):
            edges(result, metric="logit-diff", **options)
    moved = edges(array + 3.2, component="k", clean=4.2, corrupted=3.2)
    assert moved[0]["effect"] == approx(edges(sweep)[0]["effect"])
    noised = edges(array, component="k", metric="normalized-logit-diff", direction="noise")
    by_name = {(row["from"], row["to"]): row["effect"] for row in noised}
    assert by_name["a0.h3", "a1.h3<k>"] == approx(array[0, 3, 1, 3] - 1)


def test_values_are_effects_where_the_caller_says_so(sweep):
    array = numpy.array(sweep["values"], dtype=float)
    told = saved(array, component="k", metric="IOI score", effects=True)
    assert told["cleanMetric"] is None and told["corruptedMetric"] is None
    assert told["metricName"] == "IOI score"
    first = edges(array, component="k", effects=True)[0]
    assert first["value"] is None
    assert first["effect"] == approx(array[0, 3, 1, 3])
    first = edges(array, component="k", effects=True, clean=5.0, corrupted=2.0)[0]
    assert (first["effect"], first["value"]) == (approx(array[0, 3, 1, 3]), approx(2 + array[0, 3, 1, 3]))


class OneNumber:
    """As a tensor of one number, which JSON does not take."""

    def __init__(self, number):
        self.number = number

    def item(self):
        return self.number


@pytest.mark.parametrize("kind", [numpy.float32, numpy.float64, numpy.array, OneNumber, lambda number: numpy.array([number])])
def test_a_runs_metric_may_be_any_librarys_number(sweep, kind):
    told = saved(sweep["values"], component="k", clean=kind(1.5), corrupted=kind(-0.5))
    assert (told["cleanMetric"], told["corruptedMetric"]) == (1.5, -0.5)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_a_source_may_be_of_any_librarys_whole_numbers(sweep):
    array = numpy.array(sweep["values"], dtype=float)
    asked = {"component": "k", "clean": 1, "corrupted": 0}
    assert edges(array[0, 3], source=numpy.array([0, 3]), **asked) == edges(array[0, 3], source=(0, 3), **asked)


def test_a_tensor_of_a_library_that_is_not_here(sweep):
    class Tensor:
        shape = (3, 4, 3, 4)

        def tolist(self):
            return sweep["values"]

    assert edges(Tensor(), component="k", clean=1, corrupted=0) == edges(sweep)


def test_lists_of_arrays_are_one_array(sweep):
    """A loop over sources collects a grid for each."""
    array = numpy.array(sweep["values"], dtype=numpy.float32)
    asked = {"component": "k", "clean": 1, "corrupted": 0}
    whole = edges(array, **asked)
    assert edges([[array[layer, head] for head in range(4)] for layer in range(3)], **asked) == whole
    assert edges(tuple(array), **asked) == whole
    assert edges({"k": list(array)}, clean=1, corrupted=0) == whole
    # Numbers of NumPy's, one by one.
    assert edges([[[list(row) for row in grid] for grid in layer] for layer in array], **asked) == whole


def test_a_saved_result_is_shown_as_it_is(figure, tmp_path):
    assert saved(figure) == figure
    rows = edges(figure)
    assert len(rows) == len(figure["edges"]["indices"])
    best = {(row["from"], row["to"]): row for row in rows}["a0.h3", "a1.h3<k>"]
    base = figure["corruptedMetric"]
    assert best["effect"] == best["value"] - base
    assert best["effect"] / (figure["cleanMetric"] - base) == pytest.approx(0.59, abs=0.01)


def test_a_saved_result_from_before_edges_had_names_is_shown_as_it_is(older, tmp_path):
    path = tmp_path / "older.json"
    path.write_text(json.dumps(older))
    assert saved(path) == saved(str(path)) == older
    rows = edges(older)
    known = sum(len(grid["indices"]) for grid in older["components"].values())
    assert len(rows) == known
    grid = older["components"]["k"]
    best = max(zip(grid["indices"], grid["values"]), key=lambda one: one[1])
    # [0, 3, 1, 3] of 3 layers with 4 heads.
    assert best[0] == (0 * 4 + 3) * 12 + (1 * 4 + 3)
    assert rows[0] == {
        "from": "a0.h3",
        "to": "a1.h3<k>",
        "score": best[1],
        "effect": best[1],
        "value": best[1],
        "kind": "exact",
        "std_dev": None,
    }


def test_what_is_made_is_read_again_to_the_last_bit(graph):
    told = saved(graph)
    again = edges(json.loads(json.dumps(told)))
    assert again == edges(graph)


def test_deviations_and_estimates_of_a_saved_result(graph):
    told = saved(graph)
    indices = told["edges"]["indices"]
    told["edges"]["stdDev"] = [0.5] * len(indices)
    told["edges"]["estimates"] = indices[:1]
    rows = {(row["from"], row["to"]): row for row in edges(told)}
    nodes = Nodes.whole(3, 4)
    first, second = nodes.edge(indices[0]), nodes.edge(indices[1])
    assert (rows[first]["kind"], rows[first]["std_dev"]) == ("estimate", None)
    assert (rows[second]["kind"], rows[second]["std_dev"]) == ("exact", 0.5)


def test_prompts_are_labels(sweep):
    values = sweep["values"]

    def saved_with(**options):
        return saved(values, component="k", clean=1, corrupted=0, **options)

    told = saved_with(prompts=(["<s>", "fox", " ran"], ["<s>", "cat", " ran"]), answer=" a", distractor=" b")
    assert [token["text"] for token in told["tokens"][0]["corrupted"]] == ["<s>", "cat", " ran"]
    assert told["settings"]["clean"] == "fox ran"
    assert told["settings"]["prependBos"] is True
    assert (told["settings"]["answer"], told["settings"]["distractor"]) == (" a", " b")
    # Prompts differ where their labels do: the page compares ids.
    clean, corrupted = ([token["id"] for token in told["tokens"][0][run]] for run in ("clean", "corrupted"))
    assert [one == other for one, other in zip(clean, corrupted)] == [True, False, True]
    assert len({*clean, *corrupted}) == 4
    # A vocabulary of words has no spaces.
    told = saved_with(prompts=(["a", "fox", "ran"], ["a", "cat", "ran"]))
    assert (told["settings"]["clean"], told["settings"]["prependBos"]) == ("a fox ran", False)
    told = saved_with(prompts=("A fox", "A cat"))
    assert told["tokens"] is None
    assert (told["settings"]["clean"], told["settings"]["corrupted"]) == ("A fox", "A cat")


def test_nodes_are_those_of_eap_ig():
    nodes = Nodes.whole(12, 12)
    assert (len(nodes.senders), len(nodes.receivers)) == (157, 445)
    assert sum(nodes.reach) == 32_491
    assert nodes.senders[1 + 13 * 3 + 5] == "a3.h5"
    assert nodes.receivers[37 * 2 + 12 + 7] == "a2.h7<k>"
    assert sum(Nodes.between_heads(12, 12).reach) == 28_512
    edge = Edge.of("a9.h9->a10.h7<q>")
    assert nodes.edge(nodes.place(edge)) == edge == ("a9.h9", "a10.h7<q>")
    assert str(edge) == "a9.h9->a10.h7<q>"


GRID = [[[[0.0] * 4] * 3] * 4] * 3
KEYS = {"component": "k", "clean": 1, "corrupted": 0}


@pytest.mark.parametrize(
    ("result", "options", "message"),
    [
        (7, {}, r"result: expected a saved result .*, got int"),
        ({"a": 1}, {}, r"result: expected .*, got a dict with the keys a"),
        ({}, {}, r"got a dict with the keys none"),
        (GRID, {}, r'component: expected "q", "k" or "v".*, got none'),
        (GRID, {"component": "x"}, r"component: expected one of q, k, v, got 'x'"),
        (numpy.zeros((2, 3)), {}, r"array: expected \[senders, receivers\] such as .*, got shape \[2, 3\]"),
        (numpy.zeros((3, 4, 3)), {"component": "k"}, r"array: expected .*, got shape \[3, 4, 3\]"),
        (numpy.zeros((3, 4, 4, 3)), {"component": "k"}, r"k: expected an array \[layers, heads, layers, heads\].*\[3, 4, 4, 3\]"),
        ({"q": numpy.zeros((2, 2, 2, 2)), "v": numpy.zeros((3, 2, 3, 2))}, {}, r"v: expected the shape of q, \[2, 2, 2, 2\], got"),
        (numpy.full((3, 4, 3, 4), math.nan), {"component": "k"}, r"expected a number where a head of a later layer reads"),
        (numpy.full((3, 4, 3, 4), math.inf), {"component": "k"}, r"k: expected finite numbers, or NaN .*, got inf"),
        (numpy.zeros((3, 4, 3, 4), bool), {"component": "k"}, r"k: expected real numbers, got bool"),
        (numpy.zeros((3, 4, 3, 4), complex), {"component": "k"}, r"k: expected real numbers, got complex"),
        ([[1.0, 2.0], [1.0]], {}, r"array: expected rows of one length, got \(1,\) and \(2,\)"),
        (numpy.zeros((3, 4)), {"component": "k", "source": (3, 0)}, r"source: expected a head of 3 layers with 4 heads, got"),
        (GRID, {"component": "k", "clean": 1}, r"corrupted: expected the metric of this run too, got clean alone"),
        (GRID, {"component": "k", "clean": math.nan, "corrupted": 0}, r"clean: expected a finite number, got nan"),
        (GRID, {"component": "k", "clean": "1", "corrupted": 0}, r"clean: expected one number, got str"),
        (GRID, {"component": "k", "clean": 1, "corrupted": numpy.zeros(2)}, r"corrupted: expected one number, got ndarray of shape \[2\]"),
        (GRID, {"component": "k", "clean": 1, "corrupted": 1j}, r"corrupted: expected one number, got complex"),
        (GRID, {**KEYS, "source": 3}, r"source: expected two whole numbers, \(layer, head\), got 3"),
        (GRID, {**KEYS, "source": (1, 2.5)}, r"source: expected two whole numbers, \(layer, head\), got \(1, 2.5\)"),
        (GRID, {**KEYS, "metric": 7}, r"metric: expected a text, got int"),
        (GRID, {**KEYS, "effects": "no"}, r"effects: expected True or False, got 'no'"),
        ({"q": 3}, {}, r"q: expected an array \[layers, heads, layers, heads\], source first, got int"),
        (numpy.zeros((16, 40)), {}, r'direction: expected "denoise" or "noise", .* got none'),
        (numpy.zeros((16, 40)), {"effects": True, "direction": "noise"}, r"effects: expected no such option, because scores are changes"),
        ({"cfg": {"n_layers": 1}, "edges": {}}, {}, r"graph: expected a number of at least 1 as n_heads in cfg, got None"),
        ({"cfg": {"n_layers": 1, "n_heads": 1}, "edges": [1]}, {}, r"graph: expected edges by name"),
        ({"cfg": {"n_layers": 1, "n_heads": 1}, "edges": {}}, {"effects": True}, r"effects: expected no such option, because a graph's"),
        (GRID, {**KEYS, "prompts": "a fox"}, r"prompts: expected the clean and the corrupted one"),
        (GRID, {**KEYS, "prompts": (["a"], "b")}, r"prompts: expected the clean and the corrupted one"),
        (GRID, {**KEYS, "prompts": (["a"], ["b", "c"])}, r"prompts: expected as many tokens in both, got 1 and 2"),
        (GRID, {**KEYS, "prompts": (["a b", "c d"], ["e f", "g h"])}, r"prompts: expected tokens' texts, got 'a b', .* one pair"),
        (GRID, {**KEYS, "answer": " a"}, r"answer: expected no such option, because there are no prompts"),
        ({"pathpatch": 2}, {"metric": "kl"}, r"metric: expected no such option, because a saved result says so itself"),
        ({"pathpatch": 3}, {}, r'saved result: expected \{"pathpatch": 2, …\} or version 1, got 3'),
        ({"pathpatch": 2}, {}, r"saved result: expected a file that the page has saved"),
        ({"cfg": {"parallel_attn_mlp": True}, "edges": {}}, {}, r"graph: expected MLPs that read after the heads"),
    ],
)
def test_what_is_wrong_is_told(result, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        edges(result, **options)


def test_options_of_the_widget_are_not_those_of_a_result(sweep):
    with pytest.raises(TypeError, match=r"edges\(\) got an unexpected keyword argument 'title'"):
        edges(sweep, title="Induction")


def test_what_a_saved_result_lacks_is_told(figure):
    with pytest.raises(ValueError, match=r"saved result: expected a file that the page has saved, got one whose 'view' is missing"):
        show({name: value for name, value in figure.items() if name != "view"})
    figure["edges"]["values"][0] = math.nan
    with pytest.raises(ValueError, match=r"saved result: expected finite values, got NaN or infinity"):
        show(figure)


def test_files_that_are_none(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("<html>")
    with pytest.raises(ValueError, match=r"result: expected JSON or NPY in .*x.json, got"):
        edges(path)
    path.write_text("[1]")
    with pytest.raises(ValueError, match=r"got a JSON list"):
        edges(path)
    with pytest.raises(FileNotFoundError):
        edges(tmp_path / "none.json")


def test_the_still_picture_says_what_of_it_is_estimated_and_of_how_many():
    of = Nodes.whole(1, 1)
    places = [of.place(Edge.of(edge)) for edge in ("input->a0.h0<q>", "input->m0", "a0.h0->m0")]
    table = Table(of, places, [3.0, 2.0, 0.0], clean=1.0, corrupted=0.0)
    assert f"The 2 strongest of {sum(of.reach)} edges (exact)" in caption(replace(table, estimates=frozenset(places[2:])))
    assert "(1 of them an estimate)" in caption(replace(table, estimates=frozenset(places[1:])))
    assert "(estimates)" in caption(replace(table, estimates=frozenset(places)))
    one = Table(of, places[:1], [3.0], clean=1.0, corrupted=0.0)
    assert f"The strongest of {sum(of.reach)} edges (exact)" in caption(one)
    assert "(an estimate)" in caption(replace(one, estimates=frozenset(places[:1])))
