# %% [markdown]
# # Sequence to sequence
# An encoder reads a whole sentence into a state; a decoder writes another sentence from it, token by token.
#
# # 시퀀스 투 시퀀스
# 인코더는 문장 전체를 읽어 하나의 상태로 만들고, 디코더는 그 상태에서 다른 문장을 토큰 하나씩 써 나갑니다.

# %% tags=["set-up"]

# %%
"""Sequence to sequence: RNN, LSTM and GRU encoders and decoders, and how they are trained."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Token ids and the longest output of the batched GRU decoder.
SOS_TOKEN = 0
EOS_TOKEN = 1
MAX_LENGTH = 10


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %% [markdown]
# ## Part 1: an RNN encoder and decoder
# Nothing is batched: `input_ids [S]` → embeddings `[S, E]` → RNN → every hidden state `[S, H]` and the last one `[L, H]`.
#
# ## 1부: RNN 인코더와 디코더
# 배치 차원이 없습니다. `input_ids [S]` → 임베딩 `[S, E]` → RNN → 모든 은닉 상태 `[S, H]`와 마지막 상태 `[L, H]`.


# %%
class RNNEncoder(nn.Module):
    """Read the source from left to right, or in both directions."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_layers: int, bidirectional: bool):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """From input_ids [S] to (hidden_states [S, H], h_n [L, H]); H doubles where both directions are read."""
        # TODO encoder.outputs: the hidden state of every position, and the last one of every layer and direction
        ### BEGIN SOLUTION encoder.outputs
        embeddings = self.word_embeddings(input_ids)  # [S, E]
        # hidden_states holds the top layer at every position, h_n every layer at its last step.
        hidden_states, h_n = self.rnn(embeddings)
        return hidden_states, h_n
        ### END SOLUTION


class RNNDecoder(nn.Module):
    """Write the target token by token, each from the one before it and the carried state."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,  # built like the encoder; a decoder cannot look ahead, so this is False
        start_token_id: int,
        end_token_id: int,
    ):
        super().__init__()
        self.vocab_size = vocab_size
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(self, init_hidden_state: Tensor, max_len: int = 10) -> tuple[Tensor, list[int]]:
        """From init_hidden_state [1, H] to (logits [n, V], token ids that begin with the start token).

        Decoding is greedy. It stops after max_len predictions, or after the end token, which is kept in the
        ids and never fed back. Where nothing is predicted the logits are empty, [0, V].
        """
        # TODO decoder.step: repeat until the end token or max_len:
        #   1. embed the previous token, and only that, and run one step of self.rnn with the carried state
        #   2. logits = fully_connected_layer of the new state
        #   3. the most likely token is the next one
        ### BEGIN SOLUTION decoder.step
        device = init_hidden_state.device
        hidden_state = init_hidden_state
        token_ids = [self.start_token_id]
        logits = [torch.empty(0, self.vocab_size, device=device)]  # so that nothing predicted gives [0, V]

        # Looking at the last id covers both ends: a start token that is the end token, and one just predicted.
        for _ in range(max_len):
            if token_ids[-1] == self.end_token_id:
                break
            previous = torch.tensor([token_ids[-1]], device=device)
            # All that came before the previous token lives in the state, so a single token is fed.
            output, hidden_state = self.rnn(self.word_embeddings(previous), hidden_state)
            step_logits = self.fully_connected_layer(output)  # [1, V], raw: the loss does its own softmax
            logits.append(step_logits)
            token_ids.append(int(step_logits.argmax()))
        return torch.cat(logits), token_ids
        ### END SOLUTION


class RNNSeq2Seq(nn.Module):
    """An RNN encoder and an RNN decoder, joined."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids: Tensor) -> tuple[Tensor, list[int]]:
        """From input_ids [S] to the decoder's (logits [n, V], token ids)."""
        # TODO seq2seq: the encoder's last hidden state is the context that the decoder starts from
        ### BEGIN SOLUTION seq2seq
        # Everything the decoder will know of the source has to fit into this one state.
        _, context = self.encoder(input_ids)
        return self.decoder(context)
        ### END SOLUTION


