"""The floors of the house (design §3): who may import whom, what is loaded when, what a module owes its reader."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import pytest

import carbon

ROOT = Path(__file__).resolve().parents[1]
FLOORS = [  # bottom first; names on one line share a floor
    {"errors", "shipped"},
    {"units", "periods", "arrays"},
    {"schema", "workbooks", "reading", "tables", "documents"},
    {"library"},
    {"kernels"},
    {"inventory", "footprint"},
    {"benchmarks"},
    {"scale"},
    {"report"},
    {"folders", "run", "streams", "imports", "studies", "footprints", "describe", "starter", "selftest"},
    {"cli", "__main__"},
]
MODULES = sorted(p for p in (ROOT / "carbon").rglob("*.py") if "_shipped" not in p.parts)
KERNELS = [p for p in MODULES if p.parent.name == "kernels" and p.name != "__init__.py"]
PACKAGES = [p for p in MODULES if p.name == "__init__.py"]
# library → where alone it may be imported; a lazy import counts too
WALLS = {
    "pint": {"carbon/units.py"},
    "pydantic": {"carbon/documents.py", "carbon/footprint/files.py", "carbon/benchmarks/upgrades/files.py"},
    "typer": {"carbon/cli"},
    "rich": {"carbon/cli"},
    "numba": {"carbon/kernels/__init__.py"},
    "pandas": {"carbon/inventory/result.py", "carbon/benchmarks", "carbon/footprint/study.py"},
    "dask": {"carbon/scale"},
    "distributed": {"carbon/scale"},
    "plotly": {"carbon/report"},
    "jinja2": {"carbon/report"},
    "xlsxwriter": {"carbon/report"},
}
# the doors upwards: `result.benchmark()` and the three `plot` hand the result itself to a floor above
HANDS_UP = {
    ("carbon.inventory.result", "carbon.benchmarks"),
    ("carbon.inventory.result", "carbon.report"),
    ("carbon.footprint.study", "carbon.report"),
    ("carbon.benchmarks.upgrades.upgrading", "carbon.report"),
}
MUTATORS = {
    "append", "extend", "insert", "add", "update", "setdefault", "pop", "popitem", "clear", "remove", "discard", "sort",
    "reverse", "__setitem__", "__delitem__", "appendleft", "extendleft",
}  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def for_types_only(module: ast.Module) -> set[int]:
    """Return the ids of the nodes under ``if TYPE_CHECKING``: they are never run."""
    return {
        id(inner)
        for node in ast.walk(module)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for child in node.body
        for inner in ast.walk(child)
    }


def imports(path: Path, *, lazy: bool = True, types: bool = True) -> Iterator[str]:
    """Yield what a module imports, dotted; optionally without imports inside functions or only for types."""
    module = tree(path)
    left_out = set() if types else for_types_only(module)
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not lazy:
            left_out |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(module):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor(name: str) -> int | None:
    parts = name.split(".")
    if parts[0] != "carbon" or len(parts) == 1:
        return None
    return next((number for number, names in enumerate(FLOORS) if parts[1] in names), None)


def public(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Yield the public functions, classes and methods that a module defines, with their qualified names."""
    for node in tree(path).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                        yield f"{node.name}.{inner.name}", inner


PUBLIC = [pytest.param(node, id=f"{dotted(path)}.{name}") for path in MODULES for name, node in public(path)]
each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


# --- floors and walls ---------------------------------------------------------------------------------------------


@each_module
def test_module_has_a_floor(path: Path) -> None:
    assert dotted(path) == "carbon" or floor(dotted(path)) is not None, "say in FLOORS where this room lies"


@each_module
def test_imports_go_down(path: Path) -> None:
    own = floor(dotted(path))
    if own is None:  # carbon/__init__.py hands names on and loads them on first use
        return
    for name in imports(path):
        target = floor(name)
        handed = (dotted(path), ".".join(name.split(".")[:2])) in HANDS_UP
        assert target is None or target <= own or handed, f"{dotted(path)} imports {name} from above"


def test_carbon_itself_imports_no_room_when_it_is_imported() -> None:
    found = [name for name in imports(ROOT / "carbon" / "__init__.py", types=False) if name.startswith("carbon")]
    assert found == []


