"""The language of amounts against Python's own grammar on fractions, at its limits, and against hostile texts."""

from __future__ import annotations

import ast
import math
import pickle
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.hostility import within_reason

from carbon.footprint import expressions, grammar
from carbon.footprint.expressions import (
    Expression,
    ExpressionError,
    evaluate_parameters,
    parameter_name,
    resolve_parameters,
)


def value(text: str, **values: float) -> float:
    return float(Expression.parse(text).evaluate(values))


def refusal(text: str, **values: float) -> ExpressionError:
    with within_reason(), pytest.raises(ExpressionError) as caught:
        Expression.parse(text).evaluate(values)
    assert caught.value.said.en
    assert caught.value.said.zh
    return caught.value


# --- laws, with Python's grammar on fractions as oracle

VALUES = {"a": Fraction(3, 7), "用电量": Fraction(-5, 2), "x_1": Fraction(11), "z": Fraction(1, 9)}


@st.composite
def texts(draw: st.DrawFn, depth: int = 3) -> str:
    """Return arithmetic without more brackets than drawn, so that precedence matters."""
    parts = []
    for number in range(draw(st.integers(1, 4))):
        if number:
            parts.append(draw(st.sampled_from(["+", "-", "*", "/", " - ", " / "])))
        sign = draw(st.sampled_from(["", "", "-", "--", "+"]))
        operand = draw(
            st.sampled_from(["1", "2.5", ".25", "3.", "12e-1", *VALUES])
            | (texts(depth=depth - 1).map("({})".format) if depth else st.nothing())
        )
        power = draw(st.sampled_from(["", "", "", "^2", "**3", "^-1", "^0", "^ - 2"]))
        parts.append(f"{sign}{operand}{power}")
    return "".join(parts)


def python(text: str) -> Fraction | None:
    """Evaluate with Python's grammar; each number becomes a fraction before anything is done with it."""
    made = ast.parse(text.replace("^", "**"), mode="eval")

    class Exact(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            call = ast.Call(ast.Name("Fraction", ast.Load()), [ast.Constant(repr(node.value))], [])
            return ast.copy_location(call, node)

    try:
        code = compile(ast.fix_missing_locations(Exact().visit(made)), "oracle", "eval")
        return Fraction(eval(code, {"Fraction": Fraction, **VALUES}))
    except ZeroDivisionError:
        return None


@given(texts())
def test_fractions_agree_with_the_grammar_of_python(text: str) -> None:
    exact = python(text)
    parsed = Expression.parse(text)
    assert parsed.exact
    if exact is None:
        with pytest.raises(ExpressionError, match=r"division by zero|zero to a negative power"):
            parsed.fraction(VALUES)
    else:
        assert parsed.fraction(VALUES) == exact


def joined(parts: tuple[tuple[str, int], str, tuple[str, int]]) -> tuple[str, int]:
    (left, one), sign, (right, two) = parts
    return f"({left}{sign}{right})", {"+": one + two, "-": one - two, "*": one * two}[sign]


WHOLE = st.recursive(
    st.integers(0, 50).map(lambda n: (str(n), n)) | st.sampled_from([("p", 7), ("q", -3)]),
    lambda part: st.tuples(part, st.sampled_from("+-*"), part).map(joined),
    max_leaves=8,
)


@given(WHOLE)
def test_floats_are_exact_on_whole_numbers(made: tuple[str, int]) -> None:
    text, number = made  # 8 factors up to 50: below 2**53
    found = Expression.parse(text).evaluate({"p": [7.0, 7.0], "q": -3.0})
    assert found.tolist() == ([number] * 2 if "p" in text else number)


@given(texts(), st.randoms(use_true_random=False))
def test_many_draws_at_once_are_what_each_is_alone(text: str, rng: random.Random) -> None:
    parsed = Expression.parse(text)
    draws = {name: np.array([rng.uniform(0.5, 2.0) for _ in range(5)]) for name in VALUES}
    try:
        found = parsed.evaluate(draws)
    except ExpressionError:
        return
    for number in range(5):
        alone = parsed.evaluate({name: drawn[number] for name, drawn in draws.items()})
        assert np.broadcast_to(found, 5)[number] == alone


# --- values by hand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2^3^2", 512), ("2**-1", 0.5), ("-2^2", -4), ("2 * -3", -6),
        ("10 - 4 - 3", 3), ("100 / 10 / 5", 2), ("min(3, 1, 2)", 1), ("max(3)", 3), ("ABS(-2.5)", 2.5), ("sqrt(9)", 3),
        ("exp(0)", 1), ("ln(exp(2))", 2), ("if(1 < 2, 10, 20)", 10), ("if(2 <= 1, 10, if(1 != 1, 1, 30))", 30),
        ("（１＋２）×３÷４", 2.25), ("3² − 1", 8), ("10⁻¹", 0.1), ("min(1，2)", 1),
        ("if(3 ≥ 3, 1, 0) + if(3 ≠ 3, 1, 0) + if(2 = 2, 1, 0)", 2), ("1e3", 1000), ("0.5e+1", 5), ("9^0.5", 3),
    ],
)  # fmt: skip
def test_value_by_hand(text: str, expected: float) -> None:
    assert value(text) == expected


