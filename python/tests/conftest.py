"""Results of the bundled model, as pathpatch writes them."""

import json
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def data() -> Path:
    return DATA


@pytest.fixture
def graph() -> dict:
    return json.loads((DATA / "graph.json").read_text())


@pytest.fixture
def sweep() -> dict:
    return json.loads((DATA / "sweep.json").read_text())


@pytest.fixture
def older() -> dict:
    """A saved result of version 1, from before edges had names."""
    return json.loads((DATA / "version-1.json").read_text())


@pytest.fixture
def figure() -> dict:
    """A saved result that the page writes."""
    return json.loads((ROOT / "examples/post/figure.json").read_text())
