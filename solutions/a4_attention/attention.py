# %% [markdown]
# # Attention
# A decoder that sees only the encoder's last state has to press a whole sentence into one vector.
# Attention lets it look back at **every** source position, and decide anew at each step where to look.
#
# # 어텐션
# 인코더의 마지막 상태만 보는 디코더는 문장 전체를 벡터 하나에 담아야 합니다.
# 어텐션을 쓰면 디코더가 매 단계마다 **모든** 소스 위치를 돌아보고, 어디를 볼지 새로 정합니다.

# %% tags=["set-up"]

# %%
"""Attention: Luong and Bahdanau scores, and the decoders that use them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Token ids and the longest output of the batched decoder (the last part of this file).
SOS_TOKEN = 0
EOS_TOKEN = 1
MAX_LENGTH = 10


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %% [markdown]
# ## Part 1: Luong attention
# Sizes: `S` source length, `H` hidden size. Nothing is batched in this part.
#
# `h_t [H]` and `encoder_outputs [S, H]` → scores `[S]` → softmax → weights `[S]` → weighted sum → context `[H]`
#
# ## 1부: Luong 어텐션
# `S`는 소스 길이, `H`는 은닉 크기입니다. 이 부분에는 배치 차원이 없습니다.
# 점수는 `encoder_outputs`의 각 행과 `W_a h_t`의 내적이고, 나누거나 스케일하지 않습니다.


# %%
class LuongAttention(nn.Module):
    """Compare the decoder's state with every encoder output, and mix the outputs by how well they match."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t: Tensor, encoder_outputs: Tensor) -> tuple[Tensor, Tensor]:
        """From h_t [H] and encoder_outputs [S, H] to (context_vector [H], attention_weights [S])."""
        # TODO luong.score: how well h_t matches each source position, [S]
        ### BEGIN SOLUTION luong.score
        # W_a turns the decoder's state into a query; its dot product with row s of the
        # encoder outputs is the score of position s. A matrix times a vector does all rows at once.
        query = self.W_a(h_t)  # [H]
        attention_scores = encoder_outputs @ query  # [S, H] @ [H] -> [S]
        ### STUB
        # attention_scores = FIXME("luong.score")
        ### END SOLUTION

        # TODO luong.weights: turn the scores into positive weights over the source positions that sum to 1, [S]
        ### BEGIN SOLUTION luong.weights
        # The positions compete with each other, so the softmax runs over the source dimension.
        attention_weights = torch.softmax(attention_scores, dim=0)
        ### STUB
        # attention_weights = FIXME("luong.weights")
        ### END SOLUTION

        # TODO luong.context: the sum of the encoder outputs, each weighted by its attention weight, [H]
        ### BEGIN SOLUTION luong.context
        # A vector times a matrix is exactly that weighted sum of rows.
        context_vector = attention_weights @ encoder_outputs  # [S] @ [S, H] -> [H]
        ### STUB
        # context_vector = FIXME("luong.context")
        ### END SOLUTION
        return context_vector, attention_weights


# %% tags=["notebook"]
# A look at the weights: the third source position is the one that matches the query.
torch.manual_seed(0)
attention = LuongAttention(hidden_size=4)
encoder_outputs = torch.randn(5, 4)
with torch.no_grad():
    attention.W_a.weight.copy_(torch.eye(4))  # with the identity, the score is a plain dot product
    context_vector, attention_weights = attention(3 * encoder_outputs[2], encoder_outputs)
print("weights:", attention_weights)
print("they sum to", attention_weights.sum().item())

# %% [markdown]
# ## Part 2: a decoder that attends
# Each step: previous token → embedding → LSTM → new `h_t` → attention → `tanh(W_c [h_t; context])` → logits.
#
# ## 2부: 어텐션을 쓰는 디코더
# 한 단계: 이전 토큰 → 임베딩 → LSTM → 새 `h_t` → 어텐션 → `tanh(W_c [h_t; context])` → 로짓.
# 어텐션에 묻는 것은 이번 단계의 **새** `h_t`입니다. `[h_t; context]`의 순서에 주의하세요.


