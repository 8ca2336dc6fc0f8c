"""The notebooks of the tests, and servers that open them: ``python notebooks.py jupyter|marimo PORT``."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pathpatch

ROOT = Path(__file__).parents[2]
FIGURE = ROOT / "examples/post/figure.json"
SWEEP = ROOT / "python/tests/data/sweep.json"

SHOW = 'import pathpatch\n\nwidget = pathpatch.show("figure.json")\nwidget'
PRINT = "print('edge:', widget.edge)\nprint('marked:', *widget.marked)"
#: Values as TransformerLens gives them, with the tokens of its `to_str_tokens`.
VALUES = '''import json
import pathpatch

values = json.load(open("sweep.json"))["values"]
words = "lamp river piano cloud spoon tiger crown eagle glove river piano fox".split()
prompts = [["<|endoftext|>", first, *words] for first in ("fox", "dragon")]
pathpatch.show(values, component="k", metric="normalized-logit-diff", prompts=prompts, answer="lamp", distractor="spoon")'''
#: What the kernel does, the browser shows.
SET = 'widget.edge = "a0.h3->a1.h2<k>"\nwidget.marked = []\nwidget.view = "table"'

MARIMO = '''
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo
    import pathpatch

    widget = marimo.ui.anywidget(pathpatch.show("figure.json"))
    widget
    return marimo, widget


@app.cell
def _(marimo, widget):
    marimo.md("marked: `" + " ".join(map(str, widget.marked)) + "`")
    return
'''

#: JupyterLab asks on its first page whether to fetch news.
QUIET = {"fetchNews": "false", "checkForUpdates": False}


def notebook(*cells: str) -> nbformat.NotebookNode:
    """A notebook of code, for the kernel of this Python."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def shown() -> nbformat.NotebookNode:
    """A notebook with its output as somebody else has saved it, which Jupyter does not trust."""
    made = notebook(SHOW)
    data, _ = pathpatch.show(FIGURE)._repr_mimebundle_()
    made.cells[0].outputs = [nbformat.v4.new_output("display_data", data=data)]
    return made


def serve(kind: str, port: str) -> None:
    """Serve the notebooks from a directory of their own, with Jupyter's default settings whatever the user's are."""
    directory = Path(tempfile.mkdtemp(prefix="pathpatch-"))
    shutil.copy(FIGURE, directory / "figure.json")
    shutil.copy(SWEEP, directory / "sweep.json")
    if kind == "jupyter":
        nbformat.write(notebook(SHOW, PRINT, SET), directory / "show.ipynb")
        nbformat.write(notebook(VALUES), directory / "values.ipynb")
        nbformat.write(shown(), directory / "shown.ipynb")
        settings = directory / "config/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(QUIET))
        for name in ("config", "data", "runtime"):
            os.environ[f"JUPYTER_{name.upper()}_DIR"] = str(directory / name)
        arguments = ["jupyterlab", "--no-browser", "--allow-root", "--log-level=ERROR", "--port", port, "--IdentityProvider.token="]
    else:
        (directory / "show.py").write_text(MARIMO)
        arguments = ["marimo", "run", "show.py", "--headless", "--no-token", "--port", port]
    os.chdir(directory)
    sys.exit(subprocess.run([sys.executable, "-m", *arguments]).returncode)


if __name__ == "__main__":
    serve(*sys.argv[1:])
