"""Quantity × scale × measured values, for every entry of a plan, rounded once."""

from __future__ import annotations

import numpy as np

SIGNATURE = """void(
    Array(float64, 2, "C", readonly=True), Array(float64, 3, "C", readonly=True),
    Array(float64, 2, "C", readonly=True), Array(int32, 2, "C", readonly=True),
    Array(int64, 1, "C", readonly=True), Array(int32, 1, "C", readonly=True), float64[::1])"""


def products(
    quantity: np.ndarray,
    override: np.ndarray,
    scale: np.ndarray,
    slot_column: np.ndarray,
    entry_row: np.ndarray,
    entry_term: np.ndarray,
    out_amount: np.ndarray,
) -> None:
    """Compute ``amount = quantity · scale · Π measured values``.

    Every number comes as a pair of floats, high + low, which holds the decimal that was printed to 32 digits; products
    are kept so and rounded at the end. So 0.57 tCO2/MWh of 100 MWh is 57 t, and the same amount in kWh, 万kWh and GJ
    gives the same bits.

    Parameters
    ----------
    quantity : float64[2, rows]
        Activity data. [unit of the row]
    override : float64[2, columns, rows]
        Measured values of the rows (net calorific value, carbon content, oxidation, factor). [units of the row]
    scale : float64[2, terms]
        Default factors, unit scales, 44/12 and the sign in one exact number.
    slot_column : int32[terms, slots]
        Override columns that a term multiplies by; -1 ends them.
    entry_row : int64[entries]
        Row of each entry.
    entry_term : int32[entries]
        Term of each entry.
    out_amount : float64[entries]
        Mass of a gas [kg] or of standard coal [kgce].

    Notes
    -----
    Products of pairs after T. J. Dekker, A floating-point technique for extending the available precision,
    Numerische Mathematik 18 (1971), 224-242.
    """
    splitter = 134217729.0  # 2**27 + 1
    for entry in range(entry_row.shape[0]):
        row = entry_row[entry]
        term = entry_term[entry]
        high = quantity[0, row]
        low = quantity[1, row]
        for slot in range(-1, slot_column.shape[1]):
            if slot < 0:
                other, under = scale[0, term], scale[1, term]
            else:
                column = slot_column[term, slot]
                if column < 0:
                    break
                other, under = override[0, column, row], override[1, column, row]
            part = splitter * high
            high_top = part - (part - high)
            high_rest = high - high_top
            part = splitter * other
            other_top = part - (part - other)
            other_rest = other - other_top
            whole = high * other
            error = ((whole - high_top * other_top) - high_rest * other_top) - high_top * other_rest
            error = (high_rest * other_rest - error) + (high * under + low * other)
            high = whole + error
            low = error - (high - whole)
        out_amount[entry] = high
