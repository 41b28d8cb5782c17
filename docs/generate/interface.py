"""Pages of the command line and of the Python API, from the program itself."""

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo

import carbon
from carbon.cli.commands import app
from generate.markdown import code, codes, fenced, heading, prose, slug, table, text

MORE = (  # public besides what `carbon` itself exports
    "carbon.run.run", "carbon.run.check", "carbon.run.explain", "carbon.describe.describe", "carbon.describe.template",
    "carbon.footprint.study.footprint", "carbon.footprint.uncertain.uncertainty", "carbon.footprint.variants.variants",
    "carbon.footprint.compare.compare", "carbon.benchmarks.verdicts.Verdicts", "carbon.benchmarks.portfolios.Portfolio",
    "carbon.benchmarks.upgrades.upgrading.Upgrade", "carbon.benchmarks.levels.Levels", "carbon.units.parse",
    "carbon.units.ratio", "carbon.report.plots.ResultPlots", "carbon.report.plots.FootprintPlots",
    "carbon.report.upgrade_plots.UpgradePlots",
)  # fmt: skip


def command_line() -> str:
    """Return every command with its arguments and options."""
    parts = []
    for name, command in commands(app, "carbon"):
        parts += [heading(2, name, slug(name)), prose(inspect.getdoc(command) or "")]
        if rows := list(_parameters(command)):
            parts.append("\n" + table(("argument or option", "", "one of", "default", "meaning"), rows))
    return "\n".join(parts)


def commands(group: typer.Typer, name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the commands of a group by their full names."""
    for one in group.registered_commands:
        if one.callback is not None and not one.hidden:
            yield f"{name} {one.name or one.callback.__name__}", one.callback
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            yield from commands(inner.typer_instance, f"{name} {inner.name}")


def _parameters(command: Callable[..., Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each argument and option."""
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind, said = get_args(hints[name])
        argument = isinstance(said, ArgumentInfo)
        given = [one for one in (said.default, *(said.param_decls or ())) if isinstance(one, str)]
        named = [name.upper()] if argument else [part for one in given for part in one.split("/")]
        allowed = [value for one in (kind, *get_args(kind)) if get_origin(one) is Literal for value in get_args(one)]
        required = parameter.default is inspect.Parameter.empty
        default = "" if required or parameter.default in (None, False, True) else parameter.default
        yield (codes(named), "required" if required else "", codes(allowed), code(default), prose(said.help or ""))


def public_names() -> list[tuple[str, Any]]:
    """Return what is public: name as imported, and the thing."""
    own = [(f"carbon.{name}", getattr(carbon, name)) for name in carbon.__all__]
    return own + [(path, getattr(import_module(path.rpartition(".")[0]), path.rpartition(".")[2])) for path in MORE]


def python_names() -> str:
    """Return signature and docstring of every public name."""
    parts = []
    for name, thing in public_names():
        parts.append(heading(2, name, slug(name)))
        parts.append(_said(name.rpartition(".")[2], thing))
        if inspect.isclass(thing):
            for key, member in vars(thing).items():
                if not key.startswith("_") and (found := _function(member)) is not None and found.__doc__:
                    parts.append(heading(3, f"{name.rpartition('.')[2]}.{key}", slug(f"{name}.{key}")))
                    parts.append(_said(key, found, called=inspect.isfunction(member)))
    return "\n".join(parts)


def _function(member: Any) -> Callable[..., Any] | None:
    """Return the function behind a method or a property."""
    for name in ("fget", "func"):
        member = getattr(member, name, member)
    return member if inspect.isfunction(member) else None


def _said(name: str, thing: Any, *, called: bool = True) -> str:
    """Return signature and docstring."""
    shown = ""
    if called and not (inspect.isclass(thing) and issubclass(thing, tuple | Exception)):
        signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(thing)))
        shown = fenced(
            name + re.sub(r"<[^>]*>", "…", signature).replace("(self, ", "(").replace("(self)", "()"), "python"
        )
    return shown + docstring(inspect.getdoc(thing) or "")


def docstring(said: str) -> str:
    """Return a docstring of the numpy form as Markdown: sections become lists, examples code."""
    head, *sections = re.split(r"(?m)^(\w[\w ]*)\n-{3,}\n", said)
    parts = [_paragraphs(head)]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        parts.append(f"\n**{title}**\n")
        if title == "Examples":
            parts.append(fenced(body.strip(), "pycon"))
        elif title == "Notes":
            parts.append(_paragraphs(body))
        else:
            parts.append(_entries(body))
    return "\n".join(parts)


def _paragraphs(body: str) -> str:
    return "\n\n".join(prose(part) for part in body.strip().split("\n\n")) + "\n"


def _entries(body: str) -> str:
    """Return `name : type` with its indented text as list."""
    lines: list[str] = []
    for line in body.strip("\n").splitlines():
        if line.startswith("    ") and lines:
            lines[-1] += f" {prose(line.strip())}"
        elif line.strip():
            name, colon, kind = line.partition(" : ")
            lines.append(f"- {code(name)}{f' ({text(kind)})' if colon else ''} —")
    return "\n".join(line.removesuffix(" —") for line in lines) + "\n"
