# %% [markdown]
# # A translator, trained: Korean to English
#
# Everything of the last weeks in one model: a two-way GRU reads a Korean sentence, attention looks back at it, a GRU writes English. You also write
# what stands around a model: the vocabulary, the batch, the masked loss, the search for the best sentence, and BLEU, the score of translations.
#
# ```
# pairs -> Vocab, make_batch -> src [B,S], tgt_in [B,T], tgt_out [B,T]
#
# src [B,S] -> Encoder: two-way GRU -> keys [B,S,2H], state [1,B,H]
#                                         |              |
# tgt_in [B,T] -> Decoder: attention over keys, GRU over [embedded; context] -> logits [B,T,V] -> masked_loss with tgt_out
# ```
#
# Everything is batched and batch-first. Sizes: B sentences, S source length, T target length, E embedding, H hidden, V vocabulary.
#
# ---
# # 번역기 학습하기: 한국어에서 영어로
#
# 지난 몇 주 동안 배운 모든 것이 모델 하나에 모입니다. 양방향 GRU가 한국어 문장을 읽고, 어텐션이 그것을 돌아보고, GRU가 영어를 씁니다.
# 모델 둘레의 것도 직접 만듭니다. 어휘, 배치, 패딩을 가린 손실, 가장 좋은 문장을 찾는 탐색, 그리고 번역의 점수인 BLEU입니다.
# 모두 배치로 다루며 배치가 앞에 옵니다. 기호: B 문장 수, S 소스 길이, T 타깃 길이, E 임베딩, H 은닉, V 어휘 크기.

# %% tags=["set-up"]

# %%
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


# %% [markdown]
# ## 1. From sentences to batches
#
# Words stand between white space. The most frequent word gets the first free id, equally frequent ones go by the alphabet; words that occur
# less often than `min_count` are left to `<unk>`. `encode` adds neither `<sos>` nor `<eos>`: a batch does.
#
# | | | | | | |
# |---|---|---|---|---|---|
# | sentence | | we | ate | bread | |
# | `tgt_in` | `<sos>` | we | ate | bread | what the decoder reads |
# | `tgt_out` | we | ate | bread | `<eos>` | what it should say after each |
#
# **문장에서 배치로.** 단어는 공백으로 나눕니다. 가장 자주 나오는 단어가 첫 번호를 받고, 횟수가 같으면 사전 순서를 따릅니다. `min_count`보다 드문 단어는 `<unk>`가 됩니다.
# `encode`는 `<sos>`도 `<eos>`도 붙이지 않습니다. 그것은 배치가 하는 일입니다. 디코더는 `tgt_in`을 읽고, 하나씩 읽을 때마다 `tgt_out`을 말해야 합니다.


# %%
class Vocab:
    """Words and their ids, after four special ones."""

    def __init__(self, sentences: Iterable[str], min_count: int = 1) -> None:
        """Number the words: by count, then alphabetically; those rarer than min_count get no id."""
        # TODO vocab: self.itos, a list of words, and self.stoi, from word to id
        ### BEGIN SOLUTION vocab
        counts = Counter(word for sentence in sentences for word in sentence.split())
        frequent = [word for word in counts if counts[word] >= min_count]
        # Minus the count first: many come before few; then the word itself.
        self.itos = [*SPECIALS, *sorted(frequent, key=lambda word: (-counts[word], word))]
        self.stoi = {word: index for index, word in enumerate(self.itos)}
        ### END SOLUTION

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, sentence: str) -> list[int]:
        """Return the id of each word; unknown words are <unk>."""
        # TODO vocab: one id for each word
        ### BEGIN SOLUTION vocab
        return [self.stoi.get(word, UNK) for word in sentence.split()]
        ### END SOLUTION

    def decode(self, ids: Iterable[int]) -> str:
        """Return the sentence that ids spell, up to the first <eos>, without specials."""
        # TODO vocab: stop at <eos>, leave out specials
        ### BEGIN SOLUTION vocab
        words = []
        for index in map(int, ids):
            if index == EOS:
                break
            if index > UNK:
                words.append(self.itos[index])
        return " ".join(words)
        ### END SOLUTION


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
    ### BEGIN SOLUTION batch
    sources = [torch.tensor(source_vocab.encode(source)) for source, _ in pairs]
    targets = [target_vocab.encode(target) for _, target in pairs]

    def pad(rows: list[Tensor]) -> Tensor:
        return pad_sequence(rows, batch_first=True, padding_value=PAD)

    return Batch(
        src=pad(sources),
        src_lengths=torch.tensor([len(row) for row in sources]),
        # The same words, one step apart: after reading tgt_in[t] the decoder should say tgt_out[t].
        tgt_in=pad([torch.tensor([SOS, *row]) for row in targets]),
        tgt_out=pad([torch.tensor([*row, EOS]) for row in targets]),
    )
    ### END SOLUTION


