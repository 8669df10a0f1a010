"""Render HTML pages from templates. Each page is one file that needs nothing else."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from grader.reporting.safe_text import escape_control_characters

TEMPLATES = Path(__file__).parent / "templates"
# The one script of staff's pages: it sorts tables.
SCRIPT = TEMPLATES / "sorting.js"


def render_template(template: str, **values: Any) -> str:
    """Render a template of this package. Everything that a student wrote is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # A learning-management system may serve the page from its own origin: no value may become markup.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
        finalize=finish_value,
    )  # fmt: skip
    return environment.get_template(template).render(
        script=SCRIPT.read_text(encoding="utf-8"), allow=allow_script, **values
    )


def allow_script(script: str) -> str:
    """Return the name that a page's policy has for a script: a browser runs no other one."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def finish_value(value: Any) -> Any:
    """Return a value for a page: text on one line without control characters."""
    # A macro's result is the template's own markup, and finalized already.
    return escape_control_characters(value) if type(value) is str else value