def test_parameters_may_have_any_letters() -> None:
    assert value("用电量 × 排放因子", 用电量=4.0, 排放因子=0.5) == 2.0


def test_names_are_those_used_once_each() -> None:
    assert Expression.parse("b * a + if(c > b, a, exp(d))").names == ("a", "b", "c", "d")


def test_branch_that_is_not_chosen_is_not_computed() -> None:
    # where x = 0 the second branch would divide by zero
    found = Expression.parse("if(x > 0, ln(x) / x, -1)").evaluate({"x": np.array([[0.0, 1.0], [math.e, -4.0]])})
    assert found.tolist() == [[-1.0, 0.0], [1.0 / math.e, -1.0]]


def test_choices_within_choices_meet_the_right_draws() -> None:
    found = Expression.parse("if(x < 2, if(y > 0, 1/y, 7), x * y)").evaluate(
        {"x": [1.0, 1.0, 3.0, 3.0], "y": [4.0, 0.0, 5.0, 0.0]}
    )
    assert found.tolist() == [0.25, 7.0, 15.0, 0.0]


def test_scalar_meets_draws() -> None:
    assert Expression.parse("a * b").evaluate({"a": 2.0, "b": [1.0, 3.0]}).tolist() == [2.0, 6.0]


def test_without_names_there_is_one_value() -> None:
    assert Expression.parse("2 * 3").evaluate().shape == ()


def test_exact_sum_of_tenths() -> None:
    assert Expression.parse("0.1 + 0.2").fraction() == Fraction(3, 10)
    assert Expression.parse("min(a, 1/3) ^ 2").fraction({"a": 1}) == Fraction(1, 9)
    assert Expression.parse("if(a >= 1, 1/7, 0)").fraction({"a": 1}) == Fraction(1, 7)


@pytest.mark.parametrize("text", ["sqrt(4)", "2^0.5", "2^a", "if(1 < 2, 1, exp(1))", "2^65", "2^(1+1)"])
def test_what_is_not_exact_says_so(text: str) -> None:
    parsed = Expression.parse(text)
    assert not parsed.exact
    with pytest.raises(ExpressionError) as caught:
        parsed.fraction({"a": 2})
    assert caught.value.kind == "inexact"


# --- what has no value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 / (a - 3)", "division by zero: '1 / (a - 3)', in '1 / (a - 3)'"), ("1 / (1 / (a - 3))", "division by zero"),
        ("0 ^ -1", "negative power"), ("(-8) ^ 0.5", "not whole"), ("sqrt(a - 4)", "root of a negative"),
        ("ln(a - 3)", "not positive"), ("exp(a * 1000)", "'exp(a * 1000)' is too large"),
        ("1e300 * 1e300", "too large"), ("9^9^9", "too large"), ("1 / 9^9^9", "too large"),
    ],
)  # fmt: skip
def test_number_that_is_none_names_the_expression(text: str, says: str) -> None:
    error = refusal(text, a=3.0)
    assert error.kind == "value"
    assert says in error.said.en
    assert f"“{text}”" in error.said.zh


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_parameter_that_is_no_number_is_named(number: float) -> None:
    assert "'a' is not a finite number" in refusal("a * 0", a=number).said.en