@each_module
def test_no_relative_and_no_star_import(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            assert [alias.name for alias in node.names] != ["*"], f"line {node.lineno}: star import"


@each_module
@pytest.mark.parametrize("library", sorted(WALLS))
def test_library_stops_at_its_wall(path: Path, library: str) -> None:
    if library in {name.split(".")[0] for name in imports(path)}:
        assert any(name_of(path).startswith(place) for place in WALLS[library])


@pytest.mark.parametrize("library", ["pandas", "numba", "pint", "plotly", "python_calamine"])
@each_module
def test_heavy_library_is_imported_only_inside_functions(path: Path, library: str) -> None:
    assert library not in {name.split(".")[0] for name in imports(path, lazy=False, types=False)}


def test_there_are_kernels() -> None:
    assert {path.stem for path in KERNELS} >= {"products", "sums"}


@pytest.mark.parametrize("path", KERNELS, ids=name_of)
def test_kernel_imports_only_arithmetic(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)} <= {"__future__", "math", "numpy"}


@pytest.mark.parametrize("path", KERNELS, ids=name_of)
def test_kernel_validates_nothing(path: Path) -> None:
    wrong = [type(node).__name__ for node in ast.walk(tree(path)) if isinstance(node, (ast.Raise, ast.Assert, ast.Try))]
    assert wrong == []


@pytest.mark.parametrize("path", KERNELS, ids=name_of)
def test_kernel_reads_no_module_constant(path: Path) -> None:
    # numba freezes a global into the machine code: every number is an argument or stands in the function
    module = tree(path)
    constants = {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign)
        for one in node.targets
        for target in ast.walk(one)
        if isinstance(target, ast.Name)
    }
    for function in (node for node in module.body if isinstance(node, ast.FunctionDef)):
        used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert not used & constants


def test_kernel_package_knows_numba_and_nothing_of_carbon() -> None:
    found = {name.split(".")[0] for name in imports(ROOT / "carbon" / "kernels" / "__init__.py")}
    assert "numba" in found
    assert "carbon" not in found


@pytest.mark.parametrize("room", sorted({p.parts[-2] for p in MODULES} & {"inventory", "footprint", "kernels"}))
def test_room_does_no_input_or_output(room: str) -> None:
    files = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "glob", "print"}
    for path in (path for path in MODULES if path.parent.name == room):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
                assert called not in files, f"{name_of(path)}:{node.lineno} calls {called}"


def test_imports_run_in_no_circle() -> None:
    known = {dotted(path) for path in MODULES}
    graph = {}
    for path in MODULES:
        needed = set()
        for name in imports(path, lazy=False, types=False):
            parts = name.split(".")
            module = next((m for n in range(len(parts), 0, -1) if (m := ".".join(parts[:n])) in known), "")
            # a package's __init__ gathers its own modules; a module of the package does not need the package
            if module and not f"{dotted(path)}.".startswith(f"{module}."):
                needed.add(module)
        graph[dotted(path)] = needed
    done: set[str] = set()
    while remaining := {name: needed - done for name, needed in graph.items() if name not in done}:
        free = {name for name, needed in remaining.items() if not needed}
        assert free, f"these import one another: {sorted(remaining)}"
        done |= free


# --- rooms --------------------------------------------------------------------------------------------------------


