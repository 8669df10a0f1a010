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
# # 순환 신경망: 한 걸음씩 읽기
#
# 순환 신경망은 작은 함수 하나를 되풀이해 시퀀스를 읽습니다. 지금까지 읽은 것은 **은닉 상태** `h`에 담깁니다.

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
# ## 1. 한 걸음, 그리고 여러 걸음
#
# 셀은 새 입력 `x_t` `[E]`와 지난 상태 `[H]`를 섞습니다. 펼치기(unroll)는 `x` `[S, E]`의 행마다 셀을 적용하고 모든 상태를 모읍니다.
# 가중치는 어느 걸음에서나 같으므로, 시퀀스가 길어져도 파라미터는 늘지 않습니다.

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
# 맨 오른쪽 칸의 상태는 채움(padding)까지 읽은 상태입니다.
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
# 한 방향으로만 읽는다면 위치를 잘 고르는 것으로 충분합니다. 그러나 오른쪽에서 왼쪽으로도 읽는 신경망은 채움을 *먼저* 만납니다.
# `pack_padded_sequence`는 채움을 없애고, 시퀀스마다 꼭 제 길이만큼만 돌게 합니다.
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


# %% tags=["notebook"]
torch.manual_seed(0)
text = "봄에는 꽃이 피고 여름에는 비가 오고 가을에는 잎이 지고 겨울에는 눈이 온다. " * 4
vocab = CharVocab(text)
model = CharRNN(len(vocab), 48)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(30):
    losses = truncated_bptt(model, vocab.encode(text), 16, optimizer)
print("last loss:", round(losses[-1], 3))
print("greedy:   ", generate(model, vocab, "봄", 40))
print("T = 1.0:  ", generate(model, vocab, "봄", 40, temperature=1.0))

# %% [markdown]
# ## 6. Why long memories fade
#
# How much does the last state still feel the input at step t? That is the Jacobian of the last state with respect to `x_t`, a matrix `[H, E]`;
# its Frobenius norm (the root of the sum of its squared entries) says it in one number.
# In a plain RNN every step multiplies by `W_hh` and by tanh's slope, so the number shrinks fast. An LSTM adds to its cell state instead.
#
# ## 6. 오래된 기억이 흐려지는 까닭
#
# 마지막 상태는 t번째 입력을 아직 얼마나 느낄까요? 마지막 상태를 `x_t`로 미분한 야코비 행렬 `[H, E]`의 프로베니우스 노름
# (모든 원소의 제곱을 더한 것의 제곱근) 하나로 말할 수 있습니다. 보통의 RNN은 걸음마다 `W_hh`와 tanh의 기울기를 곱하므로
# 이 수가 빠르게 줄어듭니다. LSTM은 셀 상태에 더해 가므로 덜 줄어듭니다.

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


# %% tags=["notebook"]
import matplotlib.pyplot as plt

torch.manual_seed(0)
x = torch.randn(40, 8)
for name, kind in [("RNN", nn.RNN), ("LSTM", nn.LSTM)]:
    plt.semilogy(gradient_norms(kind(8, 16), x), label=name)
plt.xlabel("step t")
plt.ylabel("norm of d last hidden / d x_t")
plt.legend()
plt.show()
