"""Bad arguments are refused at the call, in words that name the argument."""

from __future__ import annotations

import operator
from typing import Any

from . import _aiochan


def at_least(least: int, name: str, value: Any) -> int:
    """`value` as an int, or a TypeError; a ValueError if it is less than `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an int, not {type(value).__name__}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, not {number}")
    return number


def function(name: str, value: Any) -> None:
    if not callable(value):
        raise TypeError(f"{name} must be callable, not {type(value).__name__}")


def channel(name: str, value: Any) -> None:
    if not isinstance(value, _aiochan.Chan):
        raise TypeError(f"{name} must be a Chan, not {type(value).__name__}")


def channels(name: str, values: tuple[Any, ...]) -> None:
    """Refuses what is not a channel, and no channels at all."""
    if not values:
        raise ValueError(f"{name} must be at least one channel")
    for value in values:
        channel(name, value)


def seconds(name: str, value: Any) -> float:
    """`value` as a float; refuses NaN, which would confuse the loop's timers."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number of seconds, not {value!r}") from None
    if number != number:
        raise ValueError(f"{name} must be a number of seconds, not NaN")
    return number
