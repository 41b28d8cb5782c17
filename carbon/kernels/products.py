"""Quantity × scale × factors, for every entry of a plan."""

from __future__ import annotations

import numpy as np

SIGNATURE = """void(
    Array(float64, 1, "C", readonly=True), Array(float64, 2, "C", readonly=True),
    Array(float64, 2, "C", readonly=True), Array(int32, 2, "C", readonly=True), Array(float64, 2, "C", readonly=True),
    Array(int64, 1, "C", readonly=True), Array(int32, 1, "C", readonly=True), float64[::1])"""


def products(
    quantity: np.ndarray,
    override: np.ndarray,
    scale: np.ndarray,
    slot_column: np.ndarray,
    slot_value: np.ndarray,
    entry_row: np.ndarray,
    entry_term: np.ndarray,
    out_amount: np.ndarray,
) -> None:
    """Compute ``amount = (quantity · numerator / denominator) · Π factors``.

    The scale is exact: the quantity is taken as the decimal number that it prints as, multiplied and divided as a pair
    of floats and rounded once, so that the same amount in kWh, 万kWh and GJ gives the same bits.

    Parameters
    ----------
    quantity : float64[rows]
        Activity data as entered. [unit of the row]
    override : float64[columns, rows]
        Measured values of the rows (net calorific value, carbon content, oxidation, factor). [units of the row]
    scale : float64[terms, 2]
        Numerator and denominator of all unit scales, 44/12 and the sign together.
    slot_column : int32[terms, slots]
        Which override column a factor is read from; -1 = `slot_value`.
    slot_value : float64[terms, slots]
        Default factors as printed; 1 where a slot is not used.
    entry_row : int64[entries]
        Row of each entry.
    entry_term : int32[entries]
        Term of each entry.
    out_amount : float64[entries]
        Mass of a gas [kg] or of standard coal [kgce].
    """
    splitter = 134217729.0  # 2**27 + 1
    for entry in range(entry_row.shape[0]):
        row = entry_row[entry]
        term = entry_term[entry]
        amount = quantity[row]
        numerator = scale[term, 0]
        denominator = scale[term, 1]
        if numerator != denominator:
            power = 1.0
            whole = np.rint(amount)
            for _ in range(15):
                if whole / power == amount:
                    break
                power *= 10.0
                whole = np.rint(amount * power)
            if whole / power != amount or abs(whole) > 9007199254740992.0:
                whole = amount
                power = 1.0
            left, right = whole, numerator
            high, low, below, under, ratio = 0.0, 0.0, 1.0, 0.0, 0.0
            for step in range(3):  # Dekker's exact product, three times; then what the quotient leaves over
                whole = left * right
                part = splitter * left
                left_high = part - (part - left)
                left_low = left - left_high
                part = splitter * right
                right_high = part - (part - right)
                right_low = right - right_high
                error = ((whole - left_high * right_high) - left_low * right_high) - left_high * right_low
                error = left_low * right_low - error
                if step == 0:
                    high, low, left, right = whole, error, power, denominator
                elif step == 1:
                    below, under = whole, error
                    ratio = high / below
                    left, right = ratio, below
                else:
                    amount = ratio + ((high - whole) - error + low - ratio * under) / below
        for slot in range(slot_column.shape[1]):
            column = slot_column[term, slot]
            if column < 0:
                amount *= slot_value[term, slot]
            else:
                amount *= override[column, row]
        out_amount[entry] = amount
