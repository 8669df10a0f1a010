"""The offline hub in the jail: a notebook's `from_pretrained` finds the models of the course without a network."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from grader.intake import read_submission
from grader.model.assignment import Limits
from grader.sandbox.channel import JailChannel
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail
from grader.tests.conftest import Prober
from grader.tests.support.course import COURSE, load_assignment
from grader.wire.messages import Done

CELLS = (
    "!pip install transformers\nfrom transformers import AutoModel, AutoModelForMaskedLM, AutoModelForSeq2SeqLM",
    "from transformers import AutoModelForCausalLM, AutoTokenizer",
    'NAMES = {"bert-base-cased": AutoModel, "gpt2": AutoModelForCausalLM}\n'
    'NAMES |= {"klue/bert-base": AutoModelForMaskedLM, "Helsinki-NLP/opus-mt-ko-en": AutoModelForSeq2SeqLM}',
    'model = AutoModel.from_pretrained("bert-base-cased")\nprint(model)',
    """
def encode_text(name, text):
    tokenizer = AutoTokenizer.from_pretrained(name)
    model = NAMES[name].from_pretrained(name)
    inputs = tokenizer(text, return_tensors="pt")
    if model.config.is_encoder_decoder:
        return tokenizer.decode(model.generate(**inputs, max_new_tokens=4)[0], skip_special_tokens=True)
    return list(model(**inputs)[0].shape[:2]) == list(inputs["input_ids"].shape)
""",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub_jail() -> Iterator[Jail]:
    """A zygote with what the assignment on pretrained models imports."""
    jail = Jail(load_assignment("a5_pretrained").description.imports, Isolation.BWRAP, course=COURSE.root)
    try:
        jail.wait_ready()
        yield jail
    finally:
        jail.close()


@pytest.mark.parametrize("name", ["bert-base-cased", "gpt2", "klue/bert-base", "Helsinki-NLP/opus-mt-ko-en"])
def test_a_notebook_loads_models_by_their_names(hub_jail: Jail, tmp_path: Path, name: str) -> None:
    """The model and its tokenizer come from the hub, and run."""
    prober = Prober(JailChannel(hub_jail, Limits(cpu_seconds=60, asleep_seconds=30)))
    prober.load(read_notebook(tmp_path / "pretrained.ipynb"))
    reply = prober.call("encode_text", name, "나는 학교에 간다")
    prober.channel.close()
    assert isinstance(reply, Done), reply
    assert isinstance(reply.value, str) if "opus" in name else reply.value is True


def read_notebook(path: Path) -> str:
    """Return the source that the intake takes of a notebook with these cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbformat.write(notebook, path)
    submission = read_submission(path, module="pretrained.py", defines=frozenset({"encode_text"}))
    assert not submission.refused
    return submission.source
