"""Gradescope's export: `submission_123/` for each submission, and a submission_metadata.yml that says whose it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.intake.downloads.layout import Aside, Find, Layout
from grader.model.errors import UsageError

_METADATA = "submission_metadata.yml"


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether the export's own list is there."""
    return any(path.name == _METADATA for path in items)


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each submitter's folder; the members of a group share one. Raises UsageError for a damaged list."""
    metadata = _read_metadata(folder / _METADATA)
    found: list[Find | Aside] = []
    for path in items:
        if path.name in metadata:
            submitters = _list_mappings(metadata[path.name], ":submitters") or [{}]
            found += [_make_find(path, submitter, metadata[path.name]) for submitter in submitters]
        elif path.name == _METADATA:
            found.append(Aside(path, "Gradescope's own list"))
    return found


def _make_find(path: Path, submitter: dict[str, Any], record: dict[str, Any]) -> Find:
    keys = [str(submitter[key]) for key in (":sid", ":email") if submitter.get(key)]
    return Find(
        path,
        keys=tuple(keys or [path.name]),
        name=str(submitter.get(":name") or ""),
        submitted_at=_read_time(record.get(":created_at")),
        attempt=len(_list_mappings(record, ":history")) + 1,
    )


def _list_mappings(record: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = record.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _read_time(value: object) -> str | None:
    # YAML's own times come without a zone, in UTC.
    if not isinstance(value, datetime):
        return str(value) if value else None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()


def _read_metadata(path: Path) -> dict[str, dict[str, Any]]:
    import yaml  # type: ignore[import-untyped]

    class Reader(yaml.SafeLoader):  # type: ignore[misc]
        """Reads values of Ruby's own types as the plain mappings that they are."""

    Reader.add_multi_constructor("!", lambda loader, _, node: loader.construct_mapping(node, deep=True))
    try:
        metadata = Reader(path.read_bytes()).get_single_data()
    except (yaml.YAMLError, ValueError) as error:  # a ValueError: what looks like a date, and is on no calendar
        raise UsageError(f"{path.name} cannot be read: {error}; export the submissions again") from error
    records = metadata if isinstance(metadata, dict) else {}
    return {str(name): record for name, record in records.items() if isinstance(record, dict)}


LAYOUT = Layout("gradescope", "Gradescope", recognise, find)
