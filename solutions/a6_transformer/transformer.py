# %% [markdown]
# # The transformer, piece by piece
#
# A recurrent network reads a sentence one word after the other. A transformer lets every position look at every other one **at once**,
# and leaves it to *attention* to decide what is worth looking at. In this assignment you write each piece yourself, in the order in which
# the pieces are stacked:
#
# ```
# src ids [B,S] -> embedding + positions [B,S,D] -> encoder block(s) -> memory [B,S,D]
#                                                                         |  keys, values
# tgt ids [B,T] -> embedding + positions [B,T,D] -> decoder block(s) <----+  -> linear -> logits [B,T,V]
# ```
#
# Sizes: B batch, S source length, T target length, D = `d_model`, d = D / number of heads, V vocabulary.
# Run the notebook from top to bottom; a cell that uses an open TODO stops with the name of that TODO.
#
# ---
# # 트랜스포머, 한 조각씩
#
# 순환 신경망은 문장을 한 단어씩 차례로 읽습니다. 트랜스포머는 모든 위치가 다른 모든 위치를 **한꺼번에** 볼 수 있게 하고,
# 무엇을 볼지는 *어텐션*이 정하게 합니다. 이 과제에서는 위 그림의 조각들을 쌓이는 순서대로 직접 구현합니다.
# 기호: B 배치, S 소스 길이, T 타깃 길이, D = `d_model`, d = D / 헤드 수, V 어휘 크기.
# 노트북은 위에서부터 차례로 실행하세요. 아직 채우지 않은 TODO를 쓰는 셀은 그 TODO의 이름을 알려 주며 멈춥니다.

# %% tags=["set-up"]