# %% tags=["notebook"]
# An untrained model talks nonsense, but the shapes are already right.
model = RNNSeq2Seq(
    RNNEncoder(vocab_size=20, embedding_dim=6, hidden_size=8, num_layers=1, bidirectional=False),
    RNNDecoder(20, 6, 8, num_layers=1, bidirectional=False, start_token_id=1, end_token_id=2),
)
logits, token_ids = model(torch.tensor([4, 7, 9, 2]))
print("logits:", tuple(logits.shape), "ids:", token_ids)

# %% [markdown]
# ## Part 2: LSTM
# A second state, the **cell state**, is changed only by gates: what to forget, what to write, what to show.
#
# $i, f, o = \sigma(\cdot)$, $g = \tanh(\cdot)$, $c' = f \odot c + i \odot g$, $h' = o \odot \tanh(c')$
#
# ## 2부: LSTM
# 두 번째 상태인 **셀 상태**는 게이트로만 바뀝니다. 무엇을 잊고, 무엇을 쓰고, 무엇을 보일지를 게이트가 정합니다.
# torch는 가중치 안에 게이트를 i, f, g, o 순서로 쌓아 둡니다.


# %%
def lstm_cell(
    x: Tensor, h: Tensor, c: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """One step from x [E], h [H] and c [H] to the new (h [H], c [H]); the gates are stacked as i, f, g, o in [4H, ...]."""
    # TODO lstm.cell: the four gates, the new cell state, the new hidden state (without nn.LSTM or nn.LSTMCell)
    ### BEGIN SOLUTION lstm.cell
    gates = W_ih @ x + b_ih + W_hh @ h + b_hh  # [4H], all four at once
    i, f, g, o = gates.chunk(4)  # torch's order
    i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)  # how far each gate is open, 0 to 1
    g = torch.tanh(g)  # what would be written, -1 to 1
    new_c = f * c + i * g  # keep a part of the old, write a part of the new
    new_h = o * torch.tanh(new_c)  # show a part of it
    return new_h, new_c
    ### END SOLUTION


class LSTMEncoder(nn.Module):
    """Read the source with an LSTM."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_layers: int, bidirectional: bool):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """From input_ids [S] to (hidden_states [S, H], (h_n [L, H], c_n [L, H]))."""
        # TODO lstm.encoder: as the RNN encoder, with two last states
        ### BEGIN SOLUTION lstm.encoder
        hidden_states, (h_n, c_n) = self.lstm(self.word_embeddings(input_ids))
        return hidden_states, (h_n, c_n)
        ### END SOLUTION


class LSTMDecoder(nn.Module):
    """Write the target with an LSTM: the rules of RNNDecoder, with two carried states."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,  # built like the encoder; a decoder cannot look ahead, so this is False
        start_token_id: int,
        end_token_id: int,
    ):
        super().__init__()
        self.vocab_size = vocab_size
        self.start_token_id = start_token_id
        self.end_token_id = end_token_id
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(
        self, init_hidden_state: Tensor, init_cell_state: Tensor, max_len: int = 10
    ) -> tuple[Tensor, list[int]]:
        """From two states [1, H] to (logits [n, V], token ids that begin with the start token)."""
        # TODO lstm.decoder: as the RNN decoder, carrying the hidden and the cell state
        ### BEGIN SOLUTION lstm.decoder
        device = init_hidden_state.device
        states = (init_hidden_state, init_cell_state)  # nn.LSTM takes and gives both as a pair
        token_ids = [self.start_token_id]
        logits = [torch.empty(0, self.vocab_size, device=device)]

        for _ in range(max_len):
            if token_ids[-1] == self.end_token_id:
                break
            previous = torch.tensor([token_ids[-1]], device=device)
            output, states = self.lstm(self.word_embeddings(previous), states)
            step_logits = self.fully_connected_layer(output)  # [1, V]
            logits.append(step_logits)
            token_ids.append(int(step_logits.argmax()))
        return torch.cat(logits), token_ids
        ### END SOLUTION


class LSTMSeq2Seq(nn.Module):
    """An LSTM encoder and an LSTM decoder, joined."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids: Tensor) -> tuple[Tensor, list[int]]:
        """From input_ids [S] to the decoder's (logits [n, V], token ids)."""
        # TODO lstm.seq2seq: both last states of the encoder are the context
        ### BEGIN SOLUTION lstm.seq2seq
        _, (h_n, c_n) = self.encoder(input_ids)
        return self.decoder(h_n, c_n)
        ### END SOLUTION