# %%
class LSTMEncoder(nn.Module):
    """Read the source from left to right (given: this is the encoder of the previous assignment)."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_layers: int, bidirectional: bool):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, num_layers, bidirectional=bidirectional)

    def forward(self, input_ids: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """From input_ids [S] to (hidden_states [S, H], (h_n [L, H], c_n [L, H]))."""
        return self.lstm(self.word_embeddings(input_ids))


class AttentionDecoder(nn.Module):
    """Write the target token by token, looking back at the source before each one."""

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
        self.attn = LuongAttention(hidden_size)
        self.W_c = nn.Linear(2 * hidden_size, hidden_size)
        self.fully_connected_layer = nn.Linear(hidden_size, vocab_size)

    def forward(
        self, init_hidden_state: Tensor, init_cell_state: Tensor, encoder_outputs: Tensor, max_len: int = 10
    ) -> tuple[Tensor, list[int]]:
        """From two states [1, H] and encoder_outputs [S, H] to (logits [n, V], token ids that begin with the start token).

        Decoding is greedy. It stops after max_len predictions, or after the end token, which is kept in the
        ids and never fed back. Where nothing is predicted the logits are empty, [0, V].
        """
        # TODO decoder.attentional: repeat until the end token or max_len:
        #   1. embed the previous token and run one step of self.lstm with the carried states
        #   2. ask self.attn with the new h_t for the context vector
        #   3. attentional state = tanh(W_c [h_t; context]), logits = fully_connected_layer of it
        #   4. the most likely token is the next one
        ### BEGIN SOLUTION decoder.attentional
        device = init_hidden_state.device
        hidden_state, cell_state = init_hidden_state, init_cell_state
        token_ids = [self.start_token_id]
        logits = [torch.empty(0, self.vocab_size, device=device)]  # so that nothing predicted gives [0, V]

        # Looking at the last id covers both ends: a start token that is the end token, and one just predicted.
        for _ in range(max_len):
            if token_ids[-1] == self.end_token_id:
                break
            # Only the previous token is fed: what came before it lives in the two states.
            previous = torch.tensor([token_ids[-1]], device=device)
            output, (hidden_state, cell_state) = self.lstm(
                self.word_embeddings(previous), (hidden_state, cell_state)
            )
            h_t = output[-1]  # [H], the state after this step
            context_vector, _ = self.attn(h_t, encoder_outputs)
            # What the decoder knows beside what it has just looked up, mixed into one vector.
            attentional = torch.tanh(self.W_c(torch.cat([h_t, context_vector])))
            step_logits = self.fully_connected_layer(attentional)  # [V], raw: the loss does its own softmax
            logits.append(step_logits.unsqueeze(0))
            token_ids.append(int(step_logits.argmax()))
        return torch.cat(logits), token_ids
        ### END SOLUTION


class AttentionSeq2Seq(nn.Module):
    """An LSTM encoder and an attending decoder, joined."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, input_ids: Tensor) -> tuple[Tensor, list[int]]:
        """From input_ids [S] to the decoder's (logits [n, V], token ids)."""
        # TODO attention.seq2seq: encode, then decode from the encoder's two last states and all its outputs
        ### BEGIN SOLUTION attention.seq2seq
        # The last states start the decoder; the outputs of every position are what it may look back at.
        encoder_outputs, (h_n, c_n) = self.encoder(input_ids)
        return self.decoder(h_n, c_n, encoder_outputs)
        ### END SOLUTION


# %% tags=["notebook"]
# An untrained model talks nonsense, but the shapes are already right.
model = AttentionSeq2Seq(
    LSTMEncoder(vocab_size=20, embedding_dim=6, hidden_size=8, num_layers=1, bidirectional=False),
    AttentionDecoder(20, 6, 8, num_layers=1, bidirectional=False, start_token_id=1, end_token_id=2),
)
logits, token_ids = model(torch.tensor([4, 7, 9, 2]))
print("logits:", tuple(logits.shape), "ids:", token_ids)

# %% [markdown]
# ## Part 3: Bahdanau attention, in batches
# The score is a small network instead of a dot product: `Va tanh(Wa query + Ua keys)`.
#
# `query [B, 1, H]`, `keys [B, S, H]` → scores `[B, S, 1]` → weights `[B, 1, S]` → context `[B, 1, H]`
#
# ## 3부: 배치로 계산하는 Bahdanau 어텐션
# 점수를 내적 대신 작은 신경망 `Va tanh(Wa query + Ua keys)`로 구합니다.
# `query`의 길이 1인 차원이 브로드캐스팅되어 모든 `S`개 위치와 더해집니다. 소프트맥스는 `S` 차원에서 합니다.