# %%
"""Transformer: attention, heads, positions, masks, the two blocks and greedy decoding."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %% [markdown]
# ## 1. Scaled dot-product attention
#
# Think of a soft dictionary. Each **query** is compared with all **keys**; the better they match, the more of the matching **value** it takes home:
#
# $$\text{weights} = \text{softmax}\left(\frac{QK^\top}{\sqrt d}\right), \qquad \text{output} = \text{weights} \cdot V$$
#
# Each row of the weights belongs to one query and sums to 1. A mask says which keys a query **may** look at. It is applied to the scores,
# before the softmax, so that what is left still sums to 1.
#
# **스케일드 닷-프로덕트 어텐션.** 값이 딱 하나 나오는 대신 여러 값이 섞여 나오는 사전이라고 생각해 보세요. **쿼리**마다 모든 **키**와 비교해서, 잘 맞는 키의 **값**을 더 많이 가져옵니다.
# 가중치의 한 행은 쿼리 하나에 해당하고 합이 1입니다. 마스크는 쿼리가 **보아도 되는** 키를 나타냅니다. 마스크를 소프트맥스 **이전의** 점수에 적용해야 남은 가중치의 합이 그대로 1이 됩니다.


# %%
def scaled_dot_product_attention(q, k, v, mask=None):
    """Let every query gather the values whose keys match it.

    q [..., T, d], k [..., S, d], v [..., S, e]. mask is True (or 1) where a query may look, and is
    broadcast over the leading dimensions. Returns (output [..., T, e], weights [..., T, S]).
    """
    # TODO attention.scaled: scores, then the mask, then the softmax, then the weighted sum
    ### BEGIN SOLUTION attention.scaled
    # One score for each pair of query and key. Only the last two axes of k are swapped,
    # so that any number of leading axes (batch, heads) goes along unharmed.
    scores = q @ k.transpose(-2, -1)
    # A sum of d products spreads like sqrt(d). Without this the softmax of a wide model
    # would put nearly everything on one key and pass hardly any gradient.
    scores = scores / math.sqrt(q.size(-1))
    if mask is not None:
        # exp(-inf) is exactly 0: the softmax shares its 1 among the allowed keys alone.
        # Comparing with 0 serves boolean masks and masks of 0 and 1 alike.
        scores = scores.masked_fill(mask == 0, float("-inf"))
    # The last axis runs over the keys: each query's weights sum to 1.
    weights = torch.softmax(scores, dim=-1)
    return weights @ v, weights
    ### END SOLUTION


# %% tags=["notebook"]
# The second query equals the third key, scaled up: its weights gather there. / 두 번째 쿼리는 세 번째 키를 키운 것과 같으므로 가중치가 그곳에 모입니다.
demo_keys = torch.eye(3)
demo_queries = torch.stack([torch.zeros(3), 6 * demo_keys[2]])
demo_output, demo_weights = scaled_dot_product_attention(demo_queries, demo_keys, 10 * torch.eye(3))
print(demo_weights.round(decimals=3))

# %% [markdown]
# ## 2. Multi-head attention
#
# One set of weights can look for one kind of thing only. So the D features are cut into `num_heads` slices of d = D / `num_heads`, each head attends
# with its own slice, and the results are laid side by side again:
#
# ```
# query [B,T,D] -W_q-> [B,T,D] -split-> [B,heads,T,d] --+
# key   [B,S,D] -W_k-> [B,S,D] -split-> [B,heads,S,d] --+-> attention [B,heads,T,d] -join-> [B,T,D] -W_o-> output [B,T,D]
# value [B,S,D] -W_v-> [B,S,D] -split-> [B,heads,S,d] --+
# ```
#
# Take care when you split: head 0 owns features 0 .. d-1 of *every* position. `view(B, T, heads, d)` cuts the features; only after that may the axes be swapped.
#
# **멀티헤드 어텐션.** 가중치 한 벌로는 한 종류의 관계밖에 찾지 못합니다. 그래서 D개의 특징을 d개씩 `num_heads`개의 조각으로 나누어 헤드마다 따로 어텐션을 계산하고, 결과를 다시 옆으로 이어 붙입니다.
# 나눌 때 주의하세요. 0번 헤드는 *모든* 위치의 0번부터 d-1번까지의 특징을 맡습니다. 먼저 `view(B, T, heads, d)`로 특징을 자르고, 그다음에 축을 바꿉니다.


# %%
class MultiHeadAttention(nn.Module):
    """Attention from several points of view at once."""

    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.W_q = nn.Linear(d_model, d_model)
        self.W_k = nn.Linear(d_model, d_model)
        self.W_v = nn.Linear(d_model, d_model)
        self.W_o = nn.Linear(d_model, d_model)

    def forward(self, query, key, value, mask=None):
        """query [B,T,D], key and value [B,S,D], mask [T,S], [B,T,S] or [B,1,T,S] -> output [B,T,D]."""
        # TODO attention.multihead: project, split into heads, attend, join the heads, project once more
        ### BEGIN SOLUTION attention.multihead
        # [B, length, D] -> [B, heads, length, d]: cut the features first, then bring the
        # heads forward, so that every head sees whole positions.
        q, k, v = (
            layer(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for layer, x in ((self.W_q, query), (self.W_k, key), (self.W_v, value))
        )
        if mask is not None and mask.dim() == 3:
            # A mask for each sentence is the same for all of its heads: [B,T,S] -> [B,1,T,S].
            mask = mask.unsqueeze(1)
        heads, _ = scaled_dot_product_attention(q, k, v, mask)
        # Back to [B, T, heads, d], then lay the heads side by side: [B, T, D].
        return self.W_o(heads.transpose(1, 2).flatten(-2))
        ### END SOLUTION


# %% [markdown]
# ## 3. Where am I? Sinusoidal positions
#
# Attention does not know order: shuffle the keys and nothing changes. So each position gets a fingerprint that is added to its embedding:
#
# $$PE_{p,\,2i} = \sin\left(p / 10000^{2i/D}\right), \qquad PE_{p,\,2i+1} = \cos\left(p / 10000^{2i/D}\right)$$
#
# Each pair of columns is a clock hand that turns more slowly than the one before.
#
# **사인파 위치 인코딩.** 어텐션은 순서를 모릅니다. 키의 순서를 섞어도 결과가 같습니다. 그래서 위치마다 고유한 무늬를 만들어 임베딩에 더합니다.
# 두 열이 한 쌍으로 시곗바늘 하나를 이루며, 뒤쪽 쌍일수록 천천히 돕니다.


# %%
def sinusoidal_positions(length, d_model):
    """The fixed fingerprint of each position, [length, d_model]: sines in even columns, cosines in odd ones."""
    # TODO positions: fill the even columns with sines and the odd ones with cosines
    ### BEGIN SOLUTION positions
    # Columns 2i and 2i+1 share one angle; an odd d_model has one sine more than cosines.
    positions = torch.arange(length).unsqueeze(1)
    even_columns = torch.arange(0, d_model, 2)
    angles = positions / 10000 ** (even_columns / d_model)
    table = torch.empty(length, d_model)
    table[:, 0::2] = torch.sin(angles)
    # For an odd d_model the last angle has no cosine column to go to.
    table[:, 1::2] = torch.cos(angles[:, : d_model // 2])
    return table
    ### END SOLUTION


# %% tags=["notebook"]
import matplotlib.pyplot as plt

plt.figure(figsize=(8, 3))
plt.imshow(sinusoidal_positions(40, 64), aspect="auto", cmap="RdBu")
plt.xlabel("column of the embedding")
plt.ylabel("position")
plt.colorbar()
plt.show()

# %% [markdown]
# ## 4. No looking ahead: the causal mask
#
# A decoder learns to guess the next word. While it trains it is given the whole target at once, so position t must not see t+1, t+2, ...:
# that would be copying the answer. Row t of the mask is True for columns 0 .. t.
#
# **인과 마스크.** 디코더는 다음 단어를 맞히도록 학습합니다. 학습할 때는 타깃 전체가 한꺼번에 주어지므로, 위치 t가 t+1, t+2, ...를 보면 정답을 베끼는 셈이 됩니다.
# 마스크의 t번째 행은 0번부터 t번 열까지 True입니다.


# %%
def causal_mask(size):
    """Who may look at whom in a sentence written left to right: BoolTensor [size,size], True where allowed."""
    # TODO mask.causal: True on the diagonal and below it
    ### BEGIN SOLUTION mask.causal
    # Row: who looks. Column: who is looked at. Oneself is allowed, or the first row would be empty.
    return torch.ones(size, size, dtype=torch.bool).tril()
    ### END SOLUTION


# %% tags=["notebook"]
# Padding and causality meet with "and": a key must be allowed by both. / 패딩 마스크와 인과 마스크는 "그리고"로 합칩니다. 둘 다 허용해야 볼 수 있습니다.
demo_lengths = torch.tensor([5, 3])
demo_padding = torch.arange(5) < demo_lengths[:, None]  # [B,S]: True where there is a real word
demo_both = causal_mask(5) & demo_padding[:, None, :]  # [B,T,S]
figure, axes = plt.subplots(1, 3, figsize=(9, 3))
for axis, picture, title in zip(
    axes, (causal_mask(5), demo_both[0], demo_both[1]), ("causal", "both, 5 words", "both, 3 words"), strict=True
):
    axis.imshow(picture, cmap="Greens", vmin=0, vmax=1)
    axis.set(title=title, xlabel="key", ylabel="query")
plt.show()

# %% [markdown]
# ## 5. The encoder block
#
# Two sublayers, each in the same wrapping: do something, drop a little of it, **add** it to what came in, then normalise (*post-norm*, as in the
# original paper and in `nn.TransformerEncoderLayer`):
#
# ```
# x --+-> self-attention -> dropout -> (+) -> norm1 --+-> linear1 -> relu -> dropout -> linear2 -> dropout -> (+) -> norm2 -> [B,S,D]
#     +-------------------------------- ^             +-------------------------------------------------------- ^
# ```
#
# **인코더 블록.** 두 하위 층이 똑같은 방식으로 감싸여 있습니다. 계산하고, 드롭아웃을 적용하고, 들어온 값에 **더한** 다음 정규화합니다(*post-norm*). 원 논문과 `nn.TransformerEncoderLayer`가 이 순서를 따릅니다.


# %%
class EncoderBlock(nn.Module):
    """Every position gathers from the others, then thinks for itself."""

    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__()
        self.self_attn = MultiHeadAttention(d_model, num_heads)
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask=None):
        """x [B,S,D], mask as in MultiHeadAttention -> [B,S,D]; post-norm, relu."""
        # TODO block.encoder: self-attention, then the two linear layers; each is dropped out, added to its input, normalised
        ### BEGIN SOLUTION block.encoder
        # Query, key and value are all x: that is what "self" means.
        attended = self.self_attn(x, x, x, mask)
        # The sum keeps a straight road open from the last layer to the first; the norm comes after it.
        x = self.norm1(x + self.dropout(attended))
        # The same two layers at every position: here nothing moves between positions.
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm2(x + self.dropout(self.linear2(hidden)))
        ### END SOLUTION


# %% [markdown]
# ## 6. The decoder block
#
# One sublayer more. After looking at itself (under the causal mask) the target looks at the **memory**, the encoder's output: the target asks the
# queries, the memory gives keys *and* values.
#
# ```
# x -> self-attention (tgt_mask) -> add, norm1 -> cross-attention to memory (memory_mask) -> add, norm2 -> linear1, relu, linear2 -> add, norm3
# ```
#
# **디코더 블록.** 하위 층이 하나 더 있습니다. 타깃은 (인과 마스크 아래에서) 자기 자신을 본 다음 인코더의 출력인 **memory**를 봅니다. 쿼리는 타깃에서, 키와 값은 *모두* memory에서 옵니다.


# %%
class DecoderBlock(nn.Module):
    """Each target position looks back at the target, then across at the source."""

    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__()
        self.self_attn = MultiHeadAttention(d_model, num_heads)
        self.cross_attn = MultiHeadAttention(d_model, num_heads)
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.norm3 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        """x [B,T,D], memory [B,S,D] -> [B,T,D]; tgt_mask is for x on x, memory_mask for x on memory."""
        # TODO block.decoder: self-attention, cross-attention, then the two linear layers, each wrapped as in EncoderBlock
        ### BEGIN SOLUTION block.decoder
        # First among themselves: tgt_mask hides the future and the padding of the target.
        attended = self.self_attn(x, x, x, tgt_mask)
        x = self.norm1(x + self.dropout(attended))
        # Then across: the target asks, the source answers; memory_mask hides the source's padding.
        gathered = self.cross_attn(x, memory, memory, memory_mask)
        x = self.norm2(x + self.dropout(gathered))
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm3(x + self.dropout(self.linear2(hidden)))
        ### END SOLUTION


# %% [markdown]
# ## 7. Greedy decoding
#
# A trained model gives logits for *every* prefix of the target. To write a new sentence, start with the start token, ask for the logits, take the best
# token at the **last** position, append it, and ask again with the whole prefix, until the end token comes.
#
# **그리디 디코딩.** 학습된 모델은 타깃의 *모든* 앞부분에 대해 로짓을 줍니다. 시작 토큰에서 출발해 **마지막** 위치에서 가장 점수가 높은 토큰을 뒤에 붙이고,
# 지금까지 만든 전체를 다시 모델에 넣습니다. 끝 토큰이 나올 때까지 반복합니다.


# %%
def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    """Write a target for src, always taking the likeliest next token.

    model(src [1,S], tgt [1,T]) gives logits [1,T,V]. Returns the ids as a list of ints: the start
    token, then at most max_len more, ending with the end token where it came up.
    """
    # TODO decode.greedy: ask for the logits of all tokens so far, append the best one, stop after the end token
    ### BEGIN SOLUTION decode.greedy
    ids = [start_token_id]
    for _ in range(max_len):
        # The whole prefix goes in again: the model keeps nothing between calls.
        tgt = torch.tensor([ids], device=src.device)
        logits = model(src, tgt)
        # Only the last position predicts something new.
        next_id = int(logits[0, -1].argmax())
        ids.append(next_id)
        if next_id == end_token_id:
            break
    return ids
    ### END SOLUTION


# %% [markdown]
# ## Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and nothing complains. Name the line by its number, and write the function as it should be.
#
# `token_losses` measures how surprised a model is by each token of a batch; `Stack` lays several linear layers over each other. The second one trains without
# an error, and its layers never change.
#
# ## 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 아무 경고도 없습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
#
# `token_losses`는 모델이 배치의 토큰 하나하나를 얼마나 뜻밖이라고 여기는지 구합니다. `Stack`은 선형 층을 여러 겹 쌓습니다. 오류 없이 학습되지만 층은 조금도 달라지지 않습니다.


# %%
# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def token_losses(logits, targets):
#   2       batch, steps, classes = logits.shape
#   3       by_class = logits.reshape(batch, classes, steps)
#   4       return F.cross_entropy(by_class, targets, reduction="none")


def token_losses(logits, targets):
    """Return the cross-entropy of each token [B,T]: logits [B,T,V] against targets [B,T]."""
    # TODO bug.classes: the function as it should be
    ### BEGIN SOLUTION bug.classes
    # cross_entropy wants the classes in the second place. Axes are exchanged for that; reshape would only cut the same numbers at other places.
    classes_second = logits.transpose(1, 2)
    return F.cross_entropy(classes_second, targets, reduction="none")
    ### END SOLUTION


def bug_in_token_losses():
    """Return the number of the wrong line."""
    # TODO bug.classes: its number
    ### BEGIN SOLUTION bug.classes
    return 3
    ### END SOLUTION


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   class Stack(nn.Module):
#   2       def __init__(self, width, depth):
#   3           super().__init__()
#   4           self.layers = [nn.Linear(width, width) for _ in range(depth)]
#   5       def forward(self, x):
#   6           for layer in self.layers:
#   7               x = torch.relu(layer(x))
#   8           return x


class Stack(nn.Module):
    """As many linear layers as `depth`, from [..., width] to [..., width], each followed by a relu."""

    def __init__(self, width, depth):
        super().__init__()
        # TODO bug.stack: the layers as they should be kept
        ### BEGIN SOLUTION bug.stack
        # A plain list hides its layers: parameters(), state_dict() and .to() do not see them, so nothing trains or moves them.
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        ### STUB
        # self.layers = FIXME("bug.stack")
        ### END SOLUTION

    def forward(self, x):
        """x [..., width] -> [..., width]."""
        # TODO bug.stack: the rest of it
        ### BEGIN SOLUTION bug.stack
        for part in self.layers:
            x = torch.relu(part(x))
        return x
        ### END SOLUTION


def bug_in_stack():
    """Return the number of the wrong line."""
    # TODO bug.stack: its number
    ### BEGIN SOLUTION bug.stack
    return 4
    ### END SOLUTION


# %% [markdown]
# ## All together
#
# A complete transformer that learns to write digits backwards. Sequences of 1 to 8 digits share a batch, so **both** masks are at work: the target's future
# is hidden from the decoder, the source's padding from everyone. Every batch is drawn new; every fifth sequence (by the sum of its digits) is held out, and
# only those are counted. A sequence is right if all of it is right, its end token included.
#
# The second model is an **ablation**: everything is the same, but no positions are added. **Predict first** (not graded): what can it still do?
#
# **모두 합쳐서.** 숫자열을 거꾸로 쓰는 법을 배우는 온전한 트랜스포머입니다. 숫자 1개에서 8개까지의 열이 한 배치에 들어 있으므로 **두** 마스크가 모두 쓰입니다.
# 타깃의 미래는 디코더에게 가리고, 소스의 패딩은 모두에게 가립니다. 배치마다 데이터를 새로 뽑고, 숫자의 합이 5의 배수인 열은 남겨 두었다가 그것으로만 잽니다.
# 끝 토큰까지 전부 맞아야 맞은 것으로 셉니다.
#
# 두 번째 모델은 **빼 보기**입니다. 다른 것은 그대로 두고 위치만 더하지 않습니다. **먼저 예측해 보세요**(채점하지 않음). 그래도 할 수 있는 것은 무엇일까요?

# %% tags=["notebook"]
import time

START, END, PAD = 10, 11, 12
LONGEST = 8  # in training


class TinyTransformer(nn.Module):
    """One encoder block, one decoder block, and the layers around them."""

    def __init__(self, vocab_size=13, d_model=64, num_heads=4, has_positions=True):
        super().__init__()
        self.has_positions = has_positions
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.encoder = EncoderBlock(d_model, num_heads, 2 * d_model, dropout=0.0)
        self.decoder = DecoderBlock(d_model, num_heads, 2 * d_model, dropout=0.0)
        self.out = nn.Linear(d_model, vocab_size)

    def embed(self, ids):
        """ids [B,T] -> [B,T,D]."""
        vectors = self.embedding(ids)
        return vectors + sinusoidal_positions(*vectors.shape[1:]).to(ids.device) if self.has_positions else vectors

    def forward(self, src, tgt):
        """src [B,S] and tgt [B,T] -> logits [B,T,V]."""
        is_real = (src != PAD).unsqueeze(1)  # [B,1,S]
        memory = self.encoder(self.embed(src), is_real.expand(-1, src.size(1), -1))
        seen = is_real.expand(-1, tgt.size(1), -1)
        past = causal_mask(tgt.size(1)).to(tgt.device)
        return self.out(self.decoder(self.embed(tgt), memory, tgt_mask=past, memory_mask=seen))


def draw_digits(count, shortest, longest, held_out):
    """Return new sources [B,S], padded, and their lengths [B]: of those that training sees, or of those held out."""
    lengths = torch.randint(shortest, longest + 1, (20 * count,))
    is_real = torch.arange(longest) < lengths.unsqueeze(1)
    digits = torch.randint(0, 10, is_real.shape)
    is_wanted = ((digits * is_real).sum(dim=1) % 5 == 0) == held_out
    return digits.masked_fill(~is_real, PAD)[is_wanted][:count], lengths[is_wanted][:count]


def turn_around(src, lengths):
    """Return what the decoder reads and what it should say, both [B,S+1]: the target shifted by one."""
    places = (lengths.unsqueeze(1) - 1 - torch.arange(src.size(1))).clamp(min=0)
    backwards = src.gather(1, places).masked_fill(src == PAD, PAD)
    edge = torch.full((len(src), 1), PAD)
    tgt_out = torch.cat([backwards, edge], dim=1)
    tgt_out[torch.arange(len(src)), lengths] = END
    return torch.cat([torch.full_like(edge, START), backwards], dim=1), tgt_out


def learn_backwards(seed, has_positions=True, steps=500):
    """Train a model. Gives it, and the loss of each step."""
    torch.manual_seed(seed)
    model = TinyTransformer(has_positions=has_positions).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(steps):
        src, lengths = draw_digits(64, 1, LONGEST, held_out=False)
        src, tgt_in, tgt_out = (part.to(DEVICE) for part in (src, *turn_around(src, lengths)))
        loss = F.cross_entropy(model(src, tgt_in).flatten(0, 1), tgt_out.flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model.eval(), losses


@torch.no_grad()
def measure_accuracy(model, lengths, count=25):
    """Return for each length the share of held-out sequences that greedy decoding writes without a mistake."""
    shares = []
    for length in lengths:
        sources, _ = draw_digits(count, length, length, held_out=True)
        written = [greedy_decode(model, src.unsqueeze(0).to(DEVICE), START, END, max_len=length + 3) for src in sources]
        right = [[START, *src.flip(0).tolist(), END] for src in sources]
        shares.append(sum(one == other for one, other in zip(written, right)) / count)
    return shares


# %% tags=["notebook"]
TESTED = range(1, LONGEST + 3)
began = time.perf_counter()
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3))
for seed, has_positions in ((0, False), (2, True), (1, True), (0, True)):
    model, losses = learn_backwards(seed, has_positions)
    shares = measure_accuracy(model, TESTED)
    name = f"{'with' if has_positions else 'without'} positions, seed {seed}"
    print(
        f"{name}: last loss {losses[-1]:.3f}; held-out sequences that are right: "
        f"{sum(shares[:LONGEST]) / LONGEST:.1%} of 1 to {LONGEST} digits, {sum(shares[LONGEST:]) / 2:.1%} of longer ones"
    )
    left.plot(losses, label=name)
    right.plot(TESTED, shares, marker="o", label=name)
print(f"{time.perf_counter() - began:.0f} s")
left.set(xlabel="step", ylabel="loss")
right.set(xlabel="digits in the source", ylabel="held-out, all right")
right.axvline(LONGEST + 0.5, color="grey", linestyle=":")  # right of it: longer than anything learnt from
right.legend(fontsize=7)
plt.tight_layout()
plt.show()
for length in (3, 8, 10):
    src, _ = draw_digits(1, length, length, held_out=True)
    print(src[0].tolist(), "->", greedy_decode(model, src.to(DEVICE), START, END, max_len=12))

# %% [markdown]
# **Four heads.** What does each head of the decoder look at in the source, while the model writes? The weights are computed once more from what the layer was
# given, with *your* `scaled_dot_product_attention`. The heads were never told to share the work.
#
# **헤드 넷.** 모델이 쓰는 동안 디코더의 헤드들은 소스의 어디를 볼까요? 층이 받은 입력으로 *여러분의* `scaled_dot_product_attention`을 한 번 더 불러 가중치를 구합니다.
# 헤드들에게 일을 나누라고 시킨 적은 없습니다.

# %% tags=["notebook"]
@torch.no_grad()
def watch_heads(attention, call):
    """Return the weights [B,heads,T,S] of a MultiHeadAttention during a call."""
    seen = []

    def remember(_, arguments, named):
        seen.append(dict(zip(("query", "key", "value", "mask"), arguments)) | named)

    handle = attention.register_forward_pre_hook(remember, with_kwargs=True)
    call()
    handle.remove()
    q, k = (
        layer(seen[-1][name]).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
        for layer, name in ((attention.W_q, "query"), (attention.W_k, "key"))
    )
    mask = seen[-1].get("mask")
    return scaled_dot_product_attention(q, k, k, None if mask is None else mask.unsqueeze(1))[1]


src, lengths = draw_digits(1, LONGEST, LONGEST, held_out=True)
tgt_in, tgt_out = turn_around(src, lengths)
weights = watch_heads(model.decoder.cross_attn, lambda: model(src.to(DEVICE), tgt_in.to(DEVICE))).cpu()
figure, axes = plt.subplots(1, 4, figsize=(13, 3.4))
for head, axis in enumerate(axes):
    axis.imshow(weights[0, head], cmap="Blues", vmin=0, vmax=1)
    axis.set_xticks(range(LONGEST), src[0].tolist())
    axis.set_yticks(range(LONGEST + 1), ["END" if token == END else token for token in tgt_out[0].tolist()])
    on_symbol = weights[0, head, range(LONGEST), range(LONGEST - 1, -1, -1)].mean()
    axis.set(title=f"head {head}", xlabel=f"source\n{on_symbol:.0%} of the weight is on the digit to write")
axes[0].set_ylabel("to write")
plt.tight_layout()
plt.show()