# %% tags=["notebook"]
# Our cell and torch's agree.
torch.manual_seed(0)
cell = nn.LSTMCell(3, 5)
x, h, c = torch.randn(3), torch.randn(5), torch.randn(5)
ours = lstm_cell(x, h, c, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
print("equal to nn.LSTMCell:", torch.allclose(ours[0], cell(x, (h, c))[0], atol=1e-6))

# %% [markdown]
# ## Part 3: a batched GRU decoder
# With a target the decoder is taught (teacher forcing): step `t` reads the right token `t - 1`.
# Without one it reads its own last prediction, for `MAX_LENGTH` steps.
#
# ## 3부: 배치 GRU 디코더
# 정답이 있으면 교사 강요를 합니다. `t`번째 단계는 정답의 `t - 1`번째 토큰을 읽습니다.
# 정답이 없으면 `MAX_LENGTH` 단계 동안 자신의 직전 예측을 읽습니다.


# %%
class DecoderRNN(nn.Module):
    """A batched GRU decoder."""

    def __init__(self, hidden_size: int, output_size: int):
        super().__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(
        self, encoder_outputs: Tensor, encoder_hidden: Tensor, target_tensor: Tensor | None = None
    ) -> tuple[Tensor, Tensor, None]:
        """From encoder_outputs [B, S, H], encoder_hidden [1, B, H] and a target [B, T] to
        (log_probs [B, T, V], hidden [1, B, H], None). The first input is SOS_TOKEN."""
        # TODO gru.decode: run forward_step T times (or MAX_LENGTH times), then log_softmax over the vocabulary
        ### BEGIN SOLUTION gru.decode
        batch_size = encoder_outputs.size(0)
        steps = MAX_LENGTH if target_tensor is None else target_tensor.size(1)
        token = torch.full((batch_size, 1), SOS_TOKEN, dtype=torch.long, device=encoder_outputs.device)
        hidden = encoder_hidden
        outputs = []
        for t in range(steps):
            output, hidden = self.forward_step(token, hidden)
            outputs.append(output)
            if target_tensor is not None:
                token = target_tensor[:, t : t + 1]  # teacher forcing: the right token, whatever was predicted
            else:
                token = output.argmax(dim=-1).detach()  # its own choice, [B, 1]; a choice carries no gradient
        # The third result keeps the place of attention weights, which a later decoder has.
        return F.log_softmax(torch.cat(outputs, dim=1), dim=-1), hidden, None
        ### END SOLUTION

    def forward_step(self, input: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """From input [B, 1] and hidden [1, B, H] to (output [B, 1, V], hidden [1, B, H])."""
        # TODO gru.step: embedding, relu, GRU, out
        ### BEGIN SOLUTION gru.step
        embedded = torch.relu(self.embedding(input))  # [B, 1, H]
        output, hidden = self.gru(embedded, hidden)
        return self.out(output), hidden
        ### END SOLUTION


# %% [markdown]
# ## Part 4: training
# For each pair: forward with teacher forcing, loss, backward, one step of every optimizer. Gradients start fresh each time.
#
# ## 4부: 학습
# 쌍마다 교사 강요로 순전파하고, 손실을 구하고, 역전파한 뒤, 모든 옵티마이저를 한 번씩 갱신합니다.
# 기울기는 매번 새로 시작합니다. 패딩을 빼는 일은 주어진 `criterion`의 `ignore_index`가 합니다.


# %%
def train_epoch(pairs, encoder: nn.Module, decoder: nn.Module, optimizers: list, criterion) -> float:
    """One pass over pairs of (source [B, S], target [B, T]); gives the mean of their losses."""
    # TODO training: fresh gradients, teacher forcing, loss, backward, one step of every optimizer, for each pair
    ### BEGIN SOLUTION training
    losses = []
    for source, target in pairs:
        for optimizer in optimizers:
            optimizer.zero_grad()  # gradients add up unless they are cleared
        encoder_outputs, encoder_hidden = encoder(source)
        log_probs, _, _ = decoder(encoder_outputs, encoder_hidden, target)
        # One row for each token of the batch: [B, T, V] -> [B * T, V] against [B * T].
        loss = criterion(log_probs.flatten(0, 1), target.flatten())
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())  # a number: the graph of this pair can go
    return sum(losses) / len(losses)
    ### END SOLUTION


# %% [markdown]
# ## Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and nothing complains. Name the line by its number, and write the function as it should be.
#
# `sentence_loss` measures a decoder on one target, with teacher forcing; what comes after the target's end token is padding. `top_states` picks the states
# of the top layer of a network that reads both ways: torch lays the last states out as layer 1 forward, layer 1 backward, layer 2 forward, and so on.
#
# ## 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 아무 경고도 없습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
#
# `sentence_loss`는 교사 강요로 타깃 하나에서 디코더의 손실을 구합니다. 타깃의 끝 토큰 뒤는 패딩입니다. `top_states`는 양쪽에서 읽는 신경망의 맨 위층 상태를 꺼냅니다.
# torch는 마지막 상태를 1층 정방향, 1층 역방향, 2층 정방향, ...의 순서로 쌓습니다.


# %%
# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def sentence_loss(step, state, target):
#   2       token, losses = SOS_TOKEN, []
#   3       for right in target.tolist():
#   4           log_probs, state = step(token, state)
#   5           losses.append(-log_probs[right])
#   6           if log_probs.argmax() == EOS_TOKEN:
#   7               break
#   8           token = right
#   9       return torch.stack(losses).mean()


def sentence_loss(step, state: Tensor, target: Tensor) -> Tensor:
    """Return the mean loss of target [T], with teacher forcing, up to its first end token, which counts.

    step(token, state) takes the id of a token, and gives (log_probs [V], state).
    """
    # TODO bug.end: the function as it should be
    ### BEGIN SOLUTION bug.end
    read, surprises = SOS_TOKEN, []
    for wanted in target.tolist():
        chances, state = step(read, state)
        surprises.append(-chances[wanted])
        # The target ends the sentence, not the model: one that stops too early would be spared the rest of its loss.
        if wanted == EOS_TOKEN:
            break
        read = wanted
    return torch.stack(surprises).mean()
    ### END SOLUTION


def bug_in_sentence_loss() -> int:
    """Return the number of the wrong line."""
    # TODO bug.end: its number
    ### BEGIN SOLUTION bug.end
    return 6
    ### END SOLUTION


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def top_states(h_n):
#   2       forward = h_n[0]
#   3       backward = h_n[-1]
#   4       return torch.cat([forward, backward])


def top_states(h_n: Tensor) -> Tensor:
    """Return [2H]: the last states of the top layer, forward and backward; h_n [2L,H] is what an nn.RNN that reads both ways gives."""
    # TODO bug.top: the function as it should be
    ### BEGIN SOLUTION bug.top
    # The two of the top layer come last. With one layer the first of all is the same row, so the mistake does not show.
    return torch.cat([h_n[-2], h_n[-1]])
    ### END SOLUTION


def bug_in_top_states() -> int:
    """Return the number of the wrong line."""
    # TODO bug.top: its number
    ### BEGIN SOLUTION bug.top
    return 2
    ### END SOLUTION


# %% [markdown]
# ## Part 5: does it really write backwards?
# A loss that falls says little: 64 sequences can be learnt by heart. So every batch is **drawn new**, and what is measured is drawn from
# sequences that training **never** sees: every fifth one, by the sum of its symbols. A sequence counts only if all of it is right, its end included.
#
# ```
# source   7 4 9 5 PAD PAD      lengths differ: 1 to 6 symbols, padded
# target   5 9 4 7 EOS PAD      backwards, then the end token; padding is left out of the loss (ignore_index)
# written  5 9 4 7 EOS 3 ...    free running goes on for MAX_LENGTH steps: a row ends at ITS first EOS
# ```
#
# **Predict first** (not graded): at which length will the first mistakes come? And what will the model do with 8 symbols, where it has learnt from 1 to 6?
#
# ## 5부: 정말 거꾸로 쓸까?
# 손실이 줄었다는 것만으로는 알 수 없습니다. 시퀀스 64개는 외울 수도 있습니다. 그래서 배치마다 데이터를 **새로 뽑고**, 학습이 **한 번도** 보지 않은
# 시퀀스(기호의 합이 5의 배수인 것)로 잽니다. 끝 토큰까지 전부 맞아야 맞은 것으로 셉니다.
# 길이는 1에서 6까지 서로 다르고, 짧은 줄에는 패딩이 들어갑니다. 패딩은 손실에서 빠집니다(`ignore_index`).
# 정답 없이 쓸 때는 언제나 `MAX_LENGTH`번 쓰므로, 줄마다 **자기의** 첫 `EOS`까지만 읽습니다.
#
# **먼저 예측해 보세요**(채점하지 않음). 길이가 얼마일 때부터 틀리기 시작할까요? 1에서 6까지만 배운 모델은 기호 8개를 어떻게 할까요?

# %% tags=["notebook"]
import time

import matplotlib.pyplot as plt
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PAD_TOKEN = 2
FIRST_SYMBOL, NUM_TOKENS = 3, 13  # ten symbols, 3 to 12
LENGTHS = range(1, 7)  # what training sees
BATCH_SIZE = 64


class GRUEncoder(nn.Module):
    """Read padded sources, each for its own length."""

    def __init__(self, vocab_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)

    def forward(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """source [B, S] gives all outputs [B, S, H] and the last real state of each row [1, B, H]."""
        lengths = (source != PAD_TOKEN).sum(dim=1)
        packed = pack_padded_sequence(self.embedding(source), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, hidden = self.gru(packed)
        return pad_packed_sequence(outputs, batch_first=True)[0], hidden


def draw_source(length: int, held_out: bool) -> Tensor:
    """Draw a new sequence of symbols: one of those that training sees, or one of those held out."""
    while True:
        source = torch.randint(FIRST_SYMBOL, NUM_TOKENS, (length,))
        if (int(source.sum()) % 5 == 0) == held_out:
            return source


def make_pair(sources: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return sources [B, S] and targets [B, S + 1], both padded, where the model is."""
    end = torch.tensor([EOS_TOKEN])
    targets = [torch.cat([source.flip(0), end]) for source in sources]
    return pad_sequence(sources, True, PAD_TOKEN).to(DEVICE), pad_sequence(targets, True, PAD_TOKEN).to(DEVICE)


def draw_pairs(count: int) -> list[tuple[Tensor, Tensor]]:
    """Draw that many new batches of mixed lengths."""
    lengths = torch.randint(LENGTHS[0], LENGTHS[-1] + 1, (count, BATCH_SIZE)).tolist()
    return [make_pair([draw_source(length, held_out=False) for length in row]) for row in lengths]


@torch.no_grad()
def write_backwards(encoder: nn.Module, decoder: nn.Module, source: Tensor) -> list[list[int]]:
    """Return what the model writes for each source [B, S], without a target: each row up to its own end token."""
    log_probs, _, _ = decoder(*encoder(source))
    rows = log_probs.argmax(dim=-1).tolist()
    return [row[: row.index(EOS_TOKEN) + 1] if EOS_TOKEN in row else row for row in rows]


def measure_accuracy(encoder: nn.Module, decoder: nn.Module, lengths: range, count: int = 200) -> list[float]:
    """Return for each length the share of held-out sequences that are written without a mistake."""
    shares = []
    for length in lengths:
        sources = torch.stack([draw_source(length, held_out=True) for _ in range(count)])
        right = [[*source.flip(0).tolist(), EOS_TOKEN] for source in sources]
        written = write_backwards(encoder, decoder, sources.to(DEVICE))
        shares.append(sum(one == other for one, other in zip(written, right)) / count)
    return shares


def learn_backwards(
    hidden_size: int, seed: int, epochs: int = 8, teach=lambda decoder: decoder
) -> tuple[nn.Module, nn.Module, list[float]]:
    """Train on 100 new batches an epoch. Gives the encoder, the decoder and the loss of each epoch.

    teach: what stands in the decoder's place while it trains; the decoder itself, unless another is given.
    """
    torch.manual_seed(seed)
    encoder, decoder = GRUEncoder(NUM_TOKENS, hidden_size).to(DEVICE), DecoderRNN(hidden_size, NUM_TOKENS).to(DEVICE)
    optimizers = [torch.optim.Adam(part.parameters(), lr=3e-3) for part in (encoder, decoder)]
    criterion = nn.NLLLoss(ignore_index=PAD_TOKEN)
    losses = [train_epoch(draw_pairs(100), encoder, teach(decoder), optimizers, criterion) for _ in range(epochs)]
    return encoder, decoder, losses


# %% tags=["notebook"]
TESTED = range(1, MAX_LENGTH)  # nine symbols and the end token are the most that MAX_LENGTH steps can write
began = time.perf_counter()
curves, histories = {}, {}
for hidden_size, seed in ((128, 0), (128, 1), (128, 2), (24, 0)):
    encoder, decoder, losses = learn_backwards(hidden_size, seed)
    curves[hidden_size, seed], histories[hidden_size, seed] = measure_accuracy(encoder, decoder, TESTED), losses
    seen = curves[hidden_size, seed][: len(LENGTHS)]
    print(
        f"{hidden_size} features, seed {seed}: loss {losses[0]:.2f} -> {losses[-1]:.2f};"
        f" right on held-out sequences of 1 to 6 symbols: {sum(seen) / len(seen):.1%}"
    )
    if (hidden_size, seed) == (128, 0):
        for length in (3, 6, 8):
            source = draw_source(length, held_out=True)
            (written,) = write_backwards(encoder, decoder, source.unsqueeze(0).to(DEVICE))
            print(f"   {source.tolist()} -> {written}", "right" if written[:-1] == source.tolist()[::-1] else "WRONG")
print(f"{time.perf_counter() - began:.0f} s")

plt.figure(figsize=(6, 3))
for (hidden_size, seed), shares in curves.items():
    plt.plot(TESTED, shares, marker="o", label=f"{hidden_size} features, seed {seed}")
plt.axvline(LENGTHS[-1] + 0.5, color="grey", linestyle=":")  # right of it: longer than anything learnt from
plt.xlabel("symbols in the source")
plt.ylabel("held-out sequences\nthat are all right")
plt.legend(fontsize=7)
plt.tight_layout()
plt.show()

# %% [markdown]
# ### One ablation (not graded): no teacher forcing
# The same decoder, encoder and number of batches; but while it learns, the decoder reads **its own** last prediction, right or wrong, just as it will when it
# writes. **Predict first**: does it learn sooner, because training is like the test, or later, because its first words are nonsense?
#
# ### 빼 보기 (채점하지 않음): 교사 강요를 하지 않으면
# 인코더도, 디코더도, 배치 수도 그대로입니다. 다만 배우는 동안에도 디코더가 맞든 틀리든 **자기의** 직전 예측을 읽습니다. 실제로 쓸 때와 같습니다.
# **먼저 예측해 보세요**. 학습이 시험과 같으니 더 빨리 배울까요, 처음에 쓰는 것이 엉터리이니 더 늦게 배울까요?

# %% tags=["notebook"]
class OwnWords(nn.Module):
    """A decoder that does not look at the target while it learns."""

    def __init__(self, decoder: nn.Module):
        super().__init__()
        self.decoder = decoder

    def forward(self, encoder_outputs: Tensor, encoder_hidden: Tensor, target: Tensor) -> tuple[Tensor, Tensor, None]:
        """Write MAX_LENGTH tokens, and give those that the target is compared with."""
        log_probs, hidden, _ = self.decoder(encoder_outputs, encoder_hidden)
        return log_probs[:, : target.size(1)], hidden, None


encoder, decoder, losses = learn_backwards(128, 0, teach=OwnWords)
own_words = measure_accuracy(encoder, decoder, TESTED)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
for name, history, shares in (
    ("teacher forcing", histories[128, 0], curves[128, 0]),
    ("own words", losses, own_words),
):
    seen = shares[: len(LENGTHS)]
    print(f"{name}: loss {history[0]:.2f} in the first epoch, {history[-1]:.2f} in the last;", end=" ")
    print(f"right on held-out sequences of 1 to 6 symbols: {sum(seen) / len(seen):.1%}")
    left.plot(range(1, len(history) + 1), history, marker="o", label=name)
    right.plot(TESTED, shares, marker="o", label=name)
left.set(xlabel="epoch", ylabel="loss")
right.set(xlabel="symbols in the source", ylabel="held-out, all right")
right.axvline(LENGTHS[-1] + 0.5, color="grey", linestyle=":")
left.legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# With the seed of this cell, own words lag behind in the first epochs, and in the end both decoders write equally well: sequences are short, so the first word
# is soon right. Own words also cost more time, `MAX_LENGTH` steps for every target.
#
# 이 셀의 시드에서는 자기 예측을 읽는 쪽이 처음 몇 에폭에서 뒤지지만, 끝에 가서는 둘이 똑같이 잘 씁니다. 시퀀스가 짧아서 첫 토큰을 금세 맞히기 때문입니다.
# 시간은 더 듭니다. 타깃이 짧아도 늘 `MAX_LENGTH` 단계를 돌기 때문입니다.
