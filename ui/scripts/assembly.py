"""Code put together from parts, of which what the settings don't need is left out.

The parts are Python modules below ui/scripts/parts, checked and linted like any other. Where they
ask for an option (`if POSITIONS == "rotary":`, of parts/options.py), the branch that holds is all
that is left. Settings (`HEADS = 8`) get their values. Functions, constants and parameters that
nobody uses then go. So what people get has no branch that they don't need.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ui.scripts.literals import WIDTH, literal

PARTS = Path(__file__).with_name("parts")
INSTALLED = ("gguf", "torch", "transformers")  # what isn't Python's own
SECTION = "# %% "  # begins a section, and a cell of a notebook


def assemble(
    parts: Sequence[str],
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return the parts as one module, without a docstring.

    Args:
        parts: names of modules in ui/scripts/parts, in their order.
        options: the value of every option that the parts ask for.
        settings: values of names that the parts assign to at their top.
        renamed: what is to be written instead of some of the parts' own text.
    """
    body = "\n\n".join(_folded(_body(part), options) for part in parts)
    for old, new in renamed.items():
        body = body.replace(old, new)
    body = _without_unused_parameters(_without_unused(_with_values(body, settings)))
    imports = _imports_of(parts, body)
    return _spaced(re.sub(r"  # type: ignore.*", "", f"{imports}\n\n{body}"))


@cache
def _source(part: str) -> str:
    return (PARTS / f"{part}.py").read_text(encoding="utf-8")


@cache
def _body(part: str) -> str:
    """A part from its first section on."""
    source = _source(part)
    start = source.find(SECTION)
    return source[start:] if start >= 0 else ""


def _folded(source: str, options: Mapping[str, Any]) -> str:
    """The source with each `if` that asks for options replaced by the branch that holds."""
    while found := list(_outermost(ast.parse(source).body, options)):
        lines = source.splitlines()
        for node in reversed(found):
            lines[node.lineno - 1 : node.end_lineno] = _branch(node, lines, options)
        source = "\n".join(lines) + "\n"
    return source


def _outermost(body: Sequence[ast.AST], options: Mapping[str, Any]) -> Iterator[ast.If]:
    for node in body:
        if isinstance(node, ast.If) and _names(node.test) <= options.keys():
            yield node
        else:
            yield from _outermost(list(ast.iter_child_nodes(node)), options)


def _branch(node: ast.If, lines: list[str], options: Mapping[str, Any]) -> list[str]:
    """The lines of the branch that holds, as far to the left as the `if` is."""
    test = compile(ast.Expression(node.test), "an option", "eval")
    last = node.body[-1].end_lineno or 0
    if eval(test, {"__builtins__": {}}, dict(options)):  # a line of our own, of our own values
        return _dedented(lines[(node.test.end_lineno or 0) : last])
    rest = lines[last : node.end_lineno]
    if not node.orelse:
        return []
    at = next(i for i, line in enumerate(rest) if re.match(r"\s*(else:|elif )", line))
    if rest[at].lstrip().startswith("elif"):
        return [rest[at].replace("elif", "if", 1), *rest[at + 1 :]]
    return _dedented(rest[at + 1 :])


def _dedented(lines: Sequence[str]) -> list[str]:
    return [line.removeprefix("    ") for line in lines]


def _with_values(source: str, settings: Mapping[str, Any]) -> str:
    """The source with settings' values where it assigns to them at its top."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        name = _assigned(node)
        if name not in settings:
            continue
        comment = re.search(r"  # .*$", lines[(node.end_lineno or 0) - 1])
        value = literal(settings[name], len(f"{name} = "))
        new = f"{name} = {value}" + (comment[0] if comment else "")
        if comment and ("\n" in value or len(new) > WIDTH):
            said = comment[0].removeprefix("  # ")
            new = f"# {said[0].upper()}{said[1:]}\n{name} = {value}"
        lines[node.lineno - 1 : node.end_lineno] = new.split("\n")
    return "\n".join(lines) + "\n"


def _assigned(node: ast.AST) -> str:
    """The name of a constant that a statement assigns to; nothing where it is something else."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name if name.isupper() else ""
    return ""


def _without_unused(source: str) -> str:
    """The source without functions, classes and constants that nothing uses, and empty sections."""
    while True:
        body = ast.parse(source).body
        used = [_names(node) for node in body]
        unused = [
            node
            for i, node in enumerate(body)
            if (name := _defined(node))
            and not any(name in names for j, names in enumerate(used) if j != i)
        ]
        if not unused:
            return _without_empty_sections(source)
        lines = source.splitlines()
        for node in reversed(unused):
            start = node.lineno - 1
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
                start = node.decorator_list[0].lineno - 1
            del lines[start : node.end_lineno]
        source = "\n".join(lines) + "\n"


def _without_unused_parameters(source: str) -> str:
    """The source without functions' parameters that they don't use, and what is passed for them."""
    while True:
        tree = ast.parse(source)
        for function in tree.body:
            if isinstance(function, ast.FunctionDef) and (unused := _unused_in(function, tree)):
                source = _without_parameter(source, tree, function, unused)
                break
        else:
            return source