def masked_loss(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    """Return the mean cross-entropy of logits [B,T,V] over the targets [B,T] that are not pad_id.

    Targets that are all padding are a ValueError: their mean would be 0 / 0.
    """
    # TODO loss: the mean over real targets only
    ### BEGIN SOLUTION loss
    if bool((targets == pad_id).all()):
        raise ValueError("there is no target but padding: the mean of nothing is undefined")
    # A mean over tokens, not over sentences: a long sentence counts for more.
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad_id)
    ### END SOLUTION


# %% [markdown]
# ## 2. The model
#
# The **encoder** reads both ways, each sentence for its own length (packing), so that no padding is read. The decoder's first state is made from
# what both directions have read at their ends: `tanh(bridge([last forward; last backward]))`.
#
# The **decoder** asks before it writes: with the state *before* the step it looks over the keys, takes their weighted sum, the **context**, and feeds
# `[embedded word; context]` to the GRU.
#
# ```
# state before --query--> attention(keys, mask) -> context [B,2H] --+
# word ---------------> embedding [B,E] ----------------------------+-> GRU -> state after -> out -> logits [B,V]
# ```
#
# **모델.** **인코더**는 문장을 제 길이만큼만(패킹) 양쪽에서 읽습니다. 디코더의 처음 상태는 두 방향이 끝에서 읽은 것으로 만듭니다.
# **디코더**는 쓰기 전에 묻습니다. 단계 *이전*의 상태로 키들을 둘러보고, 그 가중합인 **문맥**을 얻어 `[단어 임베딩; 문맥]`을 GRU에 넣습니다.


# %%
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
        ### BEGIN SOLUTION encoder
        # Packing wants the lengths on the CPU; enforce_sorted=False sorts and puts back by itself.
        packed = pack_padded_sequence(self.embedding(src), src_lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed_outputs, h_n = self.gru(packed)  # h_n [2, B, H]: forward, backward
        # Without total_length there would be only as many columns as the longest sentence has words.
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=src.size(1))
        state = torch.tanh(self.bridge(torch.cat([h_n[0], h_n[1]], dim=-1)))  # [B, H]
        return outputs, state.unsqueeze(0)
        ### END SOLUTION


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
        ### BEGIN SOLUTION attention
        # The query is the same for all keys of its sentence: [B, 1, hidden] is added to each of [B, S, hidden].
        scores = self.v(torch.tanh(self.Wq(query).unsqueeze(1) + self.Wk(keys))).squeeze(-1)  # [B, S]
        # Before the softmax, so that the weights of the real words sum to 1.
        weights = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1)
        context = (weights.unsqueeze(1) @ keys).squeeze(1)  # [B, 1, S] @ [B, S, K]
        return context, weights
        ### END SOLUTION


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
        ### BEGIN SOLUTION decoder
        outputs, all_weights = [], []
        for embedded in self.embedding(tgt_in).unbind(dim=1):  # [B, E], word after word
            # The state before the step asks: it knows what is written so far.
            context, weights = self.attention(state[0], keys, mask)
            step = torch.cat([embedded, context], dim=-1).unsqueeze(1)  # [B, 1, E+K]
            output, state = self.gru(step, state)
            outputs.append(output)
            all_weights.append(weights)
        return self.out(torch.cat(outputs, dim=1)), torch.stack(all_weights, dim=1)
        ### END SOLUTION


