"""Amounts that are arithmetic on parameters: parsed once, evaluated in floats for many draws at once, or exactly.

``if(share > 0.5, 2 * 单耗, max(a, b) ^ 2)``: numbers, names, ``+ - * / ^ **``, brackets, and the functions min, max,
abs, sqrt, exp, ln and if. Nothing else can be called or reached; length, depth and the size of numbers are bounded.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from carbon.errors import Said, near_misses
from carbon.footprint.grammar import ExpressionError, Parser, Program, Step, fault, parameter_name, short

__all__ = ["Expression", "ExpressionError", "evaluate_parameters", "parameter_name", "resolve_parameters"]

MOST_BITS = 20_000
_EXACT: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow,
    "neg": operator.neg, "abs": abs, "min": lambda *given: min(given), "max": lambda *given: max(given),
}  # fmt: skip
_FLOAT: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power, "neg": np.negative, "abs": np.abs,
    "sqrt": np.sqrt, "exp": np.exp, "ln": np.log, "min": lambda *given: functools.reduce(np.minimum, given),
    "max": lambda *given: functools.reduce(np.maximum, given),
}  # fmt: skip
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
            "==": operator.eq, "!=": operator.ne}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """An arithmetic expression, parsed.

    Attributes
    ----------
    text : str
        As written.
    names : tuple of str
        Parameters that it uses, sorted, in the spelling of `parameter_name`.
    exact : bool
        Whether `fraction` can evaluate it: no root, exponential or logarithm, and only whole powers up to 64.
    program : tuple of Step
        What the stack machine runs.
    """

    text: str
    names: tuple[str, ...]
    exact: bool
    program: Program

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Parse a text.

        Raises
        ------
        ExpressionError
            If it is not an expression of this language, or too long or deep.

        Examples
        --------
        >>> Expression.parse("2 × (用电量 + 3)^2").names
        ('用电量',)
        """
        parser = Parser(text)
        program = parser.program()
        if parser.word:
            raise parser.unexpected()
        return cls(text, tuple(sorted(parser.names)), parser.exact, program)

    def evaluate(self, values: Mapping[str, Any] | None = None) -> np.ndarray:
        """Return its value in floats, for all scenarios or draws at once.

        Parameters
        ----------
        values : mapping of str to float or float64[...]
            Values of the parameters; arrays of one shape, or that broadcast to one. Others than `names` are ignored.

        Returns
        -------
        float64[...]
            Shape of the values used; no dimension if the expression uses none. A branch of ``if`` is computed only
            where it is chosen.

        Raises
        ------
        ExpressionError
            If a name is missing, or any number on the way would not be finite.

        Examples
        --------
        >>> Expression.parse("if(x = 0, 0, 1 / x)").evaluate({"x": [0.0, 4.0]})
        array([0.  , 0.25])
        """
        given = self._used(values or {})
        arrays = [np.asarray(value, dtype=np.float64) for value in given.values()]
        for name, array in zip(given, arrays, strict=True):
            if not np.isfinite(array).all():
                raise fault(Said(f"'{name}' is not a finite number", f"“{name}”不是有限数"), self.text, "value")
        shared = dict(zip(given, np.broadcast_arrays(*arrays), strict=True)) if arrays else {}
        shape = next(iter(shared.values())).shape if shared else ()
        with np.errstate(all="ignore"):  # each step looks for itself
            return np.array(np.broadcast_to(self._floats(self.program, shared), shape))

    def fraction(self, values: Mapping[str, Fraction | int] | None = None) -> Fraction:
        """Return its value exactly.

        Raises
        ------
        ExpressionError
            If it is not `exact`, a name is missing, a division is by zero, or the numbers grow beyond all bounds.

        Examples
        --------
        >>> Expression.parse("0.1 + x / 3").fraction({"x": 1})
        Fraction(13, 30)
        """
        if not self.exact:
            raise fault(Said("there is no exact value", "没有精确值"), self.text, "inexact")
        given = self._used(values or {})
        exact: Fraction = self._fractions(self.program, {name: Fraction(value) for name, value in given.items()})
        return exact

    def _used(self, values: Mapping[str, Any]) -> dict[str, Any]:
        for name in self.names:
            if name not in values:
                raise _unknown(name, values)
        return {name: values[name] for name in self.names}

    def _floats(self, program: Program, values: Mapping[str, np.ndarray]) -> Any:
        def apply(step: Step, given: list[Any]) -> Any:
            if (said := _outside(step, given)) is None:
                result = _FLOAT[step.action](*given)
                if np.isfinite(result).all():
                    return result
                said = Said(f"'{short(step.text)}' is too large", f"“{short(step.text)}”过大")
            raise fault(said, self.text, "value")

        def choose(step: Step) -> Any:
            left, sign, right, yes, no = step.operand
            where = _COMPARE[sign](self._floats(left, values), self._floats(right, values))
            if np.all(where) or not np.any(where):
                return self._floats(yes if np.all(where) else no, values)
            chosen = np.empty(where.shape)
            for mask, branch in ((where, yes), (~where, no)):
                chosen[mask] = self._floats(branch, {name: value[mask] for name, value in values.items()})
            return chosen

        return _run(program, np.float64, values, apply, choose)

    def _fractions(self, program: Program, values: Mapping[str, Fraction]) -> Any:
        def apply(step: Step, given: list[Fraction]) -> Fraction:
            if (said := _outside(step, given)) is not None:
                raise fault(said, self.text, "value")
            power = abs(int(given[1])) if step.action == "^" else 1
            if power * max(map(_bits, given)) <= MOST_BITS:
                result = Fraction(_EXACT[step.action](*given))
                if _bits(result) <= MOST_BITS:
                    return result
            raise fault(Said("the numbers grow too large", "数值过大"), self.text, "limit")

        def choose(step: Step) -> Any:
            left, sign, right, yes, no = step.operand
            where = _COMPARE[sign](self._fractions(left, values), self._fractions(right, values))
            return self._fractions(yes if where else no, values)

        return _run(program, Fraction, values, apply, choose)


