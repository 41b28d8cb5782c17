"""An attacker's run files, paths and factor sets: each is used or refused, never both."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from shared.hostility import GOOD, HEAD, command, good_total, outcome, run_folder, within_reason

from carbon import load_library
from carbon.errors import CarbonError
from carbon.run import compute, open_job, run


@contextmanager
def little_memory(more: int = 1 << 29) -> Iterator[None]:
    """Allow so many more bytes: what would fill the machine becomes a MemoryError."""
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


# --- run files and paths

TOMLS = {
    "password file": 'activities = "../../../../../../../../etc/passwd"\n',
    "password file, absolute": 'activities = "/etc/passwd"\n',
    "the folder itself": 'activities = "."\n',
    "a device": 'activities = "/dev/zero"\n',
    "null in a path": 'activities = "a\\u0000.csv"\n',
    "long path": f'activities = "{"a" * 5_000}.csv"\n',
    "factors from etc": 'factors = ["/etc"]\n',
    "factors from the password file": 'factors = ["/etc/passwd"]\n',
    "long factor folder": f'factors = ["{"a" * 5_000}"]\n',
    "null in a factor folder": 'factors = ["a\\u0000"]\n',
    "deep list": "title = " + "[" * 5_000 + "]" * 5_000 + "\n",
    "deep table": "title = " + "{a = " * 2_000 + "1" + "}" * 2_000 + "\n",
    "deep dots": ".".join(["a"] * 5_000) + " = 1\n",
    "deep brackets in a key": "[" + ".".join(["a"] * 5_000) + "]\n",
    "endless number": 'title = "x"\n[electricity]\nprimary_gce = "1e99999999"\n',
    "huge number": '[electricity]\nprimary_gce = "1e400"\n',
    "huge digits": "as_of = " + "9" * 10_000 + "\n",
    "nothing below": '[electricity]\nprimary_gce = "1/0"\n',
    "not a number": "[electricity]\nprimary_gce = nan\n",
    "unknown unit": '[electricity]\nprimary_gce = 0.3\nprimary_unit = "ton/kWh"\n',
    "hostile unit": '[electricity]\nprimary_gce = 0.3\nprimary_unit = "9**9**9"\n',
    "empty unit": '[electricity]\nprimary_gce = 0.3\nprimary_unit = ""\n',
    "method as a path": 'method = "../methods/cn-steel"\n',
    "gwp as a path": 'gwp = "../ipcc-gwp/ar5"\n',
    "gwp of another kind": 'gwp = "cn-heat/default"\n',
    "template": 'method = "{0.__class__}"\ntitle = "{title}%s"\n',
}
POWER = "Plant,2023,electricity,10,MWh,purchased,,\n"


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("toml", TOMLS.values(), ids=TOMLS.keys())
def test_hostile_run_file_ends_in_a_result_or_a_clear_error(
    verb: str, toml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    job = run_folder(tmp_path, toml, GOOD + POWER)
    code, printed = command(monkeypatch, capfd, verb, job)
    assert code in (0, 1, 2), printed
    assert "root:" not in printed  # nothing of /etc/passwd
    assert {path.name for path in job.iterdir()} <= {"run.toml", "activities.csv", "results"}
    if code == 2:
        assert printed.strip()
        assert not (job / "results").exists()


@pytest.mark.parametrize(
    "toml", ['gwp = "cn-heat/default"\n', '[electricity]\nprimary_gce = 0.3\nprimary_unit = "ton/kWh"\n',
             '[electricity]\nprimary_gce = 0.3\nprimary_unit = "kg/kWh"\n', "[electricity]\nprimary_gce = -1\n"],
    ids=["gwp set that is none", "unknown unit", "unit that leads to no coal", "negative coal"],
)  # fmt: skip
def test_wrong_choice_in_a_run_file_is_refused_and_not_ignored(toml: str, tmp_path: Path) -> None:
    job = run_folder(tmp_path, toml, GOOD + POWER)
    with pytest.raises(CarbonError):
        compute(open_job(job))


@pytest.mark.parametrize("words", [("check", "x" * 5_000), ("run", "x" * 5_000), ("check", "a\nb"), ("explain", "x:²"),
                                   ("explain", "{x}"), ("describe", "../../etc/passwd"), ("template", "../x"),
                                   ("factors", "show", "../../x:y"), ("factors", "check", "x" * 5_000)],
                         ids=lambda words: " ".join(words)[:24])  # fmt: skip
def test_hostile_argument_is_a_usage_error(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, printed = command(monkeypatch, capfd, *words)
    assert code == 2, printed


LINKS: dict[str, Callable[[Path], object]] = {
    "to itself": lambda p: p.symlink_to(p),
    "to nothing": lambda p: p.symlink_to(p.with_name("nothing.csv")),
    "to a device": lambda p: p.symlink_to("/dev/zero"),
    "to a folder": lambda p: p.symlink_to(p.parent),
    "pipe": os.mkfifo,
    "folder": lambda p: p.mkdir(),
}


@pytest.mark.parametrize("name", ["activities.csv", "facilities.csv"])
@pytest.mark.parametrize("make", LINKS.values(), ids=LINKS.keys())
def test_table_that_is_no_file_is_a_clear_error(name: str, make: Callable[[Path], object], tmp_path: Path) -> None:
    job = run_folder(tmp_path)
    (job / name).unlink(missing_ok=True)
    make(job / name)
    with within_reason(), little_memory(), pytest.raises(CarbonError):
        run(job)
    assert not (job / "results").exists()


# --- factor sets of an attacker, or of a tired colleague

FACTOR_HEAD = (
    "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note\n"
)
FACTOR = "s1,steam,CN,,emission,CO2,0.2,tCO2/GJ,,,,,,p. 1,\n"
META = """id = "mine/steam"
title_zh = "蒸汽"
title_en = "steam"
publisher = "p"
document = "d"
issued = 2024-01-01
licence = "own"
verification = "primary"
verified_from = "invoice"
"""
ITEM_HEAD = "item,kind,default_use,origin,name_zh,name_en,aliases\n"
STEAM = "Good,2024-01,steam,10,GJ,purchased,,\n"  # with the own factor 0.2 tCO2/GJ: 2 t


def own_set(folder: Path, text: str | bytes = FACTOR_HEAD + FACTOR, meta: str | bytes = META, **files: Any) -> Path:
    made = {"own/mine/steam.csv": text, "own/mine/steam.toml": meta, **files}
    return run_folder(folder, 'factors = ["own"]\n', STEAM, **made)


def test_own_set_is_used(tmp_path: Path) -> None:
    result, _ = outcome(own_set(tmp_path))
    assert result is not None
    assert good_total(result) == 2.0


WRONG_SETS: dict[str, dict[str, Any]] = {
    "slash in a number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1/2,")},
    "division by zero": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1/0,")},
    "underscore in a number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1_000,")},
    "full-width number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",１,")},
    "endless number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1e99999999,")},
    "huge number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1e400,")},
    "many digits": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", f",{'9' * 5_000},")},
    "infinite": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",inf,")},
    "unknown parameter": {"text": FACTOR_HEAD + FACTOR.replace("emission,CO2", "emmission,")},
    "week as a date": {"text": FACTOR_HEAD + FACTOR.replace("GJ,,,,,", "GJ,,,,2024-W01-1,")},
    "cell beyond all measure": {"text": FACTOR_HEAD + FACTOR.replace("p. 1", "p" * 200_000)},
    "no utf-8": {"text": (FACTOR_HEAD + FACTOR.replace("p. 1", "第1页")).encode("gb18030")},
    "open quote": {"text": FACTOR_HEAD + '"' + FACTOR},
    "semicolons": {"text": (FACTOR_HEAD + FACTOR).replace(",", ";")},
    "deep metadata": {"meta": "id = " + "[" * 5_000 + "]" * 5_000},
    "metadata in latin-1": {"meta": b'id = "\xe9"'},
    "id of a shipped set": {"meta": META.replace("mine/steam", "cn-heat/default")},
    "id of another place": {"meta": META.replace("mine/steam", "other/place")},
    "empty id": {"meta": META.replace("mine/steam", "")},
    "metadata that is a folder": {"own/mine/other.toml/x": "y"},
    "items without columns": {"own/mine/items.csv": "id,kind\na,b\n"},
    "items with a short row": {"own/mine/items.csv": ITEM_HEAD + "my-x,fuel\n"},
    "items without an id": {"own/mine/items.csv": ITEM_HEAD + ",fuel,combustion,fossil,我的,my x,\n"},
    "items in gb18030": {"own/mine/items.csv": (ITEM_HEAD + "my-x,fuel,combustion,fossil,我的,x,\n").encode("gb18030")},
    "item of unknown kind": {"own/mine/items.csv": ITEM_HEAD + "my-x,fule,combustion,fossil,我的,my x,\n"},
    "item of unknown use": {"own/mine/items.csv": ITEM_HEAD + "my-x,fuel,burn,fossil,我的,my x,\n"},
    "item of unknown origin": {"own/mine/items.csv": ITEM_HEAD + "my-x,fuel,combustion,fosil,我的,my x,\n"},
    "item that takes a shipped id": {
        "own/mine/items.csv": ITEM_HEAD + "diesel,fuel,combustion,biogenic,柴油,diesel,\n"
    },
}  # fmt: skip


@pytest.mark.parametrize("parts", WRONG_SETS.values(), ids=WRONG_SETS.keys())
def test_wrong_own_set_is_refused_with_a_clear_error(parts: dict[str, Any], tmp_path: Path) -> None:
    job = own_set(tmp_path, **parts)
    with within_reason(), pytest.raises(CarbonError):
        run(job)
    assert not (job / "results").exists()


FINE_SETS: dict[str, dict[str, Any]] = {
    "byte order mark": {"text": (FACTOR_HEAD + FACTOR).encode("utf-8-sig")},
    "crlf": {"text": (FACTOR_HEAD + FACTOR).replace("\n", "\r\n")},
    "items with a mark": {
        "own/mine/items.csv": (ITEM_HEAD + "my-x,fuel,combustion,fossil,我的,my x,\n").encode("utf-8-sig")
    },
    "folder named like a table": {"own/mine/notes.csv/x": "y"},
    "other files": {"own/README.md": "x", "own/mine/scan.pdf": b"\xff\xfe"},
}


@pytest.mark.parametrize("parts", FINE_SETS.values(), ids=FINE_SETS.keys())
def test_harmless_own_set_is_used(parts: dict[str, Any], tmp_path: Path) -> None:
    job = own_set(tmp_path, **parts)
    with within_reason():
        result, _ = run(job)
    assert good_total(result) == 2.0


@pytest.mark.parametrize("make", [LINKS[name] for name in ("to itself", "to nothing", "to a device", "pipe")],
                         ids=["link to itself", "link to nothing", "link to a device", "pipe"])  # fmt: skip
def test_own_folder_with_something_that_is_no_file_is_no_trap(make: Callable[[Path], object], tmp_path: Path) -> None:
    job = own_set(tmp_path)
    make(job / "own" / "mine" / "zz.csv")
    with within_reason(), little_memory():
        try:
            result, _ = run(job)
        except CarbonError:
            return
    assert good_total(result) == 2.0


def test_own_method_pack_does_not_replace_a_shipped_one_in_silence(tmp_path: Path) -> None:
    shipped = next(path for path in load_library().folders[0].glob("methods/cn-general.toml")).read_text("utf-8")
    job = own_set(tmp_path, **{"own/methods/cn-general.toml": shipped.replace('gwp = "ar5"', 'gwp = "sar"')})
    (job / "activities.csv").write_text(HEAD + "Good,2024-01,ch4,1,t,fugitive,,\n", encoding="utf-8")
    try:
        result, issues = outcome(job)
    except CarbonError:
        return
    assert issues.errors or (result is not None and good_total(result) == 28.0)  # AR5, as cn-general says
