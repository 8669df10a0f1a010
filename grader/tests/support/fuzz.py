"""Coverage-guided fuzzing of what reads bytes of strangers, by atheris, which no lock asks for:

    make fuzz

runs this with the confined intake as a whole. `python -m grader.tests.support.fuzz wire` and `... intake` fuzz the
parsers alone, without a wall. Options of libFuzzer follow, such as `-max_total_time=600`. Stops with exit code 77 and
the bytes in `crash-...` where something is raised that is no refusal.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["grader.wire", "grader.intake", "grader.examiner"]):
    from grader.tests.conftest import reader_of, refuse_handle
    from grader.tests.intake.test_fuzz import NAMES, PIECES, check
    from grader.tests.intake.test_growth import JUDGED, MODULES, NOTEBOOKS, SPLIT
    from grader.tests.support.confined_fuzz import KINDS, ConfinedIntake
    from grader.tests.support.intake_samples import ATTENTION, make_notebook, make_tar, make_zip
    from grader.tests.wire.test_messages import ONE_OF_EACH
    from grader.wire.codec import Decoder, Encoder
    from grader.wire.frames import ProtocolError, pack_frame, read_frame
    from grader.wire.messages import Done, pack_message, unpack_message

SAID_EVERY = 500


def read_wire(data: bytes) -> None:
    """A frame and the message in it, or a refusal."""
    try:
        frame = read_frame(reader_of(data))
        unpack_message(frame, Decoder(frame.block, lambda body: body, lambda tensor, body: tensor))
    except (ProtocolError, EOFError):
        return


def read_intake(data: bytes) -> None:
    """A submission or a refusal; the first byte chooses the name under which the others are handed in."""
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), data[1:], NAMES[data[0] % len(NAMES)] if data else NAMES[0])


def open_confined() -> Callable[[bytes], None]:
    """Start a reader behind the wall for every kind of hand-in; says now and then what was seen."""
    intake = ConfinedIntake()

    def read_confined(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            intake.read(Path(folder), data)
        if intake.executions % SAID_EVERY == 0:
            print(f"confined intake: {intake.summarise()}", flush=True)

    return read_confined


def list_confined_seeds() -> list[bytes]:
    """An entry of one file of each kind, one of all pieces of Python, and those that once took long to read."""
    notebooks = [make(20) for make in NOTEBOOKS.values()]
    texts = [make(20) for make in (*MODULES.values(), *JUDGED.values(), *SPLIT.values())]
    seeds = [bytes([0, 0, 0]) + len(text).to_bytes(2, "little") + text.encode() for text in texts]
    seeds += [bytes([0, 0, 2]) + len(text).to_bytes(2, "little") + text.encode() for text in notebooks]
    for text in (ATTENTION, "\n".join(PIECES)):
        for kind in range(len(KINDS)):
            content = text.encode()
            head = bytes([0, kind, kind]) + len(content).to_bytes(2, "little")
            seeds.append(head + content)
    return seeds


def list_wire_seeds() -> list[bytes]:
    """A frame of every kind of message, and one with a tensor."""
    import torch

    messages = [*ONE_OF_EACH, Done(torch.ones(2, 3))]
    return [pack_frame(pack_message(message, 4, Encoder(refuse_handle))) for message in messages]


def list_intake_seeds() -> list[bytes]:
    """Return inputs that can be handed in, each under its own name."""
    files = {"attention.py": ATTENTION}
    contents = [ATTENTION.encode(), make_notebook(ATTENTION).encode(), make_zip(files), make_tar(files)]
    return [bytes([number]) + content for number, content in enumerate(contents)]


Target = tuple[Callable[[], Callable[[bytes], None]], Callable[[], list[bytes]]]
TARGETS: dict[str, Target] = {
    "wire": (lambda: read_wire, list_wire_seeds),
    "intake": (lambda: read_intake, list_intake_seeds),
    "confined": (open_confined, list_confined_seeds),
}


def main() -> None:
    """Fuzz the target that the first argument names; the others are libFuzzer's."""
    open_target, list_seeds = TARGETS[sys.argv.pop(1)]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(list_seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        atheris.Setup([*sys.argv, corpus], open_target())
        atheris.Fuzz()


if __name__ == "__main__":
    main()
