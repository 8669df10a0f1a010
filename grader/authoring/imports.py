"""The imports of a file of the course."""

import ast
from collections.abc import Iterator


def list_imports(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Give the line of each import, with the modules that it names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield node.lineno, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, [node.module]
