"""Pack files into a reproducible archive: the same files in the same order give the same bytes."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Mapping

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def pack_zip(files: Mapping[str, bytes]) -> bytes:
    """Return a .zip of path -> contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on every system: otherwise the mode is not read
            entry.external_attr = (stat.S_IFREG | _choose_mode(data)) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def pack_tar(files: Mapping[str, bytes]) -> bytes:
    """Return a .tar of path -> contents; every file is owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = _choose_mode(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _choose_mode(data: bytes) -> int:
    return 0o755 if data.startswith(b"#!") else 0o644
