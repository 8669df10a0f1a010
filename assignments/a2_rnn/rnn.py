"""Recurrent networks: one cell, unrolled; heads on top; packing; a language model of characters."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


def rnn_cell(x_t: Tensor, h_prev: Tensor, W_xh: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
    """One step of a plain RNN: x_t [E] and h_prev [H] give h_t [H]; W_xh [H, E], W_hh [H, H], b [H]."""
    # TODO cell.rnn: tanh of input part plus state part plus bias
    return FIXME("cell.rnn")


def unroll(x: Tensor, h_0: Tensor, W_xh: Tensor, W_hh: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Run the cell along x [S, E] from h_0 [H]: all hidden states [S, H], and the last one as [1, H]."""
    # TODO unroll: carry the state from step to step and keep each one
    return FIXME("unroll")


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change in a module."""
    # TODO parameters: count the entries of the parameters that require a gradient
    return FIXME("parameters")


class SentenceClassifier(nn.Module):
    """Many to one: a label for each sentence."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_classes: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, batch_first=True)
        self.fully_connected_layer = nn.Linear(hidden_size, num_classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids [B, S] and the true lengths [B] (on the CPU or with ids) give logits [B, C]."""
        # TODO heads.classify: the hidden state at each row's last real position, through the linear layer
        return FIXME("heads.classify")


class TokenTagger(nn.Module):
    """Many to many: a label for each token."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_classes: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, batch_first=True)
        self.fully_connected_layer = nn.Linear(hidden_size, num_classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids [B, S] give logits [B, S, C]; what stands at padded positions does not matter."""
        # TODO heads.tag: every hidden state through the linear layer
        return FIXME("heads.tag")


def run_packed(rnn: nn.RNNBase, embeddings: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor]]:
    """Run a time-first nn.RNN, nn.GRU or nn.LSTM over a padded batch, each sequence for its own length.

    embeddings [S, B, E], lengths [B] in any order -> outputs [S, B, H], and h_n [L, B, H] (for an LSTM the pair (h_n, c_n)),
    rows in the order they came in.
    """
    # TODO packing: pack, run, unpack to S rows again
    return FIXME("packing")


class CharVocab:
    """The characters of a text, sorted, and their ids."""

    def __init__(self, text: str) -> None:
        """Sets chars (each character once, sorted), stoi (character -> id) and itos (id -> character)."""
        # TODO charlm.encode: self.chars, self.stoi, self.itos
        return FIXME("charlm.encode")

    def __len__(self) -> int:
        return len(self.chars)

    def encode(self, text: str) -> list[int]:
        """The ids of a text's characters."""
        # TODO charlm.encode: one id for each character
        return FIXME("charlm.encode")

    def decode(self, ids: list[int]) -> str:
        """The text that a list of ids spells."""
        # TODO charlm.encode: one character for each id, joined
        return FIXME("charlm.encode")

    def one_hot(self, ids: list[int]) -> Tensor:
        """A float row for each id, one at the id and zero elsewhere: [S] -> [S, V]."""
        # TODO charlm.encode: one-hot rows as floats, as wide as the vocabulary
        return FIXME("charlm.encode")


def make_targets(ids: list[int]) -> list[int]:
    """What a language model should say after each of ids[:-1]: the id that comes next."""
    # TODO charlm.encode: the same ids, one step ahead
    return FIXME("charlm.encode")


class CharRNN(nn.Module):
    """A language model of characters on a plain RNN, with every weight in sight."""

    def __init__(self, vocab_size: int, hidden_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.W_xh = nn.Parameter(torch.randn(hidden_size, vocab_size) * 0.1)
        self.W_hh = nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.1)
        self.b_h = nn.Parameter(torch.zeros(hidden_size))
        self.W_hy = nn.Parameter(torch.randn(vocab_size, hidden_size) * 0.1)
        self.b_y = nn.Parameter(torch.zeros(vocab_size))

    def init_hidden(self) -> Tensor:
        """The state before anything was read: zeros [H], where the weights are."""
        # TODO charlm.step: zeros on the device of the weights
        return FIXME("charlm.step")

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """Read one character: x [V] one-hot and the state h [H] give the logits [V] and the new state [H]."""
        # TODO charlm.step: the new state from x and h, then the logits from the new state
        return FIXME("charlm.step")


@torch.no_grad()
def generate(
    model: CharRNN,
    vocab: CharVocab,
    prime: str,
    length: int,
    temperature: float | None = None,
    generator: torch.Generator | None = None,
) -> str:
    """The prime followed by `length` characters that the model writes; an empty prime is a ValueError.

    temperature: None takes the best character, a number draws from softmax(logits / temperature).
    generator: where the random numbers come from; it lives on the model's device.
    """
    # TODO charlm.generate: read the whole prime, then choose and feed back, `length` times
    return FIXME("charlm.generate")


def truncated_bptt(model: CharRNN, ids: list[int], chunk_size: int, optimizer: torch.optim.Optimizer) -> list[float]:
    """Train once along ids, one optimizer step for each chunk of predictions; the mean loss of each chunk.

    len(ids) - 1 predictions are made; the last chunk may be short. model.vocab_size is the width of its inputs.
    """
    # TODO bptt: carry the state from chunk to chunk, cut its gradient there, step on fresh gradients
    return FIXME("bptt")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def run_layers(cells, x, h):
#   2       states = list(h)
#   3       for x_t in x:
#   4           for layer, cell in enumerate(cells):
#   5               states[layer] = cell(x_t, states[layer])
#   6       return torch.stack(states)


def run_layers(cells: nn.ModuleList, x: Tensor, h: Tensor) -> Tensor:
    """Run one cell a layer along x [S,H] from the states h [L,H]; give the last state of each layer [L,H]."""
    # TODO bug.layers: the function as it should be
    return FIXME("bug.layers")


def bug_in_run_layers() -> int:
    """Return the number of the wrong line."""
    # TODO bug.layers: its number
    return FIXME("bug.layers")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def join_ends(outputs):
#   2       size = outputs.size(1) // 2
#   3       forward = outputs[-1, :size]
#   4       backward = outputs[-1, size:]
#   5       return torch.cat([forward, backward])


def join_ends(outputs: Tensor) -> Tensor:
    """Return [2H]: what each direction knows at its end. outputs [S,2H]: at every step the forward half, then the backward one."""
    # TODO bug.ends: the function as it should be
    return FIXME("bug.ends")


def bug_in_join_ends() -> int:
    """Return the number of the wrong line."""
    # TODO bug.ends: its number
    return FIXME("bug.ends")


def gradient_norms(rnn: nn.RNN | nn.LSTM, x: Tensor) -> Tensor:
    """For each step t of x [S, E], the Frobenius norm of d last_hidden / d x_t: [S]. Leaves no gradients behind."""
    # TODO vanishing: the Jacobian of the last hidden state with respect to x, then one norm for each step
    return FIXME("vanishing")
