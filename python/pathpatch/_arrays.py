"""Numbers and arrays of any library, read without it.

NumPy's arrays, tensors of PyTorch, JAX and others have ``tolist``; lists and tuples of them are read as well. So neither
NumPy nor PyTorch has to be installed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Real
from typing import Any


def is_array(value: object) -> bool:
    """Whether this is an array or a tensor, or a list that may stand for one."""
    return isinstance(value, (list, tuple)) or (hasattr(value, "shape") and hasattr(value, "tolist"))


def nested(value: Any) -> Any:
    """An array, or lists of arrays, as nested lists of numbers; what is no array is left as it is."""
    if isinstance(value, (list, tuple)):
        return [nested(each) for each in value]
    told = value.tolist() if hasattr(value, "tolist") else value
    return nested(told) if isinstance(told, list) else told


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of nested lists, which have to be of one length at each depth."""
    if not isinstance(value, list):
        return ()
    shapes = {shape_of(each) for each in value}
    if len(shapes) > 1:
        raise ValueError(f"array: expected rows of one length, got {' and '.join(map(str, sorted(shapes)))}")
    return (len(value), *shapes.pop()) if shapes else (0,)


def numbers(value: list, name: str) -> Iterator[float]:
    """The numbers of nested lists in row-major order; NaN for what is not known."""
    for each in value:
        if isinstance(each, list):
            yield from numbers(each, name)
        else:
            yield known_number(each, name)


def known_number(value: object, name: str) -> float:
    """A finite number; NaN for ``None`` and NaN, which say that it is not known."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected real numbers, got {type(value).__name__}")
    if math.isinf(value):
        raise ValueError(f"{name}: expected finite numbers, or NaN for what is not known, got {value}")
    return float(value)


def single_number(value: Any, name: str) -> float:
    """One finite number: Python's, NumPy's, or a tensor that has one."""
    try:
        number = value.item() if hasattr(value, "item") else value
    except (ValueError, RuntimeError) as error:
        # NumPy's error and PyTorch's for several numbers.
        raise TypeError(f"{name}: expected one number, got {type(value).__name__} of shape {list(value.shape)}") from error
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"{name}: expected one number, got {type(value).__name__}")
    if not math.isfinite(number):
        raise ValueError(f"{name}: expected a finite number, got {number}")
    return float(number)
