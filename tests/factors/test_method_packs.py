"""Every shipped method pack names what exists, and reaches what it names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
from shared.factor_rows import CODES, FACTORS, ROOT, SETS, rows

from carbon.library import Library, load_library

PACKS = sorted((FACTORS / "methods").glob("*.toml"))
KINDS = {
    row["item"]: row["kind"] for path in [FACTORS / "items.csv", *FACTORS.glob("*/items.csv")] for row in rows(path)
}


# --- method packs ---------------------------------------------------------------------------------------------------

each_pack = pytest.mark.parametrize(
    "pack", [tomllib.loads(p.read_text("utf-8")) for p in PACKS], ids=[p.stem for p in PACKS]
)


def named_sets(pack: dict) -> Iterator[str]:
    yield from pack.get("electricity", {}).get("location", [])
    yield from pack.get("electricity", {}).get("residual", [])
    yield from pack["energy"]["sets"]
    yield from pack["energy"].get("primary", [])
    yield pack["energy"]["definition"]
    for category in pack.get("category", []):
        yield from category.get("sets", [])


def test_nine_packs_are_shipped() -> None:
    assert {path.stem for path in PACKS} >= {
        "cn-general", "cn-power", "cn-steel", "cn-cement", "cn-aluminium", "cn-chemicals", "cn-carbon-materials",
        "cn-statistics", "ghg-protocol",
    }  # fmt: skip


@each_pack
def test_pack_names_only_what_exists(pack: dict, library: Library) -> None:
    assert set(named_sets(pack)) <= set(SETS)
    assert not pack.get("gwp") or f"ipcc-gwp/{pack['gwp']}" in SETS
    assert pack.get("region", "") in CODES["region"] | {""}
    assert library.pack(pack["id"]).id == pack["id"]
    definition = [r for r in rows(SETS[pack["energy"]["definition"]]) if r["item"] == "standard-coal"]
    assert [row["parameter"] for row in definition] == ["ncv"]


@each_pack
def test_pack_names_a_set_once_per_list(pack: dict) -> None:
    lists = [c.get("sets", []) for c in pack.get("category", [])]
    lists += [pack["energy"]["sets"], pack["energy"].get("primary", [])]
    lists += [pack.get("electricity", {}).get(name, []) for name in ("location", "residual")]
    for names in lists:
        assert len(names) == len(set(names))


@each_pack
def test_categories_are_made_of_known_parts(pack: dict) -> None:
    uses = {row["id"] for row in rows(ROOT / "carbon" / "schema" / "choices.csv") if row["list"] == "use"}
    own = {kind for row in rows(ROOT / "carbon" / "schema" / "choices.csv") for kind in row["own_kinds"].split("|")}
    ids = [category["id"] for category in pack.get("category", [])]
    assert len(ids) == len(set(ids))
    for category in pack.get("category", []):
        assert set(category["kinds"]) <= set(KINDS.values()) | own, category["id"]
        assert set(category["uses"]) <= uses, category["id"]
        assert set(category.get("items", [])) <= set(KINDS), category["id"]
        assert {KINDS[item] for item in category.get("items", [])} <= set(category["kinds"]), category["id"]
        assert category.get("sign", 1) == (-1 if deducts(category) else 1), category["id"]
    assert set(pack.get("required", [])) <= {*ids, *KINDS}


def deducts(category: dict) -> bool:
    """Return whether a category is a deduction: exports, carbon that leaves in products, captured CO2, substitutes."""
    return category["scope"] < 3 and bool(
        {"exported", "product", "captured"} & set(category["uses"]) or "substitute" in category["kinds"]
    )


@each_pack
def test_every_set_of_a_category_serves_it(pack: dict) -> None:
    """A set that holds no item of the kinds of its category can never be used there: a mistake in the pack."""
    for category in pack.get("category", []):
        for name in category.get("sets", []):
            kinds = {KINDS[row["item"]] for row in rows(SETS[name])}
            assert kinds & set(category["kinds"]), f"{pack['id']} {category['id']}: {name} has only {sorted(kinds)}"


@each_pack
def test_every_emission_factor_of_a_pack_can_be_reached(pack: dict) -> None:
    """An item that stands in a set of the pack, but in none of the categories that read the set, is lost."""
    lost = set()
    for name in {name for category in pack.get("category", []) for name in category.get("sets", [])}:
        readers = [category for category in pack["category"] if name in category.get("sets", [])]
        for row in rows(SETS[name]):
            fits = [c for c in readers if KINDS[row["item"]] in c["kinds"]]
            fits = [c for c in fits if not c.get("items") or row["item"] in c["items"]]
            if row["parameter"] in ("emission", "carbon_content") and not fits:
                lost.add((name, row["item"]))
    assert lost == set()


@each_pack
def test_what_a_pack_does_not_know_is_said_in_both_languages(pack: dict) -> None:
    assert len(pack.get("unknown", [])) == len(pack.get("unknown_zh", []))
    assert all(text.strip() for text in [*pack["unknown"], *pack["unknown_zh"]])
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in pack["unknown_zh"])
    assert pack["verification"] in ("primary", "secondary", "unverified")
    assert pack["title_zh"]
    assert pack["title_en"]
    assert pack["document"]


def test_library_is_read_from_these_files() -> None:
    assert load_library().folders[0].resolve() == FACTORS.resolve()