@each_module
def test_module_is_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", KERNELS, ids=name_of)
def test_kernel_fits_on_a_screen(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 100


@each_module
def test_no_module_state(path: Path) -> None:
    module = tree(path)
    held = set()
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        held |= {target.id for target in targets if isinstance(target, ast.Name)}
    for function in (node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))):
        own = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        own |= {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
        for node in ast.walk(function):
            assert not isinstance(node, ast.Global), f"line {node.lineno}: global"
            changed = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
                changed = node.func.value
            elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
                changed = node.value
            if isinstance(changed, ast.Name):
                assert changed.id in own or changed.id not in held, f"line {node.lineno} changes {changed.id}"


@pytest.mark.parametrize("folder", ["factors", "benchmarks/levels"])
def test_data_folder_holds_data_only(folder: str) -> None:
    assert (ROOT / folder).is_dir()
    kinds = {path.suffix for path in (ROOT / folder).rglob("*") if path.is_file()}
    assert kinds <= {".csv", ".toml", ".md"}


# --- what is loaded -----------------------------------------------------------------------------------------------


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Run a script in a fresh interpreter; return the top-level packages that it has loaded."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_of_carbon_loads_nothing_heavy() -> None:
    loaded = loaded_by("import carbon")
    assert "carbon" in loaded
    assert not loaded & {"numba", "llvmlite", "pandas", "plotly", "pint", "pydantic", "typer", "rich", "pyarrow"}


def test_whole_run_of_a_hundred_rows_loads_neither_numba_nor_pandas_nor_plotly(tmp_path: Path) -> None:
    months = [f"2024-{month:02d}" for month in range(1, 11)]
    lines = ["facility,period,item,quantity,unit,region,uncertainty_pct"]
    for month in months:
        for plant in range(5):
            lines.append(f"plant {plant},{month},electricity,{100 + plant}.5,MWh,CN-SD,1.5")
            lines.append(f"plant {plant},{month},coke,{10 + plant},t,,2")
    job = tmp_path / "job"
    job.mkdir()
    (job / "activities.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = ["facility,product,period,quantity,unit", *(f"plant {n},steel,2024-01,7,t" for n in range(5))]
    (job / "output.csv").write_text("\n".join(made) + "\n", encoding="utf-8")
    code = "from carbon.run import run\nresult, where = run(sys.argv[1])\nassert result.complete, list(result.issues)"
    loaded = loaded_by(code, str(job))
    assert (job / "results" / "totals.csv").is_file()
    assert len(lines) == 101
    loaded -= loaded_by("import pint")  # which loads Dask, and that Jinja, wherever they are installed
    heavy = {"numba", "llvmlite", "pandas", "plotly", "jinja2", "xlsxwriter", "dask", "distributed", "typer", "rich"}
    assert not loaded & heavy


# --- what is said -------------------------------------------------------------------------------------------------


@each_module
def test_module_says_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(tree(path))
    assert said
    if path.name == "__init__.py":
        assert len(said.splitlines()) <= 6


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_room_names_its_floor(path: Path) -> None:
    own = floor(dotted(path))
    said = ast.get_docstring(tree(path)) or ""
    assert own is None or said.startswith(f"Floor {own}:")


SECTIONS = (
    "Attributes", "Parameters", "Returns", "Yields", "Raises", "Warns", "See Also", "Notes", "References", "Examples",
)  # fmt: skip


def sections(said: str) -> dict[str, list[str]]:
    """Return the sections of a numpydoc docstring: each title over a rule of its own length."""
    lines = said.splitlines()
    found: dict[str, list[str]] = {"": []}
    title = ""
    for number, line in enumerate(lines):
        rule = lines[number + 1] if number + 1 < len(lines) else ""
        if rule and set(rule) == {"-"}:
            assert len(rule) == len(line), f"rule under {line!r}"
            assert line in SECTIONS, f"no numpydoc section {line!r}"
            assert lines[number - 1] == "", f"no blank line before {line!r}"
            title = line
            found[title] = []
        elif not (set(line) == {"-"} and line):
            found[title].append(line)
    return found


def listed(lines: list[str]) -> list[str]:
    """Return the names that a Parameters or Attributes section describes."""
    entries = [line for line in lines if line and not line.startswith(" ")]
    return [name.strip().lstrip("*") for line in entries for name in line.split(" : ")[0].split(",")]


@pytest.mark.parametrize("node", PUBLIC)
def test_public_name_has_a_numpydoc_docstring(node: ast.FunctionDef | ast.ClassDef) -> None:
    said = ast.get_docstring(node)
    assert said, "no docstring"
    found = sections(said)
    summary = said.split("\n\n")[0].replace("\n", " ").strip()
    assert summary.endswith((".", ":", ".``", "?")), f"the summary is no sentence: {summary!r}"
    titles = [title for title in found if title]
    assert titles == sorted(titles, key=SECTIONS.index), "sections in the order of numpydoc"
    if isinstance(node, ast.FunctionDef) and "Parameters" in found:
        arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        arguments += [extra.arg for extra in (node.args.vararg, node.args.kwarg) if extra]
        assert sorted(listed(found["Parameters"])) == sorted(a for a in arguments if a not in ("self", "cls"))
    for line in found.get("Raises", []):
        assert not line or line.startswith(" ") or re.fullmatch(r"[A-Z]\w+", line), f"not an exception: {line!r}"


EXPORTED = sorted(carbon.__all__)


@pytest.mark.parametrize("name", EXPORTED)
def test_exported_name_resolves(name: str) -> None:
    assert getattr(carbon, name).__name__ == name
    assert name in dir(carbon)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'acount'"):
        _ = carbon.acount


@pytest.mark.parametrize("name", EXPORTED)
def test_exported_name_describes_what_it_takes(name: str) -> None:
    # what a user calls says shapes, units and errors (design §4.10): parameters of a function, attributes of a record
    target = getattr(carbon, name)
    found = sections(inspect.getdoc(target) or "")
    if inspect.isclass(target) and issubclass(target, (Exception, list)):
        return
    own = inspect.signature(target).parameters
    if is_dataclass(target):
        assert set(listed(found.get("Attributes", []))) <= set(own)
        assert "Attributes" in found
        return
    assert sorted(listed(found.get("Parameters", []))) == sorted(own), "Parameters"
    if not inspect.isclass(target):
        assert "Returns" in found


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_names_in_all_exist(path: Path) -> None:
    module = importlib.import_module(dotted(path))
    for name in getattr(module, "__all__", ()):
        assert hasattr(module, name)
