"""Build hub/: tiny models that answer to the names of well-known ones, laid out as a Hugging Face cache.

`python datasets/build_hub.py` is run once by set-up. With HF_HUB_CACHE pointing at hub/ and HF_HUB_OFFLINE=1,
`from_pretrained("gpt2")` and its like then work without a network. Two builds on one machine give the same bytes.
Real weights fetched into the same cache stay what `main` means; the tiny ones are always to be had as revision "tiny".
"""

import functools
import hashlib
import multiprocessing
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"

import tiny_models  # noqa: E402 - the environment above must be set first
import torch  # noqa: E402
import transformers  # noqa: E402

HERE = Path(__file__).parent
HUB = HERE / "hub"
RECIPE = ("build_hub.py", "tiny_models.py", "tiny_vocabularies.py", "samples/")
BUILDERS: dict[str, Callable[[Path], None]] = {
    "bert-base-cased": tiny_models.build_bert_cased,
    "bert-base-uncased": tiny_models.build_bert_uncased,
    "klue/bert-base": tiny_models.build_bert_korean,
    "gpt2": tiny_models.build_gpt2,
    "Helsinki-NLP/opus-mt-ko-en": tiny_models.build_marian,
}


def build_hub(hub: Path = HUB, *, again: bool = False) -> None:
    """Build every model that is missing or older than its recipe, then the list of checksums."""
    torch.set_num_threads(1)
    # What is built here is ours: whoever sets up has no use for bars, nor for advice on speed.
    transformers.utils.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")
    build_one = functools.partial(build_model, hub, revision=name_revision(), again=again)
    # Models share nothing, and a fork has the libraries imported already.
    with multiprocessing.get_context("fork").Pool(min(os.cpu_count() or 1, len(BUILDERS))) as pool:
        pool.map(build_one, BUILDERS, chunksize=1)
    write_checksums(hub)


def build_model(hub: Path, name: str, *, revision: str, again: bool) -> bool:
    """Build one model unless it is there; it appears whole or not at all."""
    began = time.monotonic()
    folder = find_model(hub, name)
    snapshot = folder / "snapshots" / revision
    if snapshot.exists() and not again:
        return False
    partial = folder / "snapshots" / f"{revision}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    torch.manual_seed(0)
    BUILDERS[name](partial)
    for file in partial.iterdir():
        file.chmod(0o644)  # some are written for the owner alone, but the jail reads them as another user
    shutil.rmtree(snapshot, ignore_errors=True)
    partial.rename(snapshot)
    point_references(folder, revision)
    print(f"built a tiny {name} in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return True


def point_references(folder: Path, revision: str) -> None:
    """Make "tiny" mean this revision, and "main" too unless it means real weights."""
    main, tiny = folder / "refs" / "main", folder / "refs" / "tiny"
    old = tiny.read_text() if tiny.exists() else None
    tiny.parent.mkdir(exist_ok=True)
    if not main.exists() or main.read_text() == old:
        main.write_text(revision)
    tiny.write_text(revision)
    if old not in (None, revision):
        shutil.rmtree(folder / "snapshots" / str(old), ignore_errors=True)


def find_model(hub: Path, name: str) -> Path:
    """Give the folder that huggingface_hub looks into for this name."""
    return hub / f"models--{name.replace('/', '--')}"


def name_revision() -> str:
    """Give a revision, 40 hexadecimal digits as in git, that changes with the recipe and with the libraries."""
    digest = hashlib.sha1(f"torch {torch.__version__}, transformers {transformers.__version__}".encode())
    for part in RECIPE:
        path = HERE / part
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def write_checksums(hub: Path) -> None:
    """Write hub/SHA256SUMS over the tiny models, as `sha256sum --check` reads it."""
    folders = [find_model(hub, name) for name in BUILDERS]
    snapshots = [folder / "snapshots" / (folder / "refs" / "tiny").read_text() for folder in folders]
    files = [file for snapshot in snapshots for file in sorted(snapshot.iterdir())]
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(hub)}" for file in files]
    (hub / "SHA256SUMS").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    build_hub(again="--again" in sys.argv[1:])
