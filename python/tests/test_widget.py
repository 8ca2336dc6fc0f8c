"""The widget without a browser: what it tells, takes and refuses, and its still picture."""

import json
import re
from base64 import b64decode
from importlib.metadata import files, requires
from xml.etree import ElementTree

import pathpatch
import pytest
from pathpatch import Edge
from traitlets import TraitError

from conftest import ROOT


@pytest.fixture
def widget(sweep):
    return pathpatch.show(sweep)


def test_it_opens_on_the_strongest_edge(widget):
    assert widget.edge == Edge("a0.h3", "a1.h3<k>") == ("a0.h3", "a1.h3<k>")
    assert widget.marked == []
    assert widget.edges() == pathpatch.edges(json.loads(widget._data))


def test_a_graph_opens_between_heads_and_mlps(graph):
    widget = pathpatch.show(graph)
    ends = {widget.edge.sender, widget.edge.receiver}
    assert not ends & {"input", "logits"}


def test_edges_are_set_and_observed(widget):
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), ["edge", "marked"])
    widget.edge = "a0.h0->a1.h1<k>"
    widget.marked = [("a0.h3", "a1.h3<k>"), "a0.h3->a1.h2<k>"]
    assert seen == [Edge("a0.h0", "a1.h1<k>"), [Edge("a0.h3", "a1.h3<k>"), Edge("a0.h3", "a1.h2<k>")]]
    assert all(isinstance(edge, Edge) for edge in widget.marked)
    widget.marked = [("a0.h3", "a1.h3<k>"), "a0.h3->a1.h3<k>"]
    assert widget.marked == [Edge("a0.h3", "a1.h3<k>")]


def test_what_the_browser_sends_becomes_edges(widget):
    widget.set_state({"edge": ["a0.h1", "a1.h0<k>"], "marked": [["a0.h1", "a1.h0<k>"]]})
    assert widget.edge == Edge("a0.h1", "a1.h0<k>")
    assert widget.marked == [Edge("a0.h1", "a1.h0<k>")]
    state = json.loads(json.dumps(widget.get_state(["edge", "marked", "view"])))
    assert state == {"edge": ["a0.h1", "a1.h0<k>"], "marked": [["a0.h1", "a1.h0<k>"]], "view": "circuit"}


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        (("a0.h3", "a1.h3<q>"), "expected a receiver of this result such as a2.h3<k>, got 'a1.h3<q>'"),
        (("a7.h3", "a1.h3<k>"), "expected a sender of this result such as a0.h0, got 'a7.h3'"),
        (("a1.h0", "a0.h0<k>"), "expected a sender that writes before a0.h0<k> reads, got a1.h0"),
        ("a0.h3", "expected two names such as"),
        (7, "expected two names such as"),
    ],
)
def test_edges_that_there_are_not_are_refused(widget, edge, message):
    with pytest.raises(TraitError, match=message):
        widget.edge = edge
    with pytest.raises(TraitError, match=message):
        widget.marked = [edge]


def test_other_options(sweep, figure, older):
    widget = pathpatch.show(sweep, view="table", theme="dark", title="Induction", height=400, edge=("a0.h0", "a1.h1<k>"))
    assert (widget.view, widget.theme, widget.title, widget.height) == ("table", "dark", "Induction", 400)
    assert widget.edge == ("a0.h0", "a1.h1<k>")
    with pytest.raises(TraitError):
        pathpatch.show(sweep, view="map")
    # What a saved result looks at, and is called.
    view = {**figure["view"], "from": "a0.h1", "to": "a1.h2<v>"}
    widget = pathpatch.show({**figure, "view": view, "title": "Kept"})
    assert (widget.edge, widget.title) == (("a0.h1", "a1.h2<v>"), "Kept")
    assert pathpatch.show({**figure, "title": "Kept"}, title="Mine").title == "Mine"
    view = {**older["view"], "src": {"layer": 0, "head": 1}, "dst": {"layer": 1, "head": 2}, "component": "v"}
    assert pathpatch.show({**older, "view": view}).edge == ("a0.h1", "a1.h2<v>")


def test_the_browser_begins_where_python_does(sweep, figure, older):
    """So nothing is reset that was not changed."""
    for result in (sweep, figure):
        widget = pathpatch.show(result, edge=("a0.h0", "a1.h1<k>"))
        view = json.loads(widget._data)["view"]
        assert (view["from"], view["to"], view["port"], view["node"]) == ("a0.h0", "a1.h1<k>", None, None)
    view = json.loads(pathpatch.show(older, edge="a0.h0->a1.h1<k>")._data)["view"]
    assert (view["src"], view["dst"], view["component"]) == ({"layer": 0, "head": 0}, {"layer": 1, "head": 1}, "k")


def test_a_still_picture_goes_with_it(widget, graph):
    data, _ = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "a0.h3->a1.h3<k>" in data["text/plain"]
    html = data["text/html"]
    assert "<script" not in html
    image = ElementTree.fromstring(html.replace("height:auto\">", "height:auto\"/>")).find("img")
    kind, _, picture = image.get("src").partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert b64decode(picture).decode() == widget.svg()
    assert image.get("alt").startswith("Circuit: The 30 strongest of 48 edges")
    for shown in (widget, pathpatch.show(graph, title='"<Circuit>" & more')):
        svg = ElementTree.fromstring(shown.svg())
        labels = {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
        for end in shown.edge:
            name = end.split("<")[0]
            assert name.replace("a", "", 1).replace("h", "") in labels or name in labels
        # A curve for each edge that is drawn, one more behind the one that is looked at.
        drawn = min(30, sum(1 for row in shown.edges() if row["effect"]))
        assert len(list(svg.iter("{http://www.w3.org/2000/svg}path"))) == drawn + 1


def test_it_is_of_the_projects_version_and_needs_anywidget_alone():
    cargo = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert pathpatch.__version__ == cargo[1]
    assert [need.split(">")[0] for need in requires("pathpatch")] == ["anywidget"]


def test_the_wheel_has_what_it_needs():
    names = {str(file) for file in files("pathpatch")}
    assert {"pathpatch/py.typed", "pathpatch/static/widget.js"} <= names
    licences = {name.rpartition("/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY-LICENSES.md"}
    assert not any(name.startswith(("tests", "widget")) for name in names)
