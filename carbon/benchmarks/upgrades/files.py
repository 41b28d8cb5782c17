"""Pydantic models of `upgrade.toml` and `savings.toml`: prices, rules of support, tax."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from carbon.documents import Document, Exact, Language, Line
from carbon.errors import Said


class Price(Document):
    """What one unit of an energy, or of water, costs.

    Attributes
    ----------
    unit : str
        Money over quantity: ``CNY/kWh``, ``元/t``.
    source : str
        Where the price is from.
    ncv, ncv_unit : Fraction, str
        Heat of a unit, where the price is of a mass or volume and the quantity of heat: 21, ``GJ/t``.
    """

    item: Line
    value: Exact = Field(ge=0, le=10**12)
    unit: Line
    source: Line = Field(min_length=1)
    ncv: Exact | None = Field(default=None, gt=Fraction(1, 10**9), le=10**9)
    ncv_unit: Line = ""


class Incentive(Document):
    """A support rule that a study takes part in.

    Attributes
    ----------
    rule : str
        Its name in ``benchmarks/incentives``.
    valid_from, valid_to : date, optional
        Window that beats the printed one, or stands in for one that is not printed; `source` says where it is from.
    """

    rule: Line
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    source: Line = ""

    @model_validator(mode="after")
    def _sourced(self) -> Incentive:
        own = (self.valid_from is not None, self.valid_to is not None)
        if any(own) and not (all(own) and self.source.strip()):
            en = "an own window needs valid_from, valid_to and source"
            raise ValueError(Said(en, "自填有效期须同时给出 valid_from、valid_to 和 source"))
        return self


class Tax(Document):
    """Income tax payable [CNY] without any credit, year by year."""

    first_year: int = Field(ge=2000, le=2100)
    payable_cny: list[Annotated[float, Field(ge=0, le=1e15)]] = Field(min_length=1, max_length=100)


class StudyFile(Document):
    """`upgrade.toml`: what a study of measures, or a check of savings, takes for all rows.

    Attributes
    ----------
    measures : str
        Its table, if it is not ``measures.csv`` (or ``savings.csv``) beside the file.
    year : int, optional
        Year of factors of rows that name none.
    as_of : date, optional
        Only what was published by then; ages of equipment are counted to it, else to the end of `year`.
    discount_rate : float, optional
        Share a year, such as 0.08. Without it present values are unknown.
    life_years : int, optional
        Life of measures that name none. Without it they have no present value.
    price : list of Price
        Without the price of an energy the money that it saves is unknown.
    incentive : list of Incentive
        Support that is counted; none if left out.
    """

    title: Line = ""
    language: Language = "en"
    method: Line = "cn-general"
    region: Line = ""
    year: int | None = Field(default=None, ge=1990, le=2100)
    as_of: dt.date | None = None
    measures: Line = ""
    discount_rate: float | None = Field(default=None, ge=0, lt=1)
    life_years: int | None = Field(default=None, ge=1, le=100)
    price: list[Price] = Field(default_factory=list)
    incentive: list[Incentive] = Field(default_factory=list)
    tax: Tax | None = None
