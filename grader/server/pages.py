"""Pages: templates with what every page shows, in the reader's language."""

from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from grader.model.languages import OWN_NAMES, choose_language
from grader.model.verdict import Language
from grader.reporting.rendering import TEMPLATES, finish_value
from grader.reporting.wording import choose_title
from grader.server.labels import translate
from grader.server.people import Visitor

LANGUAGE = "grader_language"
_HERE = Path(__file__).parent
STATIC = {
    "style.css": (_HERE / "static" / "style.css", "text/css"),
    "page.js": (_HERE / "static" / "page.js", "text/javascript"),
    "icon.svg": (_HERE / "static" / "icon.svg", "image/svg+xml"),
    "sorting.js": (TEMPLATES / "sorting.js", "text/javascript"),
    "feedback.css": (TEMPLATES / "feedback.css", "text/css"),
    "staff.css": (TEMPLATES / "staff.css", "text/css"),
}


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page. Everything that a person wrote is escaped."""
    language = choose_language_of(request)
    caller = getattr(request.state, "caller", None)
    text = (
        _open_environment()
        .get_template(template)
        .render(
            caller=caller,
            language=language,
            languages=OWN_NAMES,
            path=request.url.path,
            back=_find_way_back(request),
            t=partial(translate, language),
            title_of=partial(choose_title, language=language),
            csrf_field=partial(_make_csrf_field, caller),
            **values,
        )
    )
    return HTMLResponse(text, status_code=status)


def make_policy(frame_ancestors: str = "'none'", form_action: str = "'self'") -> str:
    """Return the content security policy of a page: nothing from elsewhere, and no frame of another site."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self'; "
        f"connect-src 'self'; form-action {form_action}; base-uri 'none'; frame-ancestors {frame_ancestors}"
    )


def choose_language_of(request: Request) -> Language:
    """Return the language that was chosen on a page, else the roster's, else the browser's."""
    caller = getattr(request.state, "caller", None)
    return choose_language(
        request.cookies.get(LANGUAGE, ""),
        roster=caller.person.language if caller else "",
        browser=request.headers.get("accept-language", ""),
    )


def _find_way_back(request: Request) -> str:
    """Return the address that shows this page again: for the answer to a form, the page that the form was on."""
    if request.method == "GET":
        return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    return urlsplit(request.headers.get("referer", "/")).path


@cache
def _open_environment() -> Environment:
    # The service's own templates come first: a statistics page extends the base that is found here.
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(_HERE / "templates"), FileSystemLoader(TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finish_value,
    )
    environment.filters["moment"] = format_moment
    environment.filters["points"] = lambda value: "–" if value is None else f"{value:g}"
    return environment


def _make_csrf_field(caller: Visitor | None) -> Markup:
    """Return the hidden field that every form of a signed-in person has."""
    csrf = caller.csrf if caller else ""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf) if csrf else Markup("")


def format_moment(moment: float | datetime | None) -> str:
    """Return a time for a person; the page's script writes it in the reader's own zone."""
    if moment is None:
        return ""
    at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, float | int) else moment
    return at.astimezone(UTC).isoformat(timespec="seconds")
