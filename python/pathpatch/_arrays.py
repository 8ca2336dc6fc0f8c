"""Arrays of any library, read without it.

NumPy's arrays, tensors of PyTorch, JAX and others have ``tolist``; nested lists are read as they are. So neither NumPy nor
PyTorch has to be installed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def is_array(value: object) -> bool:
    """Whether this is an array or a tensor, or a list that may stand for one."""
    return isinstance(value, list) or (hasattr(value, "shape") and hasattr(value, "tolist"))


def nested(value: Any) -> list:
    """An array as nested lists."""
    return value if isinstance(value, list) else value.tolist()


def shape_of(value: list) -> tuple[int, ...]:
    """The shape of nested lists, which have to be of one length at each depth."""
    if not isinstance(value, list):
        return ()
    shapes = {shape_of(each) for each in value}
    if len(shapes) > 1:
        raise ValueError(f"array: expected rows of one length, got {' and '.join(map(str, sorted(shapes)))}")
    return (len(value), *shapes.pop()) if shapes else (0,)


def numbers(value: list, name: str) -> Iterator[float]:
    """The numbers of nested lists in row-major order; NaN for ``None`` and NaN."""
    for each in value:
        if isinstance(each, list):
            yield from numbers(each, name)
        elif each is None:
            yield math.nan
        elif isinstance(each, bool) or not isinstance(each, (int, float)):
            raise TypeError(f"{name}: expected real numbers, got {type(each).__name__}")
        elif math.isinf(each):
            raise ValueError(f"{name}: expected finite numbers, or NaN where there is no path, got {each}")
        else:
            yield float(each)
