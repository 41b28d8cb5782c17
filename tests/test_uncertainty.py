"""Analytic uncertainty against hand calculations; limits of IPCC 2006, volume 2, tables 1.2 and 1.3."""

import math

import pytest

import carbon


def row(quantity, item="diesel", percent=3.0, period="2024", facility="A", **more):
    return {
        "facility": facility, "period": period, "item": item, "quantity": quantity, "unit": "t",
        "uncertainty_pct": percent, **more,
    }  # fmt: skip


def total(result, **where):
    wanted = {"category": "total", "basis": "location", "period": "2024", "facility": "A"} | where
    (record,) = [r for r in result.total_records if all(r[k] == v for k, v in wanted.items())]
    return record


# gas/diesel oil: NCV 43.0 (41.4 to 43.3) GJ/t, carbon 20.2 (19.8 to 20.4) kgC/GJ; half-widths relative to the value
NCV = (43.3 - 41.4) / 2 / 43.0
CARBON = (20.4 - 19.8) / 2 / 20.2


@pytest.fixture
def oxidation_is_exact(tmp_path):
    """A library where oxidation 1 has limits 1 to 1, so that every limit of the chain is known."""
    folder = tmp_path / "own" / "lab"
    folder.mkdir(parents=True)
    header = (
        "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note\n"
    )
    rows = [
        "diesel-carbon,diesel,,,carbon_content,,20.2,kgC/GJ,19.8,20.4,,,,p. 1,",
        "diesel-ncv,diesel,,,ncv,,43.0,GJ/t,41.4,43.3,,,,p. 1,",
        "diesel-oxidation,diesel,,,oxidation,,1,1,1,1,,,,p. 1,",
    ]
    (folder / "fuel.csv").write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "fuel.toml").write_text(
        'id = "lab/fuel"\ntitle_zh = "化验"\ntitle_en = "Laboratory"\npublisher = "own"\ndocument = "test"\n'
        'issued = 2024-01-01\nlicence = "own"\nverification = "primary"\nverified_from = "the laboratory"\n',
        encoding="utf-8",
    )
    return carbon.load_library([tmp_path / "own"])


def test_one_row_is_the_root_of_squares_of_activity_and_factors(oxidation_is_exact):
    result = carbon.account([row(100)], method="ghg-protocol", library=oxidation_is_exact)
    expected = 100 * math.sqrt(0.03**2 + NCV**2 + CARBON**2)
    assert total(result)["uncertainty_pct"] == pytest.approx(expected, rel=1e-12)
    assert total(result)["uncertainty_known_pct"] == 100.0


def test_rows_that_share_factors_are_correlated_in_them_and_not_in_activity(oxidation_is_exact):
    result = carbon.account([row(100), row(300)], method="ghg-protocol", library=oxidation_is_exact)
    activity = math.sqrt((100 * 0.03) ** 2 + (300 * 0.03) ** 2) / 400
    expected = 100 * math.sqrt(activity**2 + NCV**2 + CARBON**2)
    assert total(result)["uncertainty_pct"] == pytest.approx(expected, rel=1e-12)


def test_facilities_that_share_factors_stay_correlated_in_the_group_total(oxidation_is_exact):
    rows = [row(100, facility="A"), row(100, facility="B")]
    result = carbon.account(rows, method="ghg-protocol", library=oxidation_is_exact)
    expected = 100 * math.sqrt(0.03**2 / 2 + NCV**2 + CARBON**2)
    assert total(result, facility="")["uncertainty_pct"] == pytest.approx(expected, rel=1e-12)


def test_a_row_without_its_own_uncertainty_makes_the_total_unknown_and_says_the_known_share(oxidation_is_exact):
    rows = [row(100), row(300, percent=None)]
    record = total(carbon.account(rows, method="ghg-protocol", library=oxidation_is_exact))
    assert record["uncertainty_pct"] is None
    assert record["uncertainty_known_pct"] == pytest.approx(25.0, rel=1e-12)  # 100 of 400 t


def test_factor_without_printed_limits_makes_the_total_unknown():
    # the IPCC default oxidation of 1 is printed without limits
    record = total(carbon.account([row(100)], method="ghg-protocol"))
    assert record["uncertainty_pct"] is None
    assert record["uncertainty_known_pct"] == 0.0


def test_without_any_uncertainty_given_nothing_is_said():
    record = total(carbon.account([row(100, percent=None)], method="ghg-protocol"))
    assert record["uncertainty_pct"] is None
    assert record["uncertainty_known_pct"] is None
