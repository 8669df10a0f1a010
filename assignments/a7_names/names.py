"""Names: characters, a joined cell, a GRU by hand, a classifier, clipping, and a generator."""

import math
import unicodedata
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PAD, UNK, END = 0, 1, 2
SPECIALS = ("<PAD>", "<UNK>", "<END>")

Batch = tuple[Tensor, Tensor, Tensor]


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


class NameVocab:
    """The characters of names, after three special ones."""

    def __init__(self, names: Iterable[str]) -> None:
        """Set stoi (character -> id) and itos (id -> character): the specials, then all characters, sorted."""
        # TODO vocab: self.stoi and self.itos
        return FIXME("vocab")

    @staticmethod
    def normalize(name: str) -> str:
        """Return the name in NFC and lower case: one spelling for what looks the same."""
        return unicodedata.normalize("NFC", name).lower()

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, name: str) -> list[int]:
        """Return one id for each character of the name; unseen characters are <UNK>. Nothing is added."""
        # TODO vocab: normalise, then look each character up
        return FIXME("vocab")

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text that ids spell, without the special ones."""
        # TODO vocab: one character for each id, specials left out
        return FIXME("vocab")


def joined_cell(x: Tensor, h: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """x [E] and h [H] give the new state [H]: tanh of W [H,E+H] times [x; h], plus b [H]."""
    # TODO cell.joined: put x and h together, in this order
    return FIXME("cell.joined")


def gru_cell(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    """x [E], h [H], W_ih [3H,E], W_hh [3H,H], b_ih and b_hh [3H] give the new state [H], as nn.GRUCell does."""
    # TODO gru.cell: reset, update and new, in torch's order; then the mixture of old state and candidate
    return FIXME("gru.cell")


def bag_of_embeddings(table: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean vector of each name's real characters: table [V,E], ids [B,S], lengths [B] -> [B,E].

    A name of length 0 gives zeros. Ids at padded positions may be anything, even none of the table's.
    """
    # TODO order: the mean over the first `lengths` columns of each row
    return FIXME("order")


class NameClassifier(nn.Module):
    """Many to one: the language of each name."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, num_classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids [B,S] and lengths [B], in any order, give log-probabilities [B,C]."""
        # TODO classifier: the state after each row's last real character, through the linear layer and log-softmax
        return FIXME("classifier")


def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> float:
    """Scale all gradients by one factor so that their total norm is at most max_norm; return the norm before.

    Parameters without a gradient are skipped. Gradients that are small enough stay as they are.
    """
    # TODO clip: the norm of all gradients together, then scale if it is larger
    return FIXME("clip")


def train_classifier(
    model: nn.Module, batches: Iterable[Batch], optimizer: torch.optim.Optimizer, max_norm: float = 1.0
) -> list[float]:
    """Train once over the batches (ids [B,S], lengths [B], labels [B]); return the mean loss of each.

    One optimizer step a batch, on fresh and clipped gradients, in train mode. The model gives log-probabilities.
    """
    # TODO train: loss, gradients, clip, step
    return FIXME("train")


def confusion_matrix(predicted: Tensor, actual: Tensor, num_classes: int) -> Tensor:
    """Return counts [C,C]: row a, column p counts the names of language a that were taken for p."""
    # TODO confusion: count each pair (actual, predicted)
    return FIXME("confusion")


class NameGenerator(nn.Module):
    """One to many: from a language to names."""

    def __init__(self, num_classes: int, vocab_size: int, embedding_dim: int, hidden_size: int) -> None:
        super().__init__()
        self.class_embedding = nn.Embedding(num_classes, hidden_size)
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, category: Tensor, ids: Tensor) -> Tensor:
        """category [B] and ids [B,S] give logits [B,S,V]: what may come after each id."""
        # TODO generator: the category's vector is the initial state; logits from every state
        return FIXME("generator")


@torch.no_grad()
def sample_name(
    model: NameGenerator,
    vocab: NameVocab,
    category: int,
    max_len: int = 20,
    temperature: float | None = None,
    generator: torch.Generator | None = None,
) -> str:
    """Return a name that the model writes for a category: at most max_len characters, until <END> is chosen.

    temperature: None takes the best character, a number draws from softmax(logits / temperature).
    generator: where the random numbers come from; it lives on the model's device.
    """
    # TODO sample: begin with <END>, then choose and feed back
    return FIXME("sample")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def cool(logits, temperature):
#   2       logits = logits - logits.max()
#   3       weights = torch.exp(logits) / temperature
#   4       return weights / weights.sum()


def cool(logits: Tensor, temperature: float) -> Tensor:
    """Return the probabilities [V] of characters from their logits [V], at a temperature above 0."""
    # TODO bug.temperature: the function as it should be
    return FIXME("bug.temperature")


def bug_in_cool() -> int:
    """Return the number of the wrong line."""
    # TODO bug.temperature: its number
    return FIXME("bug.temperature")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def join_directions(h_n):
#   2       forward_and_backward, batch, size = h_n.shape
#   3       joined = h_n.reshape(batch, forward_and_backward * size)
#   4       return joined


def join_directions(h_n: Tensor) -> Tensor:
    """Return [B,2H] from the last states h_n [2,B,H] of both directions: for each row its forward, then its backward one."""
    # TODO bug.directions: the function as it should be
    return FIXME("bug.directions")


def bug_in_join_directions() -> int:
    """Return the number of the wrong line."""
    # TODO bug.directions: its number
    return FIXME("bug.directions")
