"""A Korean-English translator: vocabulary, batches, encoder, attention, decoder, training, search, BLEU."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PAD, SOS, EOS, UNK = 0, 1, 2, 3
SPECIALS = ("<pad>", "<sos>", "<eos>", "<unk>")


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


class Vocab:
    """Words and their ids, after four special ones."""

    def __init__(self, sentences: Iterable[str], min_count: int = 1) -> None:
        """Number the words: by count, then alphabetically; those rarer than min_count get no id."""
        # TODO vocab: self.itos, a list of words, and self.stoi, from word to id
        return FIXME("vocab")

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, sentence: str) -> list[int]:
        """Return the id of each word; unknown words are <unk>."""
        # TODO vocab: one id for each word
        return FIXME("vocab")

    def decode(self, ids: Iterable[int]) -> str:
        """Return the sentence that ids spell, up to the first <eos>, without specials."""
        # TODO vocab: stop at <eos>, leave out specials
        return FIXME("vocab")


@dataclass
class Batch:
    """Sentences side by side: src [B,S], src_lengths [B], tgt_in [B,T], tgt_out [B,T]."""

    src: Tensor
    src_lengths: Tensor
    tgt_in: Tensor
    tgt_out: Tensor


def make_batch(pairs: Sequence[tuple[str, str]], source_vocab: Vocab, target_vocab: Vocab) -> Batch:
    """Return a padded batch of (source, target) sentences, in their order."""
    # TODO batch: ids, <sos> before, <eos> after, padding on the right
    return FIXME("batch")


def masked_loss(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    """Return the mean cross-entropy of logits [B,T,V] over the targets [B,T] that are not pad_id.

    Targets that are all padding are a ValueError: their mean would be 0 / 0.
    """
    # TODO loss: the mean over real targets only
    return FIXME("loss")


class Encoder(nn.Module):
    """Read the source both ways."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_size, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden_size, hidden_size)

    def forward(self, src: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """src [B,S] and src_lengths [B], in any order, give outputs [B,S,2H], zero at padding, and a state [1,B,H]."""
        # TODO encoder: pack, run, unpack to S columns; bridge the last states of both directions
        return FIXME("encoder")


class AdditiveAttention(nn.Module):
    """Bahdanau's attention: a small network scores each key for a query."""

    def __init__(self, query_size: int, key_size: int, hidden_size: int) -> None:
        super().__init__()
        self.Wq = nn.Linear(query_size, hidden_size)
        self.Wk = nn.Linear(key_size, hidden_size)
        self.v = nn.Linear(hidden_size, 1)

    def forward(self, query: Tensor, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """query [B,Q], keys [B,S,K] and mask [B,S], True where a key may be looked at, give context [B,K], weights [B,S]."""
        # TODO attention: v tanh(Wq query + Wk keys), the mask, the softmax over S, the weighted sum of the keys
        return FIXME("attention")


class Decoder(nn.Module):
    """Write the target, looking back at the source before every word."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, key_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, key_size, hidden_size)
        self.gru = nn.GRU(embedding_dim + key_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, tgt_in: Tensor, keys: Tensor, state: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """tgt_in [B,T], keys [B,S,K], state [1,B,H] and mask [B,S] give logits [B,T,V] and weights [B,T,S]."""
        # TODO decoder: for each word, attend with the state before it, then one step of the GRU over [embedded; context]
        return FIXME("decoder")


class Translator(nn.Module):
    """An encoder and a decoder; used only through the two."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder


def make_mask(src: Tensor, src_lengths: Tensor) -> Tensor:
    """Return a mask [B,S]: True where src holds a word, False at padding."""
    return torch.arange(src.size(1), device=src.device) < src_lengths.to(src.device).unsqueeze(1)


def train_epoch(
    model: nn.Module, batches: Iterable[Batch], optimizer: torch.optim.Optimizer, max_norm: float = 1.0
) -> float:
    """Train once over the batches and return the mean loss a target token: one clipped step a batch, in train mode."""
    # TODO train: encode, decode, masked_loss, clip, step; then the mean over all tokens
    return FIXME("train")


@torch.no_grad()
def translate(model: nn.Module, src: Tensor, src_lengths: Tensor, max_len: int = 20) -> list[list[int]]:
    """Translate src [B,S] greedily: the ids of each row, at most max_len of them, up to its own <eos>, which is left out."""
    # TODO translate: extend all rows by their best word until each has said <eos>
    return FIXME("translate")


@torch.no_grad()
def beam_search(
    model: nn.Module, src: Tensor, width: int, max_len: int = 20, length_penalty: float = 0.0
) -> list[tuple[float, list[int]]]:
    """Translate one sentence src [S]: up to `width` pairs (score, ids), best first, ids without <eos>.

    The score is the sum of log-probabilities, <eos> included, over length ** length_penalty; <eos> counts in the length.
    """
    # TODO beam: extend each unfinished beginning by its best words, keep the best of all
    return FIXME("beam")


def corpus_bleu(
    candidates: Sequence[str | list[str]], references: Sequence[str | list[str]], max_n: int = 4
) -> float:
    """Return the BLEU of candidates against one reference each, from 0 to 1; sentences are strings or lists of tokens."""
    # TODO bleu: matches and totals of each n over the corpus, geometric mean, brevity penalty
    return FIXME("bleu")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def average_words(outputs, lengths):
#   2       places = torch.arange(outputs.size(1), device=outputs.device)
#   3       is_word = places < lengths.to(outputs.device).unsqueeze(1)
#   4       total = (outputs * is_word.unsqueeze(2)).sum(dim=1)
#   5       return total / outputs.size(1)


def average_words(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Return [B,H], the mean of outputs [B,S,H] over each sentence's own words: the first lengths [B] positions."""
    # TODO bug.average: the function as it should be
    return FIXME("bug.average")


def bug_in_average_words() -> int:
    """Return the number of the wrong line."""
    # TODO bug.average: its number
    return FIXME("bug.average")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def run_sorted(gru, embedded, lengths):
#   2       order = lengths.argsort(descending=True)
#   3       packed = pack_padded_sequence(embedded[order], lengths[order].cpu(), batch_first=True)
#   4       packed_outputs, h_n = gru(packed)
#   5       outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=embedded.size(1))
#   6       return outputs[order], h_n[:, order]


def run_sorted(gru: nn.GRU, embedded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Run a batch-first GRU over embedded [B,S,E], longest first; give outputs [B,S,H] and h_n [L,B,H] in the given order."""
    # TODO bug.sorted: the function as it should be
    return FIXME("bug.sorted")


def bug_in_run_sorted() -> int:
    """Return the number of the wrong line."""
    # TODO bug.sorted: its number
    return FIXME("bug.sorted")
