# %% [markdown]
# # Recurrent networks: reading one step at a time
#
# A recurrent network reads a sequence with one small function, used again and again. What it has read so far is its **hidden state** `h`.
#
# ```
#        x_1          x_2          x_3
#         |            |            |
# h_0 -> cell -> h_1 -> cell -> h_2 -> cell -> h_3        h_t = tanh(W_xh x_t + W_hh h_(t-1) + b)
# ```
#
# # 순환 신경망: 한 단계씩 읽기
#
# 순환 신경망은 작은 함수 하나를 되풀이해 시퀀스를 읽습니다. 지금까지 읽은 것은 **은닉 상태** `h`에 담깁니다.

# %% tags=["set-up"]

# %%
"""Recurrent networks: one cell, unrolled; heads on top; packing; a language model of characters."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %% [markdown]
# ## 1. One step, and many
#
# The cell mixes the new input `x_t` `[E]` with the old state `[H]`. Unrolling applies it to each row of `x` `[S, E]` and keeps every state.
# The weights are the same at every step: a longer sequence needs no more parameters.
#
# ## 1. 한 단계, 그리고 여러 단계
#
# 셀은 새 입력 `x_t` `[E]`와 지난 상태 `[H]`를 섞습니다. 펼치기(unroll)는 `x` `[S, E]`의 행마다 셀을 적용하고 모든 상태를 모읍니다.
# 가중치는 어느 단계에서나 같으므로, 시퀀스가 길어져도 파라미터는 늘지 않습니다.

# %%
def rnn_cell(x_t: Tensor, h_prev: Tensor, W_xh: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
    """One step of a plain RNN: x_t [E] and h_prev [H] give h_t [H]; W_xh [H, E], W_hh [H, H], b [H]."""
    # TODO cell.rnn: tanh of input part plus state part plus bias
    ### BEGIN SOLUTION cell.rnn
    return torch.tanh(W_xh @ x_t + W_hh @ h_prev + b)
    ### END SOLUTION


def unroll(x: Tensor, h_0: Tensor, W_xh: Tensor, W_hh: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Run the cell along x [S, E] from h_0 [H]: all hidden states [S, H], and the last one as [1, H]."""
    # TODO unroll: carry the state from step to step and keep each one
    ### BEGIN SOLUTION unroll
    hidden_states = []
    h_t = h_0
    for x_t in x:
        h_t = rnn_cell(x_t, h_t, W_xh, W_hh, b)
        hidden_states.append(h_t)
    # nn.RNN gives its last state a layer axis, so we do: [1, H]
    return torch.stack(hidden_states), h_t.unsqueeze(0)
    ### END SOLUTION


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change in a module."""
    # TODO parameters: count the entries of the parameters that require a gradient
    ### BEGIN SOLUTION parameters
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    ### END SOLUTION


# %% tags=["notebook"]
torch.manual_seed(0)
layer = nn.RNN(5, 3)
x = torch.randn(7, 5)
# nn.RNN keeps two biases; only their sum matters
hidden_states, last_hidden = unroll(
    x, torch.zeros(3), layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 + layer.bias_hh_l0
)
print("same as nn.RNN:", torch.allclose(hidden_states, layer(x)[0], atol=1e-6))
print("parameters, whatever the length:", count_parameters(layer))

# %% [markdown]
# ## 2. What to do with the states
#
# **Many to one.** A sentence gets one label: take the state after its last real word. In a padded batch that is another
# position in every row; the state at the last column has also read the padding.
#
# **Many to many.** Every word gets a label: use every state.
#
# ## 2. 상태로 무엇을 할까
#
# **다대일.** 문장 하나에 이름표 하나: 마지막 *진짜* 단어 뒤의 상태를 씁니다. 채워진 배치에서는 줄마다 그 위치가 다르고,
# 맨 오른쪽 칸의 상태는 패딩(padding)까지 읽은 상태입니다.
#
# **다대다.** 단어마다 이름표 하나: 모든 상태를 씁니다.

# %%
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
        ### BEGIN SOLUTION heads.classify
        hidden_states, _ = self.rnn(self.word_embeddings(ids))  # [B, S, H]
        rows = torch.arange(ids.shape[0], device=ids.device)
        # an RNN reads from left to right, so the padding to the right of a position cannot reach it
        last_hidden = hidden_states[rows, lengths.to(ids.device) - 1]  # [B, H]
        return self.fully_connected_layer(last_hidden)
        ### END SOLUTION


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
        ### BEGIN SOLUTION heads.tag
        hidden_states, _ = self.rnn(self.word_embeddings(ids))  # [B, S, H]
        # a linear layer works on the last axis, so all positions go through it at once
        return self.fully_connected_layer(hidden_states)
        ### END SOLUTION


# %% tags=["notebook"]
ids = torch.randint(0, 20, (3, 6))
lengths = torch.tensor([6, 2, 4])
print("one row of logits a sentence:", SentenceClassifier(20, 5, 8, 2)(ids, lengths).shape)
print("one row of logits a token:   ", TokenTagger(20, 5, 8, 4)(ids, lengths).shape)

# %% [markdown]
# ## 3. Packing
#
# Choosing the right position saves a one-way network, but one that also reads from right to left meets the padding *first*.
# `pack_padded_sequence` removes it: torch then runs each sequence for exactly its own length.
# It wants the lengths on the CPU, and without `enforce_sorted=False` sorted too.
#
# ## 3. 패킹
#
# 한 방향으로만 읽는다면 위치를 잘 고르는 것으로 충분합니다. 그러나 오른쪽에서 왼쪽으로도 읽는 신경망은 패딩을 *먼저* 만납니다.
# `pack_padded_sequence`는 패딩을 없애고, 시퀀스마다 꼭 제 길이만큼만 돌게 합니다.
# 길이는 CPU에 있어야 하고, `enforce_sorted=False`가 없으면 길이순으로 정렬되어 있어야 합니다.

# %%
def run_packed(rnn: nn.RNNBase, embeddings: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor]]:
    """Run a time-first nn.RNN, nn.GRU or nn.LSTM over a padded batch, each sequence for its own length.

    embeddings [S, B, E], lengths [B] in any order -> outputs [S, B, H], and h_n [L, B, H] (for an LSTM the pair (h_n, c_n)),
    rows in the order they came in.
    """
    # TODO packing: pack, run, unpack to S rows again
    ### BEGIN SOLUTION packing
    packed = pack_padded_sequence(embeddings, lengths.cpu(), enforce_sorted=False)
    packed_outputs, state = rnn(packed)
    # without total_length the result would be only as long as the longest sequence
    outputs, _ = pad_packed_sequence(packed_outputs, total_length=embeddings.shape[0])
    # torch has put the rows of the state, one tensor or two, back in their order by itself
    return outputs, state
    ### END SOLUTION


# %% tags=["notebook"]
both_ways = nn.GRU(5, 4, bidirectional=True)
padded = torch.randn(6, 2, 5)
_, h_n = run_packed(both_ways, padded, torch.tensor([3, 6]))
_, alone = both_ways(padded[:3, 0])
print("packed equals alone:", torch.allclose(h_n[:, 0], alone, atol=1e-6))

# %% [markdown]
# **What packing saves, and what nothing saves.** One long sentence among 63 short ones: padded, all 64 run for 200 steps. The second table is about a
# single sentence: each step needs the state of the step before, so a recurrent layer takes as many turns as there are words. A linear layer does
# all positions in one. (Times are those of your machine.)
#
# **패킹이 아끼는 것과 아낄 수 없는 것.** 짧은 문장 63개 사이에 긴 문장이 하나 있습니다. 패딩을 하면 64개 모두 200단계를 돕니다. 두 번째 표는 문장 하나에
# 걸리는 시간입니다. 단계마다 바로 앞의 상태가 필요하므로 순환 층은 단어 수만큼 차례를 기다려야 합니다. 선형 층은 모든 위치를 한 번에 계산합니다.
# (시간은 여러분의 컴퓨터에서 잰 것입니다.)

# %% tags=["notebook"]
import time


@torch.no_grad()
def measure_ms(call, repeats: int = 7) -> float:
    """Return the shortest time of several calls, in milliseconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1000 * min(times)