def _unused_in(function: ast.FunctionDef, tree: ast.Module) -> str:
    """A parameter that a function doesn't use; one with a default where others call it."""
    used = set().union(*map(_names, function.body))
    arguments = [*function.args.args, *function.args.kwonlyargs]
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if any(_names(node) == {function.name} and node not in called for node in _loads(tree)):
        without = len(function.args.args) - len(function.args.defaults)
        arguments = function.args.args[without:]
    return next((each.arg for each in arguments if each.arg not in used), "")


def _loads(tree: ast.Module) -> Iterator[ast.Name]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name))


def _without_parameter(
    source: str, tree: ast.Module, function: ast.FunctionDef, parameter: str
) -> str:
    """The source without a function's parameter, in its first line and in all calls."""
    names = [each.arg for each in function.args.args]
    place = names.index(parameter) if parameter in names else len(names)
    starts = list(accumulate((len(line.encode()) for line in source.splitlines(True)), initial=0))

    def span(node: Any) -> tuple[int, int]:
        return (
            starts[node.lineno - 1] + node.col_offset,
            starts[node.end_lineno - 1] + node.end_col_offset,
        )

    edits: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _names(node.func) == {function.name}:
            passed = [*node.args, *node.keywords]
            for i, each in enumerate(passed):
                if (i == place and i < len(node.args)) or getattr(each, "arg", "") == parameter:
                    start, end = span(each)
                    if i + 1 < len(passed):
                        end = span(passed[i + 1])[0]
                    elif i:
                        start = span(passed[i - 1])[1]
                    edits.append((start, end, ""))
    _drop(function.args, parameter)
    start, end = starts[function.lineno - 1], starts[function.body[0].lineno - 1]
    edits.append((start, end, _first_line(function)))
    written = source.encode()
    for start, end, new in sorted(edits, reverse=True):
        written = written[:start] + new.encode() + written[end:]
    return written.decode()


def _drop(arguments: ast.arguments, parameter: str) -> None:
    """Take a parameter away, with its default."""
    without = len(arguments.args) - len(arguments.defaults)
    for i, each in enumerate(arguments.args):
        if each.arg == parameter:
            if i >= without:
                del arguments.defaults[i - without]
            del arguments.args[i]
    for i, each in enumerate(arguments.kwonlyargs):
        if each.arg == parameter:
            del arguments.kwonlyargs[i], arguments.kw_defaults[i]


def _first_line(function: ast.FunctionDef) -> str:
    """A function's first line; three where it is too long."""
    arguments = re.sub(r"(: [\w\[\], .|]+)=", r"\1 = ", ast.unparse(function.args))
    arguments = arguments.replace("'", '"')
    returned = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    line = f"def {function.name}({arguments}){returned}:\n"
    if len(line) <= WIDTH + 1:
        return line
    if len(arguments) + 4 <= WIDTH:
        return f"def {function.name}(\n    {arguments}\n){returned}:\n"
    each = re.split(r", (?=\*|\w+:)", arguments)  # not those within brackets
    listed = "".join(f"    {argument},\n" for argument in each)
    return f"def {function.name}(\n{listed}){returned}:\n"


def _defined(node: ast.AST) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    return _assigned(node)


def _without_empty_sections(source: str) -> str:
    first, *sections = re.split(rf"^(?={SECTION})", source, flags=re.MULTILINE)
    return "".join([first, *(each for each in sections if ast.parse(each).body)])


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _imports_of(parts: Collection[str], body: str) -> str:
    """The lines that import what the body uses: the standard library's first, then others'."""
    names = _names(ast.parse(body))
    lines: dict[str, None] = {}
    froms: dict[str, set[str]] = {}
    for part in parts:
        for node in ast.parse(_source(part)).body:
            match node:
                case ast.Import():
                    for each in node.names:
                        if (each.asname or each.name.partition(".")[0]) in names:
                            named = f" as {each.asname}" if each.asname else ""
                            lines[f"import {each.name}{named}"] = None
                case ast.ImportFrom(module=str(module)) if not module.startswith("ui."):
                    used = {each.name for each in node.names if each.name in names}
                    if used:
                        froms.setdefault(module, set()).update(used)
    every = sorted(lines)
    every += [_from(name, sorted(froms[name])) for name in sorted(froms)]
    installed = [line for line in every if line.split()[1].partition(".")[0] in INSTALLED]
    return "\n".join([*(line for line in every if line not in installed), "", *installed])


def _from(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _spaced(source: str) -> str:
    """The source with two empty lines around sections and what is defined at its top."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            lines[node.end_lineno : node.end_lineno] = ["", ""]
            lines[node.lineno - 1 : node.lineno - 1] = ["", ""]
    source = "\n".join(lines)
    source = re.sub(r"\n{3,}(?= )", "\n\n", source)
    source = re.sub(rf"\n+(?={SECTION})", "\n\n\n", source)
    return re.sub(r"\n{4,}", "\n\n\n", source).strip() + "\n"