def test_one_bad_draw_is_enough() -> None:
    with pytest.raises(ExpressionError, match="division by zero"):
        Expression.parse("1 / x").evaluate({"x": [1.0, 0.0]})


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 +", "* 2", "(1", "1)", "1 2", "a b", "2a", "2kg", "a.b", "a[0]", "'x'", '"x"', "a = 1", "1 < 2",
        "if(1, 2, 3)", "if(1 < 2 < 3, 1, 2)", "if(1 < 2, 3)", "min()", "abs(1, 2)", "sqrt()", "log(2)", "f(1)", "a(1)",
        "(min)(1)", "min", "if", "1,000", "min(1,000)", "007", "1__0", "0x10", "1e", "1;2", "a := 1", "lambda: 1",
        "a%2", "1 // 2", "½", "①", "3½", "x₂", "a ⁄ 2", "٣", "1..2", "a!", "not a", "a and b", "__import__('os')",
        "().__class__", "[1]", "{}", "1 if a else 2", "\x00", "1\x1b[2J", "\ud800", "a" + chr(0x202E), "5 %",
    ],
)  # fmt: skip
def test_text_that_is_no_expression_is_refused(text: str) -> None:
    error = refusal(text, a=1.0, b=1.0)
    assert error.kind in ("syntax", "limit")
    assert "\x1b" not in error.said.en


def test_error_says_where() -> None:
    assert "'b' cannot stand at character 3, in 'a b'" in str(refusal("a b"))
    assert "ends too soon" in str(refusal("a *"))


def test_logarithm_must_say_which() -> None:
    assert "did you mean ln?" in refusal("log(2)").said.en
    assert "没有函数“log”" in refusal("log(2)").said.zh


def test_unknown_name_has_near_misses() -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression.parse("electricty * 2").evaluate({"electricity": 1.0, "coal": 2.0})
    assert caught.value.kind == "unknown"
    assert caught.value.names == ("electricty", "electricity")
    assert "nearest: electricity" in caught.value.said.en


def test_error_survives_pickling() -> None:
    error = refusal("1 +")
    again = pickle.loads(pickle.dumps(error))
    assert (again.said, again.kind, again.names) == (error.said, error.kind, error.names)


# --- hostile

HOSTILE = {
    "long": "1+" * 300 + "1",
    "very long": "(" * 10_000_000,
    "long when spelled out": "\ufdfa" * 500,
    "brackets": "(" * 240 + "1" + ")" * 240,
    "signs": "-" * 499 + "1",
    "powers": "2^" * 240 + "2",
    "functions": "abs(" * 120 + "1" + ")" * 120,
    "choices": "if(1<2,1," * 55 + "1",
    "choices in conditions": "if(" * 160,
    "power tower": "9**9**9**9**9**9",
    "exponent": "1e999999999",
    "small exponent": "1e-999999999",
    "digits": "9" * 499,
    "digits behind the point": "0." + "1" * 490,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_soon(text: str) -> None:
    error = refusal(text)
    assert error.kind in ("limit", "value", "syntax")
    assert len(error.said.en) < 400


GROWING = ["((((((9^64)^64)^64)^64)^64)^64)^64", "*".join(["9^64"] * 100), "(1e300)^64", "a^64*a^64", "1/(a^64)/(a^64)"]


@pytest.mark.parametrize("text", GROWING)
def test_fractions_that_grow_beyond_all_bounds_are_refused_soon(text: str) -> None:
    with within_reason(), pytest.raises(ExpressionError) as caught:
        Expression.parse(text).fraction({"a": 10**100})
    assert caught.value.kind == "limit"


def test_longest_sum_is_no_problem() -> None:
    # flat, so no depth: 250 ones in 499 characters
    text = "+".join(["1"] * 250)
    assert value(text) == 250
    assert Expression.parse(text).fraction() == 250


@given(st.text(alphabet="ab1.+-*/^(),<>= eif用", max_size=60))
def test_any_text_ends_in_a_value_or_a_clear_error(text: str) -> None:
    with within_reason():
        try:
            found = Expression.parse(text).evaluate({"a": 2.0, "b": [1.0, 0.0]})
        except ExpressionError:
            return
    assert np.isfinite(found).all()


def test_nothing_is_evaluated_by_python() -> None:
    for module in (expressions, grammar):
        calls = [node.func for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text("utf-8")))
                 if isinstance(node, ast.Call)]  # fmt: skip
        assert not {call.id for call in calls if isinstance(call, ast.Name)} & {"eval", "exec", "compile", "__import__"}


