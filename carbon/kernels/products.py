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
            below = power * denominator
            high = whole * numerator
            part = splitter * whole
            left_high = part - (part - whole)
            left_low = whole - left_high
            part = splitter * numerator
            right_high = part - (part - numerator)
            right_low = numerator - right_high
            low = (
                (left_high * right_high - high) + left_high * right_low + left_low * right_high
            ) + left_low * right_low
            ratio = high / below
            back = ratio * below
            part = splitter * ratio
            left_high = part - (part - ratio)
            left_low = ratio - left_high
            part = splitter * below
            right_high = part - (part - below)
            right_low = below - right_high
            rest = (
                (left_high * right_high - back) + left_high * right_low + left_low * right_high
            ) + left_low * right_low
            amount = ratio + ((high - back) - rest + low) / below
        for slot in range(slot_column.shape[1]):
            column = slot_column[term, slot]
            if column < 0:
                amount *= slot_value[term, slot]
            else:
                amount *= override[column, row]
        out_amount[entry] = amount