class Translator(nn.Module):
    """An encoder and a decoder; used only through the two."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder


def make_mask(src: Tensor, src_lengths: Tensor) -> Tensor:
    """Return a mask [B,S]: True where src holds a word, False at padding."""
    return torch.arange(src.size(1), device=src.device) < src_lengths.to(src.device).unsqueeze(1)


# %% [markdown]
# ## 3. Training
#
# One step a batch: encode, decode with **teacher forcing** (the decoder reads the right words), loss, gradients, clip, step. What comes back is the mean
# loss **a token** over the epoch: a batch with twice the words counts twice.
#
# **학습.** 배치마다 한 단계입니다. 인코딩하고, **교사 강요**로 디코딩하고(디코더가 정답 단어를 읽습니다), 손실, 기울기, 클리핑, 단계. 돌려주는 값은 에폭 전체의 **토큰당** 평균 손실입니다.
# 단어가 두 배인 배치는 두 배로 셉니다.


# %%
def train_epoch(
    model: nn.Module, batches: Iterable[Batch], optimizer: torch.optim.Optimizer, max_norm: float = 1.0
) -> float:
    """Train once over the batches and return the mean loss a target token: one clipped step a batch, in train mode."""
    # TODO train: encode, decode, masked_loss, clip, step; then the mean over all tokens
    ### BEGIN SOLUTION train
    model.train()
    total, tokens = 0.0, 0
    for batch in batches:
        keys, state = model.encoder(batch.src, batch.src_lengths)
        logits, _ = model.decoder(batch.tgt_in, keys, state, make_mask(batch.src, batch.src_lengths))
        loss = masked_loss(logits, batch.tgt_out, PAD)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        # The batch's mean times its tokens is its sum; sums can be added up.
        count = int((batch.tgt_out != PAD).sum())
        total += loss.item() * count
        tokens += count
    return total / tokens
    ### END SOLUTION


# %% [markdown]
# ## 4. Searching for the best sentence
#
# **Greedy** takes the best word at every step. Each row of a batch ends at its own `<eos>`, whatever its neighbours do.
#
# **Beam search** keeps the `width` best beginnings. A beginning's score is the sum of its words' log-probabilities, divided by length to the power of
# `length_penalty`. All are extended by every word, and the best `width` of all of these stay; one that has ended keeps its place and competes.
#
# | after | probability | after one more | |
# |---|---|---|---|
# | *a* | 0.6 | *a b* 0.3, *a c* 0.3 | greedy goes this way and ends at 0.3 |
# | *d* | 0.4 | *d e* 0.36 | a beam of two finds the better sentence |
#
# **가장 좋은 문장 찾기.** **그리디**는 단계마다 가장 좋은 단어를 고릅니다. 배치의 줄은 저마다 자기 `<eos>`에서 끝납니다.
# **빔 서치**은 가장 좋은 첫머리를 `width`개 지닙니다. 점수는 단어들의 로그 확률의 합을 길이의 `length_penalty` 제곱으로 나눈 것입니다. 모두를 한 단어씩 늘여 그 가운데
# 가장 좋은 `width`개만 남깁니다. 이미 끝난 문장은 자리를 지키며 함께 겨룹니다.


# %%
@torch.no_grad()
def translate(model: nn.Module, src: Tensor, src_lengths: Tensor, max_len: int = 20) -> list[list[int]]:
    """Translate src [B,S] greedily: the ids of each row, at most max_len of them, up to its own <eos>, which is left out."""
    # TODO translate: extend all rows by their best word until each has said <eos>
    ### BEGIN SOLUTION translate
    keys, state = model.encoder(src, src_lengths)
    mask = make_mask(src, src_lengths)
    written = torch.full((src.size(0), 1), SOS, device=src.device)
    ended = torch.zeros(src.size(0), dtype=torch.bool, device=src.device)
    for _ in range(max_len):
        # The decoder gives no state back, so it reads the beginning again; only its last logits are new.
        logits, _ = model.decoder(written, keys, state, mask)
        best = logits[:, -1].argmax(dim=-1)
        written = torch.cat([written, best.unsqueeze(1)], dim=1)
        ended |= best == EOS
        if bool(ended.all()):
            break
    # Rows that ended early went on for their neighbours' sake: cut each at its own <eos>.
    rows = written[:, 1:].tolist()
    return [row[: row.index(EOS)] if EOS in row else row for row in rows]
    ### END SOLUTION


@torch.no_grad()
def beam_search(
    model: nn.Module, src: Tensor, width: int, max_len: int = 20, length_penalty: float = 0.0
) -> list[tuple[float, list[int]]]:
    """Translate one sentence src [S]: up to `width` pairs (score, ids), best first, ids without <eos>.

    The score is the sum of log-probabilities, <eos> included, over length ** length_penalty; <eos> counts in the length.
    """
    # TODO beam: extend each unfinished beginning by its best words, keep the best of all
    ### BEGIN SOLUTION beam
    lengths = torch.tensor([src.size(0)])
    keys, state = model.encoder(src.unsqueeze(0), lengths)
    mask = make_mask(src.unsqueeze(0), lengths)

    def score(beginning: tuple[float, list[int]]) -> float:
        total, ids = beginning
        return total / len(ids) ** length_penalty

    # Sums and ids, <eos> among them; <sos> is only read.
    beam: list[tuple[float, list[int]]] = [(0.0, [])]
    for _ in range(max_len):
        candidates = [(total, ids) for total, ids in beam if EOS in ids]  # they keep their place
        for total, ids in beam:
            if EOS in ids:
                continue
            logits, _ = model.decoder(torch.tensor([[SOS, *ids]], device=src.device), keys, state, mask)
            best = logits[0, -1].log_softmax(dim=-1).topk(min(width, logits.size(-1)))
            # More than `width` words of one beginning can never all stay.
            candidates += [(total + gain, [*ids, word]) for gain, word in zip(best.values.tolist(), best.indices.tolist())]
        beam = sorted(candidates, key=score, reverse=True)[:width]
        if all(EOS in ids for _, ids in beam):
            break
    return [(score(found), [word for word in found[1] if word != EOS]) for found in beam]
    ### END SOLUTION


# %% [markdown]
# ## 5. BLEU
#
# How good is a translation? **BLEU** counts the n-grams, 1 to 4 words long, that it shares with the reference; each n-gram of the reference can be met only as
# often as it occurs there (*modified* precision). Counts are added up over the whole corpus first. The score is the geometric mean of the four precisions,
# times a penalty for brevity, `exp(1 - r/c)` where the candidates' length c is less than the references' r.
#
# *the the the* against *the cat*: one of three words counts, not three.
#
# **BLEU.** 번역이 얼마나 좋은지 재는 점수입니다. 참조 번역과 함께 가진 n-그램(1~4단어)을 세되, 참조에 나오는 횟수까지만 셉니다. 먼저 말뭉치 전체에서 횟수를 더합니다.
# 점수는 네 정밀도의 기하 평균에, 번역이 참조보다 짧을 때의 벌점 `exp(1 - r/c)`를 곱한 것입니다.


# %%
def corpus_bleu(
    candidates: Sequence[str | list[str]], references: Sequence[str | list[str]], max_n: int = 4
) -> float:
    """Return the BLEU of candidates against one reference each, from 0 to 1; sentences are strings or lists of tokens."""
    # TODO bleu: matches and totals of each n over the corpus, geometric mean, brevity penalty
    ### BEGIN SOLUTION bleu
    def tokenize(sentence: str | list[str]) -> list[str]:
        return sentence.split() if isinstance(sentence, str) else list(sentence)

    def count_ngrams(tokens: list[str], n: int) -> Counter[tuple[str, ...]]:
        return Counter(zip(*(tokens[skip:] for skip in range(n))))

    pairs = [(tokenize(candidate), tokenize(reference)) for candidate, reference in zip(candidates, references, strict=True)]
    logs = 0.0
    for n in range(1, max_n + 1):
        counts = [(count_ngrams(candidate, n), count_ngrams(reference, n)) for candidate, reference in pairs]
        # & keeps the smaller count of the two: an n-gram is met only as often as the reference has it.
        matches = sum((ours & theirs).total() for ours, theirs in counts)
        total = sum(ours.total() for ours, _ in counts)
        if matches == 0:
            return 0.0  # the geometric mean with a factor of 0
        logs += math.log(matches / total) / max_n
    ours, theirs = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    return math.exp(logs + min(0.0, 1 - theirs / ours))
    ### END SOLUTION


# %% [markdown]
# ## 6. Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and their shapes are right. Name the line by its number, and write the function as it should be.
#
# ## 6. 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 모양도 맞습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.


# %%
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
    ### BEGIN SOLUTION bug.average
    lengths = lengths.to(outputs.device).unsqueeze(1)  # [B, 1]
    is_padding = torch.arange(outputs.size(1), device=outputs.device) >= lengths
    words_only = outputs.masked_fill(is_padding.unsqueeze(2), 0.0)
    # By its own number of words: dividing by the padded length makes short sentences small.
    return words_only.sum(dim=1) / lengths
    ### END SOLUTION


def bug_in_average_words() -> int:
    """Return the number of the wrong line."""
    # TODO bug.average: its number
    ### BEGIN SOLUTION bug.average
    return 5
    ### END SOLUTION


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
    ### BEGIN SOLUTION bug.sorted
    longest_first = lengths.argsort(descending=True)
    rows = pack_padded_sequence(embedded[longest_first], lengths[longest_first].cpu(), batch_first=True)
    read, last = gru(rows)
    padded, _ = pad_packed_sequence(read, batch_first=True, total_length=embedded.size(1))
    # The way back is another permutation: sorting the order gives it. For two rows both are the same, for three not.
    way_back = longest_first.argsort()
    return padded[way_back], last[:, way_back]
    ### END SOLUTION


def bug_in_run_sorted() -> int:
    """Return the number of the wrong line."""
    # TODO bug.sorted: its number
    ### BEGIN SOLUTION bug.sorted
    return 6
    ### END SOLUTION


# %% [markdown]
# ## All together: held-out sentences
#
# `pairs_ko_en.tsv` holds 420 pairs. Sentences that are there with several translations are left out here, and 40 of the rest are held out.
# The model never sees those; a translation counts as **exact** if every word is the reference's.
#
# **Predict first** (not graded): the verb comes last in Korean and second in English. Which source word will the model look at while it writes the verb?
#
# ## 모두 합쳐서: 남겨 둔 문장
#
# `pairs_ko_en.tsv`에는 420쌍이 있습니다. 번역이 여럿인 문장은 여기서 빼고, 나머지에서 40개를 남겨 둡니다. 모델은 그 문장들을 보지 못합니다.
# 모든 단어가 참조 번역과 같으면 **정확**하다고 셉니다.
#
# **먼저 예측해 보세요**(채점하지 않음). 동사는 한국어에서는 맨 뒤에, 영어에서는 두 번째에 옵니다. 모델은 동사를 쓸 때 어느 단어를 볼까요?

# %% tags=["notebook"]
import time

import matplotlib.pyplot as plt


def tokenize(sentence: str) -> str:
    """Return the sentence in lower case, with spaces before its punctuation."""
    return "".join(f" {letter}" if letter in ".,!?" else letter for letter in sentence.lower())


SEED, EPOCHS, HIDDEN = 0, 20, 64
torch.manual_seed(SEED)
rows = [tuple(map(tokenize, line.split("\t"))) for line in read_sample("pairs_ko_en.tsv")[1:]]
times = Counter(korean for korean, _ in rows)
rows = [row for row in rows if times[row[0]] == 1]
rows = [rows[index] for index in torch.randperm(len(rows)).tolist()]
held_out, learnt = rows[:40], rows[40:]
korean_vocab, english_vocab = Vocab(korean for korean, _ in learnt), Vocab(english for _, english in learnt)
print(f"{len(learnt)} pairs to learn from, {len(held_out)} held out; {len(korean_vocab)} and {len(english_vocab)} words")


def move(batch: Batch) -> Batch:
    """Return a batch where the model is."""
    return Batch(*(part.to(DEVICE) for part in (batch.src, batch.src_lengths, batch.tgt_in, batch.tgt_out)))


def train(model: nn.Module, epochs: int) -> list[float]:
    """Train a translator and return the loss of each epoch."""
    model.to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(learnt)).tolist()
        chunks = [[learnt[i] for i in order[start : start + 16]] for start in range(0, len(order), 16)]
        batches = [move(make_batch(chunk, korean_vocab, english_vocab)) for chunk in chunks]
        losses.append(train_epoch(model, batches, optimizer))
    return losses


def translate_all(model: nn.Module, pairs: list[tuple[str, str]]) -> list[str]:
    """Return the translations of Korean sentences."""
    model.eval()
    batch = move(make_batch(pairs, korean_vocab, english_vocab))
    return [english_vocab.decode(ids) for ids in translate(model, batch.src, batch.src_lengths)]


def report(model: nn.Module, name: str) -> list[bool]:
    """Print how good a translator is on held-out sentences; return which are exact."""
    found = translate_all(model, held_out)
    exact = [one == other for one, (_, other) in zip(found, held_out)]
    bleu = corpus_bleu(found, [english for _, english in held_out])
    print(f"{name}: {sum(exact) / len(exact):.1%} of the held-out sentences are exact, BLEU {bleu:.3f}")
    return exact


model = Translator(
    Encoder(len(korean_vocab), 32, HIDDEN), Decoder(len(english_vocab), 32, HIDDEN, key_size=2 * HIDDEN)
)
began = time.process_time()
losses = train(model, EPOCHS)
print(f"loss {losses[0]:.2f} -> {losses[-1]:.3f} a token, {time.process_time() - began:.0f} s of computing")
exact = report(model, "with attention")
for (korean, english), found in list(zip(held_out, translate_all(model, held_out)))[:10]:
    print(f"   {korean}  ->  {found}" + ("" if found == english else f"   (reference: {english})"))

# %% tags=["notebook"]
# Where the model looks while it writes: rows are English words, columns Korean ones. / 쓰는 동안 보는 곳.
pair = max(held_out, key=lambda pair: len(pair[0].split()))
batch = move(make_batch([pair], korean_vocab, english_vocab))
with torch.no_grad():
    keys, state = model.encoder(batch.src, batch.src_lengths)
    _, weights = model.decoder(batch.tgt_in, keys, state, make_mask(batch.src, batch.src_lengths))
print(pair[0])
plt.figure(figsize=(5, 4))
plt.imshow(weights[0].cpu(), cmap="Blues", vmin=0, vmax=1)
plt.xticks(range(batch.src.size(1)), [str(number) for number in range(1, batch.src.size(1) + 1)])
plt.yticks(range(batch.tgt_out.size(1)), [*pair[1].split(), "<eos>"])
plt.xlabel("Korean word, as printed above")
plt.ylabel("English word that is written")
plt.colorbar()
plt.show()

# %% [markdown]
# ## What goes wrong without attention (an ablation, not graded)
#
# The same decoder, but every context is a **mean** of the keys: the whole sentence must go through one vector. These sentences are short, so a vector
# holds most of them; watch what becomes of the longest group, and try other seeds: with 40 sentences, one more or less is 2.5 %.
#
# ## 어텐션이 없으면 (빼 보기, 채점하지 않음)
#
# 같은 디코더이지만 문맥이 늘 키들의 **평균**입니다. 문장 전체가 벡터 하나를 지나야 합니다. 여기의 문장은 짧아서 벡터 하나에 거의 다 담깁니다.
# 가장 긴 묶음이 어떻게 되는지 보고, 다른 시드도 써 보세요. 문장이 40개이므로 하나가 2.5 %입니다.

# %% tags=["notebook"]
class MeanAttention(nn.Module):
    """Look everywhere equally."""

    def forward(self, query: Tensor, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean of the keys, and equal weights."""
        weights = mask / mask.sum(dim=-1, keepdim=True)
        return (weights.unsqueeze(1) @ keys).squeeze(1), weights