# %%
class BahdanauAttention(nn.Module):
    """Score every key with a small network, and mix the keys by their scores."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)

    def forward(self, query: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """From query [B, 1, H] and keys [B, S, H] to (context [B, 1, H], weights [B, 1, S])."""
        # TODO bahdanau: scores Va tanh(Wa query + Ua keys), softmax over S, weights times keys
        ### BEGIN SOLUTION bahdanau
        # [B, 1, H] + [B, S, H]: the query is added to every position of its own row.
        # Without tanh the query would shift all scores alike and the softmax would forget it.
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))  # [B, S, 1]
        weights = torch.softmax(scores.transpose(1, 2), dim=-1)  # [B, 1, S], softmax over S
        context = weights @ keys  # [B, 1, S] @ [B, S, H] -> [B, 1, H], row by row
        return context, weights
        ### END SOLUTION


# %% [markdown]
# ## Part 4: a batched decoder with Bahdanau attention
# The query is the state **before** the step, and the GRU reads `[embedded; context]`, so its input has size `2H`.
# With a target it is taught (teacher forcing); without one it reads its own predictions.
#
# ## 4부: Bahdanau 어텐션을 쓰는 배치 디코더
# 쿼리는 이번 단계 **이전**의 상태이고, GRU는 `[embedded; context]`(크기 `2H`)를 읽습니다.
# 정답이 있으면 교사 강요를 하고, 없으면 자기 예측을 다음 입력으로 씁니다.


# %%
class AttnDecoderRNN(nn.Module):
    """A batched GRU decoder that attends before each step."""

    def __init__(self, hidden_size: int, output_size: int, dropout_p: float = 0.1):
        super().__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attention = BahdanauAttention(hidden_size)
        self.gru = nn.GRU(2 * hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)
        self.dropout = nn.Dropout(dropout_p)

    def forward(
        self, encoder_outputs: Tensor, encoder_hidden: Tensor, target_tensor: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """From encoder_outputs [B, S, H], encoder_hidden [1, B, H] and a target [B, T] to
        (log_probs [B, T, V], hidden [1, B, H], attentions [B, T, S]).

        With a target, step t reads the target's token t - 1. Without one it reads the decoder's own last
        prediction, for MAX_LENGTH steps. The first input is SOS_TOKEN either way.
        """
        # TODO attndecoder.decode: run forward_step T times (or MAX_LENGTH times), collect outputs and weights
        ### BEGIN SOLUTION attndecoder.decode
        batch_size = encoder_outputs.size(0)
        steps = MAX_LENGTH if target_tensor is None else target_tensor.size(1)
        token = torch.full((batch_size, 1), SOS_TOKEN, dtype=torch.long, device=encoder_outputs.device)
        hidden = encoder_hidden
        outputs, attentions = [], []
        for t in range(steps):
            output, hidden, weights = self.forward_step(token, hidden, encoder_outputs)
            outputs.append(output)
            attentions.append(weights)
            if target_tensor is not None:
                token = target_tensor[:, t : t + 1]  # teacher forcing: the right token, whatever was predicted
            else:
                token = output.argmax(dim=-1).detach()  # its own choice, [B, 1]; a choice carries no gradient
        # Log-probabilities suit NLLLoss, which training uses.
        log_probs = F.log_softmax(torch.cat(outputs, dim=1), dim=-1)
        return log_probs, hidden, torch.cat(attentions, dim=1)
        ### END SOLUTION

    def forward_step(self, input: Tensor, hidden: Tensor, encoder_outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """From input [B, 1], hidden [1, B, H] and encoder_outputs [B, S, H] to
        (output [B, 1, V], hidden [1, B, H], weights [B, 1, S])."""
        # TODO attndecoder.step: embed with dropout, attend with the previous state, GRU over [embedded; context], out
        ### BEGIN SOLUTION attndecoder.step
        embedded = self.dropout(self.embedding(input))  # [B, 1, H]
        # The GRU keeps the batch in the middle, the attention wants it first: [1, B, H] -> [B, 1, H].
        query = hidden.transpose(0, 1)
        context, weights = self.attention(query, encoder_outputs)
        output, hidden = self.gru(torch.cat([embedded, context], dim=-1), hidden)  # input [B, 1, 2H]
        return self.out(output), hidden, weights
        ### END SOLUTION


# %% [markdown]
# ## Part 5: padding must not be looked at
# Sources of a batch differ in length. A padded position gets weight **zero**, and the real ones still sum to 1.
#
# ## 5부: 패딩은 보지 않기
# 배치 안의 소스들은 길이가 다릅니다. 패딩 위치의 가중치는 **0**이어야 하고, 진짜 위치들의 합은 1이어야 합니다.
# 소프트맥스 **뒤에** 0을 곱하면 합이 1보다 작아집니다.


# %%
def masked_weights(scores: Tensor, lengths: Tensor) -> Tensor:
    """From scores [B, S] and lengths [B] (each at least 1) to weights [B, S]: zero on padding, rows sum to 1."""
    # TODO masking: hide the padded positions before the softmax
    ### BEGIN SOLUTION masking
    positions = torch.arange(scores.size(1), device=scores.device)  # [S]
    # [1, S] against [B, 1]: True where a position lies behind the end of its row.
    is_padding = positions.unsqueeze(0) >= lengths.to(scores.device).unsqueeze(1)
    # Minus infinity becomes exactly zero in the softmax; a new tensor, so the caller's scores stay as they are.
    return torch.softmax(scores.masked_fill(is_padding, float("-inf")), dim=-1)
    ### END SOLUTION


# %% tags=["notebook"]
# The third row has two real positions: the rest weighs nothing, and the row still sums to 1.
print(masked_weights(torch.tensor([[0.5, 1.0, 0.0, 2.0]] * 3), torch.tensor([4, 3, 2])))

# %% [markdown]
# ## Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and nothing complains. Name the line by its number, and write the function as it should be.
#
# `attend_rows` is attention by dot products for a batch; `additive_scores` scores the source positions for one query by a small network. Under the second one
# the decoder always looks at the same word.
#
# ## 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 아무 경고도 없습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
#
# `attend_rows`는 배치에 내적 어텐션을 계산합니다. `additive_scores`는 작은 신경망으로 쿼리 하나에 대한 소스 위치들의 점수를 구합니다. 지금대로라면 디코더가 늘 같은 단어만 봅니다.


# %%
# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def attend_rows(query, keys):
#   2       scores = (keys @ query.unsqueeze(2)).squeeze(2)
#   3       weights = scores.softmax(dim=0)
#   4       return (weights.unsqueeze(1) @ keys).squeeze(1)


def attend_rows(query: Tensor, keys: Tensor) -> Tensor:
    """Return the context [B,H] of each row: keys [B,S,H] weighted by their dot products with query [B,H]."""
    # TODO bug.axis: the function as it should be
    ### BEGIN SOLUTION bug.axis
    fit = (keys @ query.unsqueeze(2)).squeeze(2)  # [B, S]
    # The source positions of one row share the weight 1. Over dim 0 the rows would share it: a batch of one has weights of 1 only.
    shares = fit.softmax(dim=1)
    return (shares.unsqueeze(1) @ keys).squeeze(1)
    ### END SOLUTION


def bug_in_attend_rows() -> int:
    """Return the number of the wrong line."""
    # TODO bug.axis: its number
    ### BEGIN SOLUTION bug.axis
    return 3
    ### END SOLUTION


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def additive_scores(query, keys, W, U, v):
#   2       asked = W @ query
#   3       known = keys @ U.T
#   4       return (asked + known) @ v


def additive_scores(query: Tensor, keys: Tensor, W: Tensor, U: Tensor, v: Tensor) -> Tensor:
    """Return the additive scores [S] of keys [S,H] for query [H]; W and U [H,H], v [H]."""
    # TODO bug.query: the function as it should be
    ### BEGIN SOLUTION bug.query
    asked, known = W @ query, keys @ U.T  # [H], [S, H]
    # Without the tanh the query adds one number, v . asked, to all scores alike, and the softmax takes it out again.
    return torch.tanh(asked + known) @ v
    ### END SOLUTION


def bug_in_additive_scores() -> int:
    """Return the number of the wrong line."""
    # TODO bug.query: its number
    ### BEGIN SOLUTION bug.query
    return 4
    ### END SOLUTION


# %% [markdown]
# ## Part 6: a decoder that has learnt where to look
# The task of the last assignment: write a sequence of symbols backwards, and stop. Every batch is drawn new; every fifth sequence (by the sum of
# its symbols) is held out, and only those are counted. A sequence is right if all of it is right, its end token included.
#
# Three decoders learn it, with the same encoder and the same number of batches:
#
# * **Bahdanau**: yours, as it is.
# * **Luong**: the same decoder with *your* `LuongAttention` as its scorer. `torch.vmap` runs it on every row of a batch.
# * **none**: an attention that always returns the last encoder output. This is the ablation: all else stays the same.
#
# **Predict first** (not graded). The decoder writes backwards: draw the picture of the weights that you expect (rows: steps, columns: source positions).
# And which of the three will still be right where sequences are longer than all it has learnt from?
#
# ## 6부: 어디를 볼지 배운 디코더
# 지난 과제의 일을 다시 합니다. 기호의 열을 거꾸로 쓰고 멈추는 일입니다. 배치마다 데이터를 새로 뽑고, 기호의 합이 5의 배수인 시퀀스는 남겨 두었다가
# 그것으로만 잽니다. 끝 토큰까지 전부 맞아야 맞은 것으로 셉니다.
#
# 인코더와 배치 수는 같게 두고 디코더 셋이 배웁니다. **Bahdanau**는 여러분의 디코더 그대로이고, **Luong**은 점수만 *여러분의* `LuongAttention`으로 구합니다
# (`torch.vmap`이 배치의 줄마다 실행합니다). **none**은 언제나 인코더의 마지막 출력만 돌려줍니다. 나머지는 그대로 두고 어텐션만 뺀 것입니다.
#
# **먼저 예측해 보세요**(채점하지 않음). 디코더는 거꾸로 씁니다. 가중치 그림은 어떤 모양일까요? (행은 단계, 열은 소스 위치입니다.)
# 배운 것보다 긴 시퀀스도 옳게 쓸 것은 셋 가운데 어느 것일까요?

# %% tags=["notebook"]
import time

import matplotlib.pyplot as plt

FIRST_SYMBOL, NUM_TOKENS = 3, 13  # ten symbols, 3 to 12; 2 is not used
LENGTHS = range(1, 8)  # what training sees
BATCH_SIZE, NUM_BATCHES, HIDDEN_SIZE = 64, 600, 64


class GRUEncoder(nn.Module):
    """Read sources of one length."""

    def __init__(self, vocab_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)

    def forward(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """source [B, S] gives all outputs [B, S, H] and the last state [1, B, H]."""
        return self.gru(self.embedding(source))


class LuongScores(nn.Module):
    """Your LuongAttention, in the place of BahdanauAttention: query [B, 1, H] and keys [B, S, H]."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.luong = LuongAttention(hidden_size)

    def forward(self, query: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Return context [B, 1, H] and weights [B, 1, S]."""
        context, weights = torch.vmap(self.luong)(query.squeeze(1), keys)
        return context.unsqueeze(1), weights.unsqueeze(1)


class LastOutput(nn.Module):
    """No attention: all the weight is on the last position."""

    def forward(self, query: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Return context [B, 1, H] and weights [B, 1, S]."""
        weights = torch.zeros(keys.size(0), 1, keys.size(1), device=keys.device)
        weights[:, :, -1] = 1.0
        return keys[:, -1:], weights


def draw_sources(count: int, length: int, held_out: bool) -> Tensor:
    """Draw new sources [count, length]: of those that training sees, or of those held out."""
    sources = torch.randint(FIRST_SYMBOL, NUM_TOKENS, (20 * count, length))
    return sources[(sources.sum(dim=1) % 5 == 0) == held_out][:count].to(DEVICE)


def make_target(source: Tensor) -> Tensor:
    """Return [B, S + 1]: the source backwards, then the end token."""
    return torch.cat([source.flip(1), torch.full((len(source), 1), EOS_TOKEN, device=source.device)], dim=1)


def learn_backwards(attention: nn.Module | None, seed: int) -> tuple[nn.Module, nn.Module, float]:
    """Train an encoder and a decoder, with its own attention or another one. Gives both, and the last loss."""
    torch.manual_seed(seed)
    encoder, decoder = GRUEncoder(NUM_TOKENS, HIDDEN_SIZE), AttnDecoderRNN(HIDDEN_SIZE, NUM_TOKENS)
    if attention is not None:
        decoder.attention = attention
    encoder, decoder = encoder.to(DEVICE), decoder.to(DEVICE)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    for _ in range(NUM_BATCHES):
        # One length in each batch, so there is no padding that attention could look at.
        length = LENGTHS[torch.randint(len(LENGTHS), ()).item()]
        source = draw_sources(BATCH_SIZE, length, held_out=False)
        target = make_target(source)
        log_probs, _, _ = decoder(*encoder(source), target)
        loss = F.nll_loss(log_probs.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return encoder.eval(), decoder.eval(), loss.item()


@torch.no_grad()
def measure_accuracy(encoder: nn.Module, decoder: nn.Module, lengths: range) -> list[float]:
    """Return for each length the share of held-out sequences that are written without a mistake."""
    shares = []
    for length in lengths:
        source = draw_sources(200, length, held_out=True)
        log_probs, _, _ = decoder(*encoder(source))
        # Free running writes MAX_LENGTH tokens; what comes after the end token does not count.
        written = log_probs.argmax(dim=-1)[:, : length + 1]
        shares.append(float((written == make_target(source)).all(dim=1).float().mean()))
    return shares


# %% tags=["notebook"]
TESTED = range(1, MAX_LENGTH)  # nine symbols and the end token are the most that MAX_LENGTH steps can write
began = time.perf_counter()
kinds = {"Bahdanau": lambda: None, "Luong": lambda: LuongScores(HIDDEN_SIZE), "none": LastOutput}
trained, curves = {}, {}
for kind, make_attention in kinds.items():
    for seed in (0, 1, 2) if kind == "Bahdanau" else (0,):
        torch.manual_seed(seed)
        encoder, decoder, loss = learn_backwards(make_attention(), seed)
        trained.setdefault(kind, (encoder, decoder))
        curves[kind, seed] = shares = measure_accuracy(encoder, decoder, TESTED)
        seen, longer = shares[: len(LENGTHS)], shares[len(LENGTHS) :]
        print(
            f"{kind:8} seed {seed}: last loss {loss:.3f}; held-out sequences that are right:"
            f" {sum(seen) / len(seen):.1%} of those as long as in training, {sum(longer) / len(longer):.1%} of longer ones"
        )
print(f"{time.perf_counter() - began:.0f} s")

plt.figure(figsize=(6, 3))
for (kind, seed), shares in curves.items():
    plt.plot(TESTED, shares, marker="o", label=f"{kind}, seed {seed}")
plt.axvline(LENGTHS[-1] + 0.5, color="grey", linestyle=":")  # right of it: longer than anything learnt from
plt.xlabel("symbols in the source")
plt.ylabel("held-out sequences\nthat are all right")
plt.legend(fontsize=7)
plt.tight_layout()
plt.show()

# %% [markdown]
# **Where does it look?** The pictures show one held-out sequence: rows are what is written, columns the source. A line from the right above to the left below
# was to be expected. Is it exactly where you drew it? An encoder output has read everything up to its place, so the output one place further to the right
# knows the symbol as well. The numbers, over 200 sequences: how often the largest weight lies on the symbol that is about to be written, and how
# often on its neighbour to the right.
#
# **어디를 볼까요?** 그림은 남겨 둔 시퀀스 하나입니다. 행은 쓴 것, 열은 소스입니다. 오른쪽 위에서 왼쪽 아래로 내려가는 선을 예상했을 것입니다. 꼭 그 자리에 있나요?
# 인코더의 출력은 자기 위치까지 모두 읽은 것이므로, 한 칸 오른쪽의 출력도 그 기호를 압니다. 숫자는 시퀀스 200개에서 가장 큰 가중치가 곧 쓸 기호 위에 놓인 비율과
# 그 오른쪽 이웃에 놓인 비율입니다.

# %% tags=["notebook"]
length = 7
sources = draw_sources(200, length, held_out=True)
right_places = torch.arange(length - 1, -1, -1)  # step 0 writes the last symbol
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4))
for axis, (kind, (encoder, decoder)) in zip(axes, trained.items()):
    with torch.no_grad():
        log_probs, _, attentions = decoder(*encoder(sources))
    attentions = attentions.cpu()
    looks_at = attentions[:, 1:length].argmax(dim=-1)  # the first symbol has no neighbour to its right
    shares = [float((looks_at == right_places[1:] + shift).float().mean()) for shift in (0, 1)]
    print(f"{kind:8} on the symbol to write: {shares[0]:.0%}, on its neighbour to the right: {shares[1]:.0%}")
    image = axis.imshow(attentions[0, : length + 1], vmin=0, vmax=1, cmap="Blues")
    written = log_probs[0, : length + 1].argmax(dim=-1).tolist()
    axis.set_xticks(range(length), sources[0].tolist())
    axis.set_yticks(range(length + 1), ["EOS" if token == EOS_TOKEN else token for token in written])
    axis.set(title=kind, xlabel="source", ylabel="written")
figure.colorbar(image, ax=axes, label="attention weight")
plt.show()