lstm, linear = nn.LSTM(64, 64), nn.Linear(64, 256)
lengths = torch.tensor([200] + [10] * 63)
padded = torch.randn(200, 64, 64)
print(f"padded: {padded.shape[0] * padded.shape[1]:6} cell steps, {measure_ms(lambda: lstm(padded)):6.1f} ms")
print(f"packed: {int(lengths.sum()):6} cell steps, {measure_ms(lambda: run_packed(lstm, padded, lengths)):6.1f} ms")
for steps in (100, 200, 400, 800):
    x = torch.randn(steps, 64)
    print(f"{steps} words: LSTM {measure_ms(lambda: lstm(x)):6.2f} ms, linear layer {measure_ms(lambda: linear(x)):6.2f} ms")

# %% [markdown]
# ### Does a recurrent classifier beat a bag of words? (not graded)
#
# 360 short Korean reviews, each good (1) or bad (0). A third is held out. Beside `SentenceClassifier` stands a **bag of words**: the mean of the
# embeddings, which cannot see order. **Predict first:** which of the two will be right more often on so few reviews?
#
# ### 순환 분류기는 단어 가방보다 나을까? (채점하지 않음)
#
# 짧은 한국어 영화평 360개에 긍정(1)과 부정(0)이 붙어 있습니다. 3분의 1은 남겨 둡니다. `SentenceClassifier` 곁에 **단어 가방**을 둡니다. 임베딩의 평균만 보므로
# 순서를 알 수 없습니다. **먼저 예측해 보세요.** 영화평이 이렇게 적을 때, 처음 보는 것을 더 자주 맞히는 쪽은 어느 쪽일까요?

