"""A notebook that is run without a page, and then read: nbclient and nbconvert."""

import shutil

import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from notebooks import FIGURE, SHOW, notebook

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("notebook")
    shutil.copy(FIGURE, directory / "figure.json")
    made = notebook(SHOW, "widget.marked = [widget.edge, ('a0.h3', 'a1.h2<k>')]", "print(*widget.marked)")
    return NotebookClient(made, resources={"metadata": {"path": str(directory)}}).execute()


def test_it_shows_the_widget_and_tells_what_is_marked(executed):
    (shown,) = executed.cells[0].outputs
    state = executed.metadata.widgets[STATE]["state"][shown.data[VIEW]["model_id"]]["state"]
    assert state["edge"] == ["a0.h3", "a1.h3<k>"]
    assert state["marked"] == [["a0.h3", "a1.h3<k>"], ["a0.h3", "a1.h2<k>"]]
    assert "export{" in state["_esm"] and "import(" not in state["_esm"]
    (printed,) = executed.cells[2].outputs
    assert printed.text == "a0.h3->a1.h3<k> a0.h3->a1.h2<k>\n"


def test_what_is_converted_without_the_widget_has_its_picture(executed):
    read = executed.copy()
    read.metadata.pop("widgets")
    html, _ = HTMLExporter().from_notebook_node(read)
    assert "<figcaption>" in html and 'alt="How a small model repeats a list' in html
