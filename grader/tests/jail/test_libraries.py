"""The libraries of honest submissions run under the system call list: torch, tokenizers, transformers."""

from collections.abc import Iterator

import pytest

from grader.model.assignment import Limits
from grader.sandbox.channel import JailChannel
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail
from grader.tests.conftest import Prober

IMPORTS = ("torch", "tokenizers", "transformers", "transformers.models.bert.modeling_bert")
SOURCE = """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import BertConfig, BertModel

    def recurrent():
        embedding = torch.nn.Embedding(11, 5)
        sequence = embedding(torch.tensor([[1, 2, 3], [4, 5, 6]]))
        for cell in (torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN):
            sequence = cell(5, 5, batch_first=True)(sequence)[0]
        return list(sequence.shape)

    def training():
        layer = torch.nn.Linear(4, 3)
        optimizer = torch.optim.Adam(layer.parameters())
        losses = []
        for _ in range(5):
            optimizer.zero_grad()
            logits = layer(torch.ones(2, 4)).softmax(-1)
            loss = -logits[:, 1].log().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses[-1] < losses[0]

    def saving():
        torch.save(torch.nn.Linear(2, 2).state_dict(), "/tmp/weights.pt")
        return sorted(torch.load("/tmp/weights.pt"))

    def tokenizing():
        tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.BpeTrainer(vocab_size=40, special_tokens=["[UNK]"])
        tokenizer.train_from_iterator(["low lower lowest", "new newer newest"], trainer)
        return tokenizer.encode("lowest").tokens

    def transforming():
        config = BertConfig(
            vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
        model = BertModel(config).eval()
        return list(model(torch.tensor([[1, 2, 3, 4]])).last_hidden_state.shape)
"""


@pytest.fixture(scope="module")
def library_jail() -> Iterator[Jail]:
    """A zygote with everything imported, shared since the imports take seconds."""
    jail = Jail(IMPORTS, Isolation.BWRAP)
    try:
        jail.wait_ready()
        yield jail
    finally:
        jail.close()


@pytest.mark.slow
def test_the_libraries_of_the_course_run(library_jail: Jail) -> None:
    """Recurrent layers, training, saving, a tokenizer's training and a transformer's forward need no refused call."""
    prober = Prober(JailChannel(library_jail, Limits(cpu_seconds=120, asleep_seconds=60)))
    prober.load(SOURCE)
    names = ("recurrent", "training", "saving", "tokenizing", "transforming")
    replies = {name: getattr(reply := prober.call(name), "value", reply) for name in names}
    prober.channel.close()
    assert replies == {
        "recurrent": [2, 3, 5],
        "training": True,
        "saving": ["bias", "weight"],
        "tokenizing": ["lowest"],
        "transforming": [1, 4, 8],
    }
