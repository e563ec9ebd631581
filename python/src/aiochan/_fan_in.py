"""Several channels to one: `merge`, `zip_chans`, `combine_latest`.

In each, `out` is where values are put; if it is None, a new channel with `buffer` and `buffer_size` (as for
`Chan`). `close` says whether it is closed when all inputs have ended. ValueError without inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from . import _aiochan, _check
from .channel import Chan, output

T = TypeVar("T")


def merge(
    *inputs: Chan[T],
    out: Chan[T] | None = None,
    buffer: Any = None,
    buffer_size: int | None = None,
    close: bool = True,
) -> Chan[T]:
    """A channel of the values of all inputs, as they come."""
    return _start(_aiochan.merge, inputs, out, buffer, buffer_size, close)


def zip_chans(
    *inputs: Chan[Any],
    out: Chan[list[Any]] | None = None,
    buffer: Any = None,
    buffer_size: int | None = None,
    close: bool = True,
) -> Chan[list[Any]]:
    """A channel of lists with one value of each input, in lockstep, until all inputs have ended.

    An input that has ended earlier than others gives None.
    """
    return _start(_aiochan.zip_chans, inputs, out, buffer, buffer_size, close)


def combine_latest(
    *inputs: Chan[Any],
    out: Chan[list[Any]] | None = None,
    buffer: Any = None,
    buffer_size: int | None = None,
    close: bool = True,
) -> Chan[list[Any]]:
    """A channel of lists with the latest value of each input, one for each value that any of them gives.

    None stands for an input that has not given a value yet.
    """
    return _start(_aiochan.combine_latest, inputs, out, buffer, buffer_size, close)


def _start(
    stage: Callable[[list[Any], Any, bool], None],
    inputs: tuple[Chan[Any], ...],
    out: Chan[Any] | None,
    buffer: Any,
    buffer_size: int | None,
    close: bool,
) -> Chan[Any]:
    _check.channels("inputs", inputs)
    out = output(inputs[0], out, buffer, buffer_size)
    stage(list(inputs), out, close)
    return out
