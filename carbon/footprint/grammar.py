"""The grammar of amounts: a text becomes the program of a small stack machine, or an error that says where and why."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Any, NamedTuple

from carbon.errors import Said, near_misses, printable

FUNCTIONS = {"min": None, "max": None, "abs": 1, "sqrt": 1, "exp": 1, "ln": 1, "if": 3}  # how many arguments
COMPARISONS = ("<=", ">=", "==", "!=", "<", ">", "=")
LONGEST, DEEPEST, LARGEST_POWER, LARGEST_EXPONENT = 500, 50, 64, 300
_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "⋅": "*", "÷": "/", "∕": "/", "−": "-", "–": "-", "≤": "<=", "≥": ">=", "≠": "!="}
)
_RAISED = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_NAME = re.compile(r"[^\W\d]\w*")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/^(),<>=])|(?P<other>\S))"
)
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4, "**": 4}
_NEGATION = 3


class ExpressionError(ValueError):
    """An expression, or a set of parameters, that has no value.

    Attributes
    ----------
    said : Said
        What is wrong, in both languages.
    kind : str
        ``syntax``, ``limit`` (too long, deep or large), ``unknown`` (a name), ``circular``, ``value`` (division by
        zero, not finite, outside what a function takes), ``inexact``.
    names : tuple of str
        ``unknown``: the name, then its near misses; ``circular``: the cycle, its first name again at the end.
    """

    def __init__(self, said: Said, kind: str, names: tuple[str, ...] = ()) -> None:
        self.said, self.kind, self.names = said, kind, names
        super().__init__(said.en)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.said, self.kind, self.names)


class Step(NamedTuple):
    """One instruction: push a number or a name, apply an operation to what was pushed last, or choose.

    Attributes
    ----------
    action : str
        ``number``, ``name``, ``if``, a sign, ``neg`` or a function.
    operand : Fraction, str, int or tuple
        The number, the name, how many arguments, or for ``if`` left program, comparison, right program and the two
        branches.
    text : str
        What it computes, as written, for messages.
    """

    action: str
    operand: Any
    text: str


Program = tuple[Step, ...]


def short(text: str) -> str:
    """Return a text fit for a message: printable, 60 characters at most."""
    clean = printable(text)
    return clean if len(clean) <= 60 else f"{clean[:57]}..."


def fault(said: Said, text: str, kind: str) -> ExpressionError:
    """Return an error that quotes the expression."""
    return ExpressionError(Said(f"{said.en}, in '{short(text)}'", f"{said.zh}（表达式“{short(text)}”）"), kind)


def _plain(text: str) -> str | None:
    """Return a text in compatible characters (（１） → (1)); none if a digit in it would change its meaning (½, ①)."""
    return None if any(unicodedata.category(c) == "No" for c in text) else unicodedata.normalize("NFKC", text)


def parameter_name(text: str) -> str:
    """Return a parameter's name as expressions spell it (NFKC, no space around it).

    Raises
    ------
    ExpressionError
        If it is no name: letters of any script, digits and underscores, a letter first, none of the functions.

    Examples
    --------
    >>> parameter_name(" 电耗１ ")
    '电耗1'
    """
    name = (_plain(text[: LONGEST + 1]) or "").strip()
    if len(name) > LONGEST or not _NAME.fullmatch(name) or name.lower() in FUNCTIONS:
        said = Said(
            f"'{short(text)}' cannot be a parameter's name: write letters, digits and underscores, a letter first, "
            f"and none of {', '.join(FUNCTIONS)}",
            f"“{short(text)}”不能作参数名：请用字母（含汉字）、数字和下划线，以字母开头，不得为 {'、'.join(FUNCTIONS)}",
        )
        raise ExpressionError(said, "syntax")
    return name


class Parser:
    """A parser by binding strength; it writes the program while it reads.

    Attributes
    ----------
    text : str
        The expression.
    names : set of str
        Names met so far.
    exact : bool
        Whether fractions can run the program: no root, exponential or logarithm, and only whole powers up to 64.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > LONGEST:
            count = len(text)
            said = Said(
                f"an expression has {LONGEST} characters at most, this one has {count}: name parts of it as parameters",
                f"表达式最长 {LONGEST} 个字符，此处有 {count} 个：请把其中部分另设参数",
            )
            raise ExpressionError(said, "limit")
        plain = _plain(_RAISED.sub(lambda found: f"^{unicodedata.normalize('NFKC', found[0])}", text))
        if plain is None:
            said = Said("write digits as 0 to 9, not raised, lowered, in circles or as fractions",
                        "数字请用 0–9，勿用上下标、带圈数字或分数符号")  # fmt: skip
            raise fault(said, text, "syntax")
        self.plain = plain.translate(_SIGNS)
        self.steps: list[Step] = []
        self.names: set[str] = set()
        self.exact = True
        self.depth = self.after = 0
        self.read()

    def read(self) -> None:
        """Go to the next token: its text in `word`, its kind in `kind`; both empty at the end."""
        self.before = self.after  # where the token before this one ended
        found = _TOKEN.match(self.plain, self.after)
        self.kind, self.word = (str(found.lastgroup), found[str(found.lastgroup)]) if found else ("", "")
        self.after = found.end() if found else len(self.plain)
        self.start = self.after - len(self.word)

    def unexpected(self) -> ExpressionError:
        """Return the error of a token that cannot stand where it stands."""
        said = Said("the expression ends too soon", "表达式不完整")
        if self.word:
            word, place = short(self.word), self.start + 1
            said = Said(f"'{word}' cannot stand at character {place}", f"第 {place} 个字符处不应为“{word}”")
        return fault(said, self.text, "syntax")

    def take(self, sign: str) -> None:
        """Read one sign that must come."""
        if self.kind != "sign" or self.word != sign:
            raise self.unexpected()
        self.read()

    def write(self, action: str, operand: Any, start: int) -> None:
        """Append a step; `start` is where its text begins."""
        self.steps.append(Step(action, operand, self.plain[start : self.before].strip()))

    def program(self) -> Program:
        """Read an expression into a program of its own."""
        outer, self.steps = self.steps, []
        self.expression(0)
        inner, self.steps = tuple(self.steps), outer
        return inner

    def expression(self, binding: int) -> None:
        """Read an operand and whatever operators bind it at least so strongly."""
        self.depth += 1
        if self.depth > DEEPEST:
            said = Said(
                "the expression is nested too deeply: name parts of it as parameters",
                "表达式嵌套过深：请把其中部分另设参数",
            )
            raise fault(said, self.text, "limit")
        start = self.start
        self.operand()
        while self.kind == "sign" and _BINDING.get(self.word, -1) >= binding:
            sign = self.word.replace("**", "^")
            strength = _BINDING[sign]
            self.read()
            self.expression(strength if sign == "^" else strength + 1)
            if sign == "^":
                self.exact &= self.whole_power()
            self.write(sign, 2, start)
        self.depth -= 1

    def whole_power(self) -> bool:
        """Return whether the exponent just written is a whole number that fractions can be raised to."""
        at = -2 if self.steps[-1].action == "neg" else -1
        action, number, _ = self.steps[at]
        return action == "number" and number.denominator == 1 and number <= LARGEST_POWER

    def operand(self) -> None:
        """Read a number, a name, a call, a bracket or a signed operand."""
        kind, word, start = self.kind, self.word, self.start
        if kind == "number":
            value = self.number()
            self.read()
            self.write("number", value, start)
        elif kind == "name":
            self.read()
            if self.word == "(":
                self.call(word, start)
            elif word.lower() in FUNCTIONS:
                raise self.unexpected()
            else:
                self.names.add(word)
                self.write("name", word, start)
        elif word == "(":
            self.read()
            self.expression(0)
            self.take(")")
        elif word in ("+", "-"):
            self.read()
            self.expression(_NEGATION)
            if word == "-":
                self.write("neg", 1, start)
        else:
            raise self.unexpected()

    def number(self) -> Fraction:
        """Return the number that stands here; 1,000 in `min(1,000)` and 1e999 are refused."""
        whole, _, exponent = self.word.lower().partition("e")
        shown = short(self.word)
        if len(whole) > 1 and whole[0] == "0" and whole[1] != ".":
            said = Said(
                f"'{shown}' begins with zero: write numbers without separators of thousands",
                f"“{shown}”以零开头：数字请勿使用千分位分隔符",
            )
            raise fault(said, self.text, "syntax")
        if len(exponent.lstrip("+-0")) > 3 or abs(int(exponent or 0)) > LARGEST_EXPONENT or len(whole) > 100:
            raise fault(Said(f"'{shown}' is too large or too small", f"“{shown}”过大或过小"), self.text, "limit")
        return Fraction(self.word)

    def call(self, name: str, start: int) -> None:
        """Read the arguments of a function."""
        function = name.lower()
        if function not in FUNCTIONS:
            near = "ln" if function in ("log", "log10", "log2") else ", ".join(near_misses(function, FUNCTIONS))
            said = Said(
                f"'{short(name)}' is not a function; there are {', '.join(FUNCTIONS)}"
                + (f" (did you mean {near}?)" if near else ""),
                f"没有函数“{short(name)}”；可用的有 {'、'.join(FUNCTIONS)}" + (f"（是否为 {near}？）" if near else ""),
            )
            raise fault(said, self.text, "syntax")
        self.take("(")
        if function == "if":
            left = self.program()
            sign = self.word
            if sign not in COMPARISONS:
                raise self.unexpected()
            self.read()
            right = self.program()
            self.take(",")
            yes = self.program()
            self.take(",")
            operand: Any = (left, sign, right, yes, self.program())
        else:
            operand = 1
            self.expression(0)
            while self.word == "," and operand != FUNCTIONS[function]:
                self.read()
                self.expression(0)
                operand += 1
        self.take(")")
        self.exact &= function not in ("sqrt", "exp", "ln")
        self.write(function, operand, start)
