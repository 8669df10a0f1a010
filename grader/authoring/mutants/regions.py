"""Find the regions of the TODOs in a solution, and write a change into its text."""

import ast
from collections.abc import Iterator, Mapping

from grader.authoring.mutants.model import Region, Rewrite
from grader.authoring.release import BEGIN, END, STUB
from grader.model.errors import BrokenSuite


def find_regions(source: str) -> list[Region]:
    """Return the region of each pair of marks. Raises BrokenSuite where it holds no whole statement."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    regions = []
    for todo, first, last in _find_marks(source):
        inside = [node for node in functions if node.lineno <= first and (node.end_lineno or 0) >= last - 1]
        if not inside:
            raise BrokenSuite(f"the solution of {todo!r} (line {first}) is not inside a function")
        function = max(inside, key=lambda node: node.lineno)
        statements = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.stmt)
            and first < node.lineno
            and (node.end_lineno or 0) < last
            and not (isinstance(parents[node], ast.stmt) and first < getattr(parents[node], "lineno", 0))
        ]
        if not statements:
            raise BrokenSuite(f"the solution of {todo!r} (line {first}) holds no statement")
        outer = parents[function]
        owner = outer if isinstance(outer, ast.ClassDef) else None
        statements.sort(key=lambda node: node.lineno)
        regions.append(Region(todo, owner, function, tuple(statements), parents))
    return regions


def _find_marks(source: str) -> Iterator[tuple[str, int, int]]:
    """List each TODO with the line of its first mark and of the mark that ends its solution."""
    todo, first = "", 0
    for number, line in enumerate(source.split("\n"), 1):
        text = line.strip()
        if text.startswith(BEGIN):
            todo, first = text.removeprefix(BEGIN).strip(), number
        elif todo and text in (STUB, END):
            yield todo, first, number
            todo = ""


def write_change(source: str, region: Region, change: Rewrite) -> str:
    """Return the source with a change of the region."""
    lines = source.split("\n")
    first = region.statements[0]
    if change.text:
        node = change.node
        text = change.text if isinstance(node, ast.stmt) else f"({change.text})"
        text = text.replace("\n", "\n" + " " * node.col_offset)
        begin, end = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        head = lines[begin].encode()[: node.col_offset].decode()
        tail = lines[end].encode()[node.end_col_offset :].decode()
        # The lines behind it keep their numbers, as far as it is shorter than what it replaces.
        space = [""] * max(end - begin - text.count("\n"), 0)
        lines[begin : end + 1] = [head + text + tail, *space]
    return insert_lines("\n".join(lines), {first: change.before} if change.before else {})


def insert_lines(source: str, texts: Mapping[ast.stmt, str]) -> str:
    """Return the source with a text in front of each of these statements."""
    lines = source.split("\n")
    for statement, text in sorted(texts.items(), key=lambda item: item[0].lineno, reverse=True):
        lines.insert(statement.lineno - 1, " " * statement.col_offset + text)
    return "\n".join(lines)