def _bits(number: Fraction) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def _run(
    program: Program, number: Callable[[Fraction], Any], values: Mapping[str, Any],
    apply: Callable[[Step, list[Any]], Any], choose: Callable[[Step], Any],
) -> Any:  # fmt: skip
    """Run a program on a stack, with whatever arithmetic `number` and `apply` bring."""
    stack: list[Any] = []
    for step in program:
        if step.action == "number":
            stack.append(number(step.operand))
        elif step.action == "name":
            stack.append(values[step.operand])
        elif step.action == "if":
            stack.append(choose(step))
        else:
            given = stack[-step.operand :]
            del stack[-step.operand :]
            stack.append(apply(step, given))
    return stack[0]


def _outside(step: Step, given: list[Any]) -> Said | None:
    """Return why an operation has no value for these numbers, or nothing."""
    text, first, last = short(step.text), given[0], given[-1]
    if step.action == "/" and np.any(last == 0):
        return Said(f"division by zero: '{text}'", f"除数为零：“{text}”")
    if step.action == "^" and np.any((first == 0) & (last < 0)):
        return Said(f"zero to a negative power: '{text}'", f"零的负数次幂：“{text}”")
    if step.action == "^" and np.any((first < 0) & (last % 1 != 0)):
        return Said(f"a negative number to a power that is not whole: '{text}'", f"负数的非整数次幂：“{text}”")
    if step.action == "sqrt" and np.any(last < 0):
        return Said(f"root of a negative number: '{text}'", f"负数开方：“{text}”")
    if step.action == "ln" and np.any(last <= 0):
        return Said(f"logarithm of a number that is not positive: '{text}'", f"非正数取对数：“{text}”")
    return None


def _unknown(name: str, known: Iterable[str], where: str = "") -> ExpressionError:
    near = near_misses(name, known)
    en = (f", which '{short(where)}' uses" if where else "") + (f"; nearest: {', '.join(near)}" if near else "")
    zh = (f"（“{short(where)}”用到）" if where else "") + (f"；最接近的：{'、'.join(near)}" if near else "")
    said = Said(f"there is no parameter '{short(name)}'{en}", f"没有参数“{short(name)}”{zh}")
    return ExpressionError(said, "unknown", (name, *near))


def resolve_parameters(definitions: Mapping[str, Any]) -> list[str]:
    """Return the names in an order in which each comes after those that it uses.

    Parameters
    ----------
    definitions : mapping of str to Expression, number or array
        What each parameter is; names as `parameter_name` spells them. The order does not depend on theirs.

    Raises
    ------
    ExpressionError
        If a definition uses an unknown name (``unknown``) or itself, over others or not (``circular``).

    Examples
    --------
    >>> resolve_parameters({"a": Expression.parse("b + c"), "b": Expression.parse("2*c"), "c": 4})
    ['c', 'b', 'a']
    """
    graph = {}
    for name in sorted(definitions):
        definition = definitions[name]
        graph[name] = definition.names if isinstance(definition, Expression) else ()
        for used in graph[name]:
            if used not in definitions:
                raise _unknown(used, sorted(definitions), name)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        ring = error.args[1][:0:-1]  # each uses the next
        first = ring.index(min(ring))
        cycle = (*ring[first:], *ring[:first], ring[first])
        shown = [short(name) for name in (cycle if len(cycle) <= 12 else (*cycle[:6], "…", *cycle[-5:]))]
        path = " → ".join(shown)
        said = Said(f"parameters use one another in a circle: {path}", f"参数循环引用：{path}")
        raise ExpressionError(said, "circular", cycle) from None


def evaluate_parameters(definitions: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the values of parameters of which some are defined by others.

    Parameters
    ----------
    definitions : mapping of str to Expression, number or float64[draws]
        What each parameter is.

    Returns
    -------
    dict of str to float64[...]
        By name, each after those that it uses.

    Raises
    ------
    ExpressionError
        As `resolve_parameters` and `Expression.evaluate`.

    Examples
    --------
    >>> evaluate_parameters({"total": Expression.parse("2 * part"), "part": [1.0, 2.0]})["total"].tolist()
    [2.0, 4.0]
    """
    values: dict[str, np.ndarray] = {}
    for name in resolve_parameters(definitions):
        given = definitions[name]
        values[name] = given.evaluate(values) if isinstance(given, Expression) else np.asarray(given, np.float64)
    return values