# --- names and order


@pytest.mark.parametrize(("text", "name"), [(" a ", "a"), ("用电量", "用电量"), ("ｘ１", "x1"), ("_y", "_y")])
def test_name_is_spelled_as_expressions_spell_it(text: str, name: str) -> None:
    assert parameter_name(text) == name
    assert Expression.parse(text).names == (name,)


@pytest.mark.parametrize(
    "text", ["", "1a", "a b", "min", "IF", "a-b", "a.b", "a·b", "x²", "x" * 501, "a\n b", "é" * 600]
)
def test_name_that_no_expression_could_use_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parameter_name(text)


def definitions(**texts: str | float) -> dict[str, Expression | float]:
    return {name: Expression.parse(text) if isinstance(text, str) else text for name, text in texts.items()}


def test_each_parameter_comes_after_those_it_uses() -> None:
    given_in = definitions(d="b + c", b="a * 2", c="a + b", a=1.0)
    assert resolve_parameters(given_in) == ["a", "b", "c", "d"]
    # a = 1, b = 2, c = 3, d = 5
    assert {name: float(number) for name, number in evaluate_parameters(given_in).items()} == {
        "a": 1,
        "b": 2,
        "c": 3,
        "d": 5,
    }


def test_order_does_not_depend_on_the_order_of_rows() -> None:
    made = definitions(e="b", d="b", c="a", b=1, a=2, f=3)
    assert resolve_parameters(made) == resolve_parameters(dict(reversed(made.items())))


def test_parameters_of_draws() -> None:
    found = evaluate_parameters({**definitions(double="2 * share", rest="1 - share"), "share": np.array([0.25, 0.5])})
    assert found["double"].tolist() == [0.5, 1.0]
    assert found["rest"].tolist() == [0.75, 0.5]


@pytest.mark.parametrize(
    ("texts", "cycle"),
    [
        ({"a": "a + 1"}, ("a", "a")),
        ({"a": "b", "b": "a"}, ("a", "b", "a")),
        ({"x": "c", "c": "a", "a": "b", "b": "c", "ok": 1.0}, ("a", "b", "c", "a")),
    ],
)
def test_circle_is_named(texts: dict[str, str | float], cycle: tuple[str, ...]) -> None:
    with pytest.raises(ExpressionError) as caught:
        resolve_parameters(definitions(**texts))
    assert caught.value.kind == "circular"
    assert caught.value.names == cycle
    assert " → ".join(cycle) in caught.value.said.zh


def test_definition_by_an_unknown_name_says_whose() -> None:
    with pytest.raises(ExpressionError) as caught:
        resolve_parameters(definitions(total="shar * 2", share=1.0))
    assert caught.value.names == ("shar", "share")
    assert "which 'total' uses" in caught.value.said.en


def test_long_chain_and_long_circle_of_parameters() -> None:
    chain = {f"p{n}": Expression.parse(f"p{n + 1} + 1") for n in range(20_000)}
    with within_reason():
        assert float(evaluate_parameters({**chain, "p20000": 0.0})["p0"]) == 20_000
        with pytest.raises(ExpressionError) as caught:
            resolve_parameters({**chain, "p20000": Expression.parse("p0")})
    assert len(caught.value.names) == 20_002
    assert len(caught.value.said.en) < 400