# %% tags=["notebook"]
from torch.nn.utils.rnn import pad_sequence


class BagClassifier(nn.Module):
    """A classifier that cannot see order."""

    def __init__(self, vocab_size: int, embedding_dim: int, num_classes: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.fully_connected_layer = nn.Linear(embedding_dim, num_classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids [B, S] and lengths [B] give logits [B, C], from the mean of each row's real words."""
        real = torch.arange(ids.shape[1], device=ids.device) < lengths.unsqueeze(1)  # [B, S]
        vectors = self.word_embeddings(ids) * real.unsqueeze(2)
        return self.fully_connected_layer(vectors.sum(dim=1) / lengths.unsqueeze(1))


reviews = [line.split("\t")[1:] for line in read_sample("reviews_ko.tsv")[1:]]
reviews = [(document.split(), int(label)) for document, label in reviews if document]


def split_reviews(seed: int) -> tuple[list, list]:
    """Return reviews to learn from and those held out; no text is on both sides."""
    texts = sorted({tuple(words) for words, _ in reviews})
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    held_out = {texts[index] for index in order[: len(texts) // 3]}
    return [r for r in reviews if tuple(r[0]) not in held_out], [r for r in reviews if tuple(r[0]) in held_out]


def learn_reviews(make_model, seed: int) -> tuple[float, float]:
    """Train a classifier. Gives the share of right answers on what it learnt from, and on what was held out."""
    learnt, held_out = split_reviews(seed)
    words = {word: index for index, word in enumerate(sorted({word for text, _ in learnt for word in text}), start=1)}

    def make_batch(rows: list) -> tuple[Tensor, Tensor, Tensor]:
        ids = [torch.tensor([words.get(word, 0) for word in text]) for text, _ in rows]  # 0: a word never met
        lengths, labels = torch.tensor([len(row) for row in ids]), torch.tensor([label for _, label in rows])
        return pad_sequence(ids, batch_first=True).to(DEVICE), lengths.to(DEVICE), labels.to(DEVICE)

    torch.manual_seed(seed)
    model = make_model(len(words) + 1).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(12):
        order = torch.randperm(len(learnt)).tolist()
        for start in range(0, len(order), 16):
            ids, lengths, labels = make_batch([learnt[index] for index in order[start : start + 16]])
            optimizer.zero_grad()
            F.cross_entropy(model(ids, lengths), labels).backward()
            optimizer.step()
    shares = []
    with torch.no_grad():
        for rows in (learnt, held_out):
            ids, lengths, labels = make_batch(rows)
            shares.append(float((model(ids, lengths).argmax(dim=1) == labels).float().mean()))
    return shares[0], shares[1]


makers = {"RNN": lambda size: SentenceClassifier(size, 32, 32, 2), "bag of words": lambda size: BagClassifier(size, 32, 2)}
for name, make_model in makers.items():
    results = [learn_reviews(make_model, seed) for seed in (0, 1, 2)]
    print(f"{name:12}", ", ".join(f"seed {seed}: {seen:.0%} learnt, {new:.0%} held out" for seed, (seen, new) in enumerate(results)))

# %% [markdown]
# ## 4. A language model of characters
#
# Reading one character, the model guesses the next. The text itself is the label: inputs `ids[:-1]`, targets `ids[1:]`.
# From the new state come the **logits**, one score for each character; softmax turns them into probabilities only when they are needed.
#
# Writing is reading its own guesses: read the prime, choose a character, feed *that character* back.
# Without a temperature the best one is chosen. With temperature `T` we draw from `softmax(logits / T)`: small `T` plays safe, large `T` dares.
#
# ## 4. 글자 언어 모델
#
# 글자 하나를 읽고 다음 글자를 맞힙니다. 글 자체가 정답입니다. 입력은 `ids[:-1]`, 정답은 `ids[1:]`입니다.
# 새 상태에서 글자마다 점수 하나, 곧 **로짓**이 나오고, 확률은 필요할 때만 softmax로 구합니다.
#
# 쓰기는 자기가 고른 글자를 다시 읽는 일입니다. 시작 글(prime)을 다 읽고, 한 글자를 고르고, *그 글자*를 다시 넣습니다.
# temperature가 없으면 가장 좋은 글자를, `T`가 있으면 `softmax(logits / T)`에서 뽑습니다. 작은 `T`는 안전하게, 큰 `T`는 과감하게 씁니다.

# %%
class CharVocab:
    """The characters of a text, sorted, and their ids."""

    def __init__(self, text: str) -> None:
        """Sets chars (each character once, sorted), stoi (character -> id) and itos (id -> character)."""
        # TODO charlm.encode: self.chars, self.stoi, self.itos
        ### BEGIN SOLUTION charlm.encode
        # sorted, since a set's order differs from run to run, and with it every id
        self.chars = sorted(set(text))
        self.stoi = {char: index for index, char in enumerate(self.chars)}
        self.itos = dict(enumerate(self.chars))
        ### END SOLUTION

    def __len__(self) -> int:
        return len(self.chars)

    def encode(self, text: str) -> list[int]:
        """The ids of a text's characters."""
        # TODO charlm.encode: one id for each character
        ### BEGIN SOLUTION charlm.encode
        return [self.stoi[char] for char in text]
        ### END SOLUTION

    def decode(self, ids: list[int]) -> str:
        """The text that a list of ids spells."""
        # TODO charlm.encode: one character for each id, joined
        ### BEGIN SOLUTION charlm.encode
        return "".join(self.itos[int(index)] for index in ids)
        ### END SOLUTION

    def one_hot(self, ids: list[int]) -> Tensor:
        """A float row for each id, one at the id and zero elsewhere: [S] -> [S, V]."""
        # TODO charlm.encode: one-hot rows as floats, as wide as the vocabulary
        ### BEGIN SOLUTION charlm.encode
        index = torch.as_tensor(ids, dtype=torch.long)
        return F.one_hot(index, num_classes=len(self)).float()
        ### END SOLUTION


def make_targets(ids: list[int]) -> list[int]:
    """What a language model should say after each of ids[:-1]: the id that comes next."""
    # TODO charlm.encode: the same ids, one step ahead
    ### BEGIN SOLUTION charlm.encode
    return ids[1:]
    ### END SOLUTION


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
        ### BEGIN SOLUTION charlm.step
        return torch.zeros(self.hidden_size, device=self.W_hh.device)
        ### END SOLUTION

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """Read one character: x [V] one-hot and the state h [H] give the logits [V] and the new state [H]."""
        # TODO charlm.step: the new state from x and h, then the logits from the new state
        ### BEGIN SOLUTION charlm.step
        h = torch.tanh(self.W_xh @ x + self.W_hh @ h + self.b_h)
        # no softmax here: cross-entropy and sampling both want raw logits
        return self.W_hy @ h + self.b_y, h
        ### END SOLUTION


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
    ### BEGIN SOLUTION charlm.generate
    if not prime:
        raise ValueError("the prime is empty: give at least one character to begin with")
    h = model.init_hidden()
    # reading: only the logits after the last character of the prime count
    for x in vocab.one_hot(vocab.encode(prime)).to(h.device):
        logits, h = model.step(x, h)
    chosen: list[int] = []
    for _ in range(length):
        if temperature is None:
            choice = int(logits.argmax())
        else:
            probabilities = torch.softmax(logits / temperature, dim=0)
            choice = int(torch.multinomial(probabilities, 1, generator=generator))
        chosen.append(choice)
        # the choice itself goes back in, not the probabilities
        logits, h = model.step(vocab.one_hot([choice])[0].to(h.device), h)
    return prime + vocab.decode(chosen)
    ### END SOLUTION


# %% [markdown]
# ## 5. Learning in chunks
#
# A text of a million characters cannot be unrolled in one piece. Truncated backpropagation through time cuts it into chunks:
# the *value* of the state goes on into the next chunk, its *gradient* stops there.
#
# ```
# chunk 1: h_0 -> h_1 -> h_2 -> h_3 | loss, backward, step
#                                detach
# chunk 2:                      h_3 -> h_4 -> h_5 -> h_6 | loss, backward, step
# ```
#
# ## 5. 토막 내어 배우기
#
# 백만 글자를 한 번에 펼칠 수는 없습니다. 잘라 낸 역전파(truncated BPTT)는 글을 토막으로 나눕니다.
# 상태의 *값*은 다음 토막으로 이어지고, *기울기*는 경계에서 끊깁니다.

# %%
def truncated_bptt(model: CharRNN, ids: list[int], chunk_size: int, optimizer: torch.optim.Optimizer) -> list[float]:
    """Train once along ids, one optimizer step for each chunk of predictions; the mean loss of each chunk.

    len(ids) - 1 predictions are made; the last chunk may be short. model.vocab_size is the width of its inputs.
    """
    # TODO bptt: carry the state from chunk to chunk, cut its gradient there, step on fresh gradients
    ### BEGIN SOLUTION bptt
    h = model.init_hidden()
    index = torch.tensor(ids, dtype=torch.long, device=h.device)
    inputs, targets = F.one_hot(index[:-1], model.vocab_size).float(), index[1:]
    losses = []
    for start in range(0, len(targets), chunk_size):
        # keep the value, forget where it came from
        h = h.detach()
        logits = []
        for x in inputs[start : start + chunk_size]:
            step_logits, h = model.step(x, h)
            logits.append(step_logits)
        # cross_entropy takes the mean over the chunk's predictions, however many there are
        loss = F.cross_entropy(torch.stack(logits), targets[start : start + chunk_size])
        # gradients add up until they are cleared
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### END SOLUTION


# %% [markdown]
# ### It learns a tale (not graded)
#
# *The Lamplighter of Tin Harbour*, 6,000 characters. The last tenth is held out: **perplexity** there says among how many characters the model
# hesitates, on average (exp of the mean loss). Beside it stands the simplest rival, a table that counts which character follows which. Four times
# while it learns, the model writes at three temperatures.
#
# ### 이야기 배우기 (채점하지 않음)
#
# *The Lamplighter of Tin Harbour*, 6,000자입니다. 마지막 10분의 1은 남겨 둡니다. 거기서의 **퍼플렉시티**는 모델이 평균 몇 글자 사이에서 망설이는지를
# 나타냅니다(평균 손실의 exp). 곁에는 가장 단순한 경쟁자, 곧 어떤 글자 다음에 어떤 글자가 오는지 센 표를 둡니다. 배우는 동안 네 번, 세 가지 temperature로 글을 씁니다.

# %% tags=["notebook"]
import math
from collections import Counter

import matplotlib.pyplot as plt

SEED = 0
story = " ".join(" ".join(read_sample("story_en.txt")).split())
vocab = CharVocab(story)
ids = vocab.encode(story)
learnt, held_out = ids[: len(ids) * 9 // 10], ids[len(ids) * 9 // 10 :]


@torch.no_grad()
def measure_perplexity(model: CharRNN, ids: list[int]) -> float:
    """Return among how many characters the model hesitates."""
    h, losses = model.init_hidden(), []
    for x, target in zip(vocab.one_hot(ids), make_targets(ids)):
        logits, h = model.step(x, h)
        losses.append(-float(logits.log_softmax(dim=0)[target]))
    return math.exp(sum(losses) / len(losses))


pairs, firsts = Counter(zip(learnt, learnt[1:])), Counter(learnt)
shares = [(pairs[a, b] + 0.1) / (firsts[a] + 0.1 * len(vocab)) for a, b in zip(held_out, held_out[1:])]
table = math.exp(-sum(map(math.log, shares)) / len(shares))
print(f"{len(vocab)} characters; held-out perplexity of the table of pairs: {table:.2f}")
# A step for each character is little work: this model is quicker on the CPU. / 한 단계의 계산이 작아서 이 모델은 CPU가 더 빠릅니다.

torch.manual_seed(SEED)
tale_model = CharRNN(len(vocab), 96)
optimizer = torch.optim.Adam(tale_model.parameters(), lr=5e-3)
began = time.perf_counter()
perplexities = []
for epoch in range(13):
    perplexities.append(measure_perplexity(tale_model, held_out))
    if epoch in (0, 1, 4, 12):
        print(f"epoch {epoch}: held-out perplexity {perplexities[-1]:.2f}")
        for temperature in (0.3, 0.8, 1.5):
            draws = torch.Generator().manual_seed(1)
            print(f"   T = {temperature}:", generate(tale_model, vocab, "Every evening", 70, temperature, draws))
    truncated_bptt(tale_model, learnt, 32, optimizer)
print(f"{time.perf_counter() - began:.0f} s")

# %% [markdown]
# **One ablation** (not graded). What is the memory worth? The same model with `W_hh` held at zero: the state is made new from each character, and nothing of
# the past is left in it. **Predict first:** where will its perplexity end, seen from the table of pairs, which knows one character as well?
#
# **빼 보기**(채점하지 않음). 기억은 얼마나 쓸모가 있을까요? 같은 모델에서 `W_hh`를 0으로 묶어 둡니다. 상태는 글자마다 새로 만들어지고 지난 글자는 남지 않습니다.
# **먼저 예측해 보세요.** 쌍을 센 표도 글자 하나만 압니다. 이 모델의 퍼플렉시티는 그 표에 견주어 어디에서 멈출까요?

# %% tags=["notebook"]
torch.manual_seed(SEED)
forgetful = CharRNN(len(vocab), 96)
with torch.no_grad():
    forgetful.W_hh.zero_()
forgetful.W_hh.requires_grad_(False)
optimizer = torch.optim.Adam([weight for weight in forgetful.parameters() if weight.requires_grad], lr=5e-3)
without_memory = []
for _ in range(7):
    without_memory.append(measure_perplexity(forgetful, held_out))
    truncated_bptt(forgetful, learnt, 32, optimizer)
print(f"after 6 epochs: {perplexities[6]:.2f} with memory, {without_memory[6]:.2f} without; the table of pairs {table:.2f}")
plt.figure(figsize=(5, 3))
plt.plot(perplexities, marker="o", label="with memory")
plt.plot(without_memory, marker="o", label="W_hh = 0")
plt.axhline(table, color="grey", linestyle=":", label="table of pairs")
plt.ylim(0, 1.5 * max(without_memory[1], perplexities[1]))
plt.xlabel("epoch")
plt.ylabel("perplexity, held out")
plt.legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# **One hidden unit.** The colour is what one unit holds after each character of the held-out part. It was not chosen by eye: of all units it follows best
# how far the last space is away (the number is the correlation). Units are not made for us to read.
#
# **은닉 유닛 하나.** 색은 남겨 둔 글을 한 글자씩 읽을 때 유닛 하나가 갖는 값입니다. 눈으로 고른 것이 아니라, 마지막 빈칸에서 얼마나 떨어져 있는지를 가장 잘
# 따라가는 유닛입니다(숫자는 상관 계수). 유닛은 사람이 읽으라고 만들어진 것이 아닙니다.

# %% tags=["notebook"]
with torch.no_grad():
    h, states = tale_model.init_hidden(), []
    for x in vocab.one_hot(held_out):
        _, h = tale_model.step(x, h)
        states.append(h)
states = torch.stack(states)  # [S, H]
since_space, count = [], 0
for index in held_out:
    count = 0 if vocab.itos[index] == " " else count + 1
    since_space.append(float(count))
correlations = torch.corrcoef(torch.cat([states, torch.tensor(since_space).unsqueeze(1)], dim=1).T)[-1, :-1].nan_to_num()
unit = int(correlations.abs().argmax())
width, rows = 50, 6
shown = states[: width * rows, unit].reshape(rows, width)
plt.figure(figsize=(11, 2.2))
plt.imshow(shown, cmap="RdBu", vmin=-1, vmax=1, aspect="auto", alpha=0.6)
for place, index in enumerate(held_out[: width * rows]):
    plt.text(place % width, place // width, vocab.itos[index], ha="center", va="center", fontsize=8)
plt.title(f"unit {unit}: correlation {float(correlations[unit]):.2f} with the distance from the last space")
plt.axis("off")
plt.show()

# %% [markdown]
# ## Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and nothing complains. Name the line by its number, and write the function as it should be.
#
# `run_layers` runs several layers over one sequence, in which inputs and states are of one size; `join_ends` sums up a sequence that was read both ways.
#
# ## 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 아무 경고도 없습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
#
# `run_layers`는 시퀀스 하나에 여러 층을 적용합니다. 입력과 상태의 크기는 같습니다. `join_ends`는 양쪽에서 읽은 시퀀스를 벡터 하나로 줄입니다.


# %%
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
    ### BEGIN SOLUTION bug.layers
    current = list(h)
    for read in x:
        for layer in range(len(current)):
            # A layer reads what the layer below has just made; only the lowest one reads x.
            read = current[layer] = cells[layer](read, current[layer])
    return torch.stack(current)
    ### END SOLUTION


def bug_in_run_layers() -> int:
    """Return the number of the wrong line."""
    # TODO bug.layers: its number
    ### BEGIN SOLUTION bug.layers
    return 5
    ### END SOLUTION


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
    ### BEGIN SOLUTION bug.ends
    half = outputs.size(1) // 2
    # Reading from right to left ends at the first position: at the last one it has read a single word.
    return torch.cat([outputs[-1, :half], outputs[0, half:]])
    ### END SOLUTION


def bug_in_join_ends() -> int:
    """Return the number of the wrong line."""
    # TODO bug.ends: its number
    ### BEGIN SOLUTION bug.ends
    return 4
    ### END SOLUTION


# %% [markdown]
# ## 6. Why long memories fade
#
# How much does the last state still feel the input at step t? That is the Jacobian of the last state with respect to `x_t`, a matrix `[H, E]`;
# its Frobenius norm (the root of the sum of its squared entries) says it in one number.
# In a plain RNN every step multiplies by `W_hh` and by tanh's slope, so the number shrinks fast. An LSTM adds to its cell state, and at each step keeps
# a part of it: what its **forget gate** lets through. As torch makes it, that gate stands about half open, and a half of a half of a half is soon nothing.
#
# ## 6. 오래된 기억이 흐려지는 까닭
#
# 마지막 상태는 t번째 입력을 아직 얼마나 느낄까요? 마지막 상태를 `x_t`로 미분한 야코비 행렬 `[H, E]`의 프로베니우스 노름
# (모든 원소의 제곱을 더한 것의 제곱근) 하나로 말할 수 있습니다. 보통의 RNN은 단계마다 `W_hh`와 tanh의 기울기를 곱하므로
# 이 수가 빠르게 줄어듭니다. LSTM은 셀 상태에 더해 가면서, 단계마다 **망각 게이트**가 통과시키는 만큼만 남깁니다. torch가 처음 만드는 망각 게이트는
# 반쯤 열려 있습니다. 반의반의 반은 금세 0에 가까워집니다.

# %%
def gradient_norms(rnn: nn.RNN | nn.LSTM, x: Tensor) -> Tensor:
    """For each step t of x [S, E], the Frobenius norm of d last_hidden / d x_t: [S]. Leaves no gradients behind."""
    # TODO vanishing: the Jacobian of the last hidden state with respect to x, then one norm for each step
    ### BEGIN SOLUTION vanishing
    x = x.detach().clone().requires_grad_(True)
    # the outputs are hidden states for both kinds; an LSTM's second result is the pair (h_n, c_n)
    outputs, _ = rnn(x)
    last_hidden = outputs[-1]  # [H]
    # one backward pass gives one row of the Jacobian, for all steps at once
    rows = [torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in last_hidden]
    jacobian = torch.stack(rows)  # [H, S, E]
    return jacobian.pow(2).sum(dim=(0, 2)).sqrt()
    ### END SOLUTION


# %% [markdown]
# **Predict first** (not graded). Three networks, fresh from torch: an RNN, an LSTM, and an LSTM whose forget gates begin nearly open (a bias of 4).
# Which of them still feels the first of 40 inputs?
#
# **먼저 예측해 보세요**(채점하지 않음). 갓 만든 신경망 셋, 곧 RNN, LSTM, 그리고 망각 게이트를 거의 열어 둔(편향 4) LSTM이 있습니다.
# 40개의 입력 가운데 첫째를 아직 느끼는 것은 어느 것일까요?

# %% tags=["notebook"]
KINDS = ("RNN", "LSTM", "LSTM, forget gates open")


def make_memory(kind: str, inputs: int, hidden_size: int) -> nn.RNN | nn.LSTM:
    """Return one of the three networks."""
    if kind == "RNN":
        return nn.RNN(inputs, hidden_size)
    lstm = nn.LSTM(inputs, hidden_size)
    if kind.endswith("open"):
        with torch.no_grad():
            lstm.bias_ih_l0[hidden_size : 2 * hidden_size] = 4.0  # torch's order is i, f, g, o
    return lstm


plt.figure(figsize=(6, 3))
for kind in KINDS:
    kept = []
    for seed in (0, 1, 2):
        torch.manual_seed(seed)
        norms = gradient_norms(make_memory(kind, 8, 16), torch.randn(40, 8))
        kept.append(float(norms[0] / norms[-1]))
        plt.semilogy(norms, color=f"C{KINDS.index(kind)}", alpha=0.8, label=kind if seed == 0 else None)
    print(f"{kind:24} first step / last step, three seeds:", ", ".join(f"{share:.0e}" for share in kept))
plt.xlabel("step t")
plt.ylabel("norm of d last hidden / d x_t")
plt.legend()
plt.show()

# %% [markdown]
# **Does it matter?** A task that is nothing but memory: the first symbol is one of four, then comes noise, and at the end the first symbol has to be named.
# Guessing is right a quarter of the time. The same three networks learn it at three distances, from data drawn new at each step; the shares are
# of 500 sequences drawn after training.
#
# **정말 차이가 날까요?** 기억만 있으면 되는 일입니다. 첫 기호는 넷 가운데 하나이고, 그다음에는 잡음이 오며, 끝에 가서 첫 기호를 말해야 합니다.
# 찍으면 4분의 1을 맞힙니다. 같은 신경망 셋이 세 가지 거리에서 배웁니다. 단계마다 데이터를 새로 뽑고, 학습이 끝난 뒤에 뽑은 500개로 잽니다.

# %% tags=["notebook"]
DISTANCES = (5, 20, 50)


def draw_recall(count: int, distance: int) -> tuple[Tensor, Tensor]:
    """Return inputs [distance + 1, count, 8], one-hot, and the symbols to name [count]."""
    first = torch.randint(4, (1, count))
    noise = torch.randint(4, 8, (distance, count))
    return F.one_hot(torch.cat([first, noise]), 8).float().to(DEVICE), first[0].to(DEVICE)


def learn_recall(kind: str, distance: int, seed: int, steps: int = 150) -> float:
    """Train one network. Gives the share of right answers afterwards."""
    torch.manual_seed(seed)
    memory, out = make_memory(kind, 8, 32).to(DEVICE), nn.Linear(32, 4).to(DEVICE)
    optimizer = torch.optim.Adam([*memory.parameters(), *out.parameters()], lr=5e-3)
    for _ in range(steps):
        x, first = draw_recall(32, distance)
        optimizer.zero_grad()
        F.cross_entropy(out(memory(x)[0][-1]), first).backward()
        optimizer.step()
    with torch.no_grad():
        x, first = draw_recall(500, distance)
        return float((out(memory(x)[0][-1]).argmax(dim=1) == first).float().mean())


plt.figure(figsize=(5, 3))
for kind in KINDS:
    results = [[learn_recall(kind, distance, seed) for seed in (0, 1, 2)] for distance in DISTANCES]
    print(f"{kind:24}", "  ".join(f"{d} steps: " + ", ".join(f"{r:.0%}" for r in row) for d, row in zip(DISTANCES, results)))
    plt.plot(DISTANCES, [sum(row) / len(row) for row in results], marker="o", label=kind)
plt.axhline(0.25, color="grey", linestyle=":")
plt.xlabel("steps between the symbol and the question")
plt.ylabel("right")
plt.legend(fontsize=8)
plt.show()

# %% [markdown]
# With the seeds of this cell, the LSTM as torch makes it loses the task *before* the RNN does: gates alone are no cure. With its forget gates open it keeps the
# symbol longest.
#
# 이 셀의 시드에서는 torch가 만드는 그대로의 LSTM이 RNN보다 *먼저* 잊습니다. 게이트가 있다고 저절로 해결되지는 않습니다. 망각 게이트를 열어 두면 가장 오래 기억합니다.
#
# **The opposite: gradients that explode.** With larger recurrent weights the same product grows instead of fading. Then one step can throw the model far away.
# **Clipping** scales a gradient that is longer than a limit down to that limit; its direction stays. Below, the tale is learnt with a bold learning rate,
# once as it is and once clipped to 1. The left picture shows the norm *before* clipping.
#
# **반대로, 폭발하는 기울기.** 순환 가중치가 크면 같은 곱이 줄지 않고 커집니다. 그러면 한 단계에 모델이 엉뚱한 곳으로 튕겨 나갈 수 있습니다.
# **클리핑**은 한도보다 긴 기울기를 한도까지 줄입니다. 방향은 그대로입니다. 아래에서는 큰 학습률로 이야기를 배웁니다. 한 번은 그대로, 한 번은 1로 클리핑합니다.
# 왼쪽 그림은 클리핑하기 *전* 기울기의 노름입니다.

# %% tags=["notebook"]
class ClippedSGD(torch.optim.SGD):
    """Gradient descent that clips first, and remembers the norms before clipping."""

    def __init__(self, parameters, lr: float, max_norm: float) -> None:
        super().__init__(parameters, lr)
        self.max_norm, self.norms = max_norm, []

    def step(self, closure=None):
        parameters = [parameter for group in self.param_groups for parameter in group["params"]]
        self.norms.append(float(nn.utils.clip_grad_norm_(parameters, self.max_norm)))
        return super().step(closure)


figure, axes = plt.subplots(1, 2, figsize=(9, 3))
for max_norm, name in ((float("inf"), "as it is"), (1.0, "clipped to 1")):
    torch.manual_seed(SEED)
    model = CharRNN(len(vocab), 96)
    with torch.no_grad():
        model.W_hh.mul_(2.0)
    optimizer = ClippedSGD(model.parameters(), lr=1.0, max_norm=max_norm)
    losses = truncated_bptt(model, learnt, 32, optimizer)
    print(f"{name}: largest norm {max(optimizer.norms):.0f}, mean loss of the last twenty chunks {sum(losses[-20:]) / 20:.2f}")
    axes[0].semilogy(optimizer.norms, label=name)
    axes[1].plot(losses, label=name)
axes[0].set(xlabel="chunk", ylabel="norm of the gradient")
axes[1].set(xlabel="chunk", ylabel="loss", ylim=(0, 10))
axes[0].legend()
plt.tight_layout()
plt.show()