torch.manual_seed(SEED)
blind = Translator(
    Encoder(len(korean_vocab), 32, HIDDEN), Decoder(len(english_vocab), 32, HIDDEN, key_size=2 * HIDDEN)
)
blind.decoder.attention = MeanAttention()
train(blind, EPOCHS)
blind_exact = report(blind, "without attention")
lengths = [len(korean.split()) for korean, _ in held_out]
groups = [(0, 4), (5, 5), (6, 99)]
for marks, name, shift in ((exact, "with attention", -0.2), (blind_exact, "without", 0.2)):
    shares = []
    for low, high in groups:
        chosen = [mark for mark, length in zip(marks, lengths) if low <= length <= high]
        shares.append(sum(chosen) / max(1, len(chosen)))
    plt.bar([place + shift for place in range(len(groups))], shares, width=0.4, label=name)
sizes = [sum(low <= length <= high for length in lengths) for low, high in groups]
plt.xticks(range(len(groups)), [f"{name} ({size})" for name, size in zip(("up to 4", "5", "6 and more"), sizes)])
plt.xlabel("words of the Korean sentence, full stop included (number of sentences)")
plt.ylabel("exact, held out")
plt.ylim(0, 1.25)
plt.legend(ncols=2)
plt.show()

# %% tags=["notebook"]
# A sentence with several translations: greedy gives one, a beam shows that the model knows more. / 번역이 여럿인 문장.
ambiguous = [(tokenize(line.split("\t")[0]), tokenize(line.split("\t")[1])) for line in read_sample("pairs_ko_en.tsv")[1:]]
ambiguous = [row for row in ambiguous if times[row[0]] > 1]
learnt = learnt + ambiguous
korean_vocab, english_vocab = Vocab(korean for korean, _ in learnt), Vocab(english for _, english in learnt)
torch.manual_seed(SEED)
model = Translator(
    Encoder(len(korean_vocab), 32, HIDDEN), Decoder(len(english_vocab), 32, HIDDEN, key_size=2 * HIDDEN)
)
train(model, EPOCHS)
model.eval()
for korean in dict.fromkeys(korean for korean, _ in ambiguous):
    src = torch.tensor(korean_vocab.encode(korean), device=DEVICE)
    print(korean)
    for width in (1, 4):
        best = beam_search(model, src, width)
        for score, ids in best[:3]:
            print(f"   width {width}: {score:6.2f}  {english_vocab.decode(ids)}")
