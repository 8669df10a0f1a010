# %% [markdown]
# # Names: which language, and new ones
#
# *Sokolenko*, *Yamashita*, *Bianchetti*: you can tell where such a name may come from without knowing anybody who has it. A network that reads names
# character by character can learn it, too, and a second one can write names that nobody has. On the way you open up the **GRU**, the cell with gates.
#
# ```
# "Yamashita" -> ids [S] -> embedding [S,E] -> GRU -> last state [H] -> log-probabilities of the languages [C]     many to one
# language    -> first state [H] -> GRU over <END> Y a m a ... -> logits of the next character at every step        one to many
# ```
#
# Sizes: B names, S characters, E embedding, H hidden, V characters, C languages. Run the notebook from top to bottom; a cell that uses an open TODO
# stops with the name of that TODO.
#
# ---
# # 이름: 어느 나라 이름일까, 그리고 새 이름 짓기
#
# *Sokolenko*, *Yamashita*, *Bianchetti*. 그런 이름을 가진 사람을 몰라도 어느 나라 이름 같은지 알 수 있습니다. 이름을 글자 하나씩 읽는 신경망도 배울 수 있고,
# 또 다른 신경망은 세상에 없는 이름을 지을 수 있습니다. 그러는 동안 게이트가 있는 셀인 **GRU**의 안을 들여다봅니다.
# 기호: B 이름 수, S 글자 수, E 임베딩, H 은닉, V 글자 종류, C 언어. 노트북은 위에서부터 차례로 실행하세요.

# %% tags=["set-up"]

# %%
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


# %% [markdown]
# ## 1. Characters
#
# A computer may write 가 as one character or as two, ㄱ and ㅏ; é as one or as e with an accent. **NFC** makes them one, so that the same name has the same ids.
# `<PAD>` fills short rows, `<UNK>` stands for characters that the vocabulary does not know, `<END>` says that a name is over. `encode` adds none of them.
#
# **글자.** 컴퓨터는 '가'를 한 글자로도, ㄱ과 ㅏ 두 글자로도 적을 수 있습니다. **NFC**는 이것을 하나로 모아, 같은 이름이 같은 번호를 갖게 합니다.
# `<PAD>`는 짧은 줄을 채우고, `<UNK>`는 모르는 글자를, `<END>`는 이름의 끝을 나타냅니다. `encode`는 이 가운데 아무것도 덧붙이지 않습니다.


# %%
class NameVocab:
    """The characters of names, after three special ones."""

    def __init__(self, names: Iterable[str]) -> None:
        """Set stoi (character -> id) and itos (id -> character): the specials, then all characters, sorted."""
        # TODO vocab: self.stoi and self.itos
        ### BEGIN SOLUTION vocab
        # Names are read once, so a generator will do; sorted, since a set has another order in every run.
        characters = sorted({character for name in names for character in self.normalize(name)})
        self.itos = dict(enumerate([*SPECIALS, *characters]))
        self.stoi = {character: index for index, character in self.itos.items()}
        ### END SOLUTION

    @staticmethod
    def normalize(name: str) -> str:
        """Return the name in NFC and lower case: one spelling for what looks the same."""
        return unicodedata.normalize("NFC", name).lower()

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, name: str) -> list[int]:
        """Return one id for each character of the name; unseen characters are <UNK>. Nothing is added."""
        # TODO vocab: normalise, then look each character up
        ### BEGIN SOLUTION vocab
        return [self.stoi.get(character, UNK) for character in self.normalize(name)]
        ### END SOLUTION

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text that ids spell, without the special ones."""
        # TODO vocab: one character for each id, specials left out
        ### BEGIN SOLUTION vocab
        return "".join(self.itos[int(index)] for index in ids if int(index) > END)
        ### END SOLUTION


# %% [markdown]
# ## 2. Two cells
#
# A plain cell can be written with **one** matrix over input and state side by side, `tanh(W [x; h] + b)`: it is the cell with two matrices, laid together.
#
# A **GRU** decides by gates, numbers between 0 and 1, how much of the old state to keep:
#
# ```
# r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)           reset: how much of the old state the candidate sees
# z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)           update: how much of the old state stays
# n = tanh(W_in x + b_in + r * (W_hn h + b_hn))        the candidate
# h' = (1 - z) * n + z * h
# ```
#
# torch stacks the three in the order r, z, n: rows 0 .. H-1 of `W_ih` belong to r. Note where r stands: it multiplies `W_hn h + b_hn`, bias included.
#
# **두 가지 셀.** 기본 셀은 입력과 상태를 이어 붙인 벡터에 행렬 **하나**를 곱해 쓸 수 있습니다. 행렬 두 개짜리 셀을 나란히 놓은 것과 같습니다.
# **GRU**는 0과 1 사이의 수인 게이트로 옛 상태를 얼마나 남길지 정합니다. torch는 r, z, n의 순서로 쌓습니다. r이 곱해지는 곳에 주의하세요. 편향까지 포함한 `W_hn h + b_hn`입니다.


# %%
def joined_cell(x: Tensor, h: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """x [E] and h [H] give the new state [H]: tanh of W [H,E+H] times [x; h], plus b [H]."""
    # TODO cell.joined: put x and h together, in this order
    ### BEGIN SOLUTION cell.joined
    return torch.tanh(W @ torch.cat([x, h]) + b)
    ### END SOLUTION


def gru_cell(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    """x [E], h [H], W_ih [3H,E], W_hh [3H,H], b_ih and b_hh [3H] give the new state [H], as nn.GRUCell does."""
    # TODO gru.cell: reset, update and new, in torch's order; then the mixture of old state and candidate
    ### BEGIN SOLUTION gru.cell
    # One product for all three, then a third of it for each.
    input_r, input_z, input_n = (W_ih @ x + b_ih).chunk(3)
    state_r, state_z, state_n = (W_hh @ h + b_hh).chunk(3)
    reset = torch.sigmoid(input_r + state_r)
    update = torch.sigmoid(input_z + state_z)
    # The reset gate holds back the state's part only; the input always comes through.
    candidate = torch.tanh(input_n + reset * state_n)
    # Where update is 1 the state is handed on unchanged: a gradient can pass through many steps.
    return (1 - update) * candidate + update * h
    ### END SOLUTION


# %% tags=["notebook"]
torch.manual_seed(0)
cell = nn.GRUCell(5, 4)
x, h = torch.randn(5), torch.randn(4)
ours = gru_cell(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
print("same as nn.GRUCell:", torch.allclose(ours, cell(x, h), atol=1e-6))

# %% [markdown]
# ## 3. A bag, and a reader
#
# The simplest summary of a name is the mean of its characters' vectors, a **bag**: *Mina* and *Anim* become the same. A GRU reads in order; its state
# after the last **real** character is the summary, which in a padded batch stands at another column in every row.
#
# **가방과 독자.** 이름을 가장 간단히 요약하면 글자 벡터의 평균, 곧 **가방**입니다. 그러면 *Mina*와 *Anim*이 같아집니다. GRU는 차례대로 읽고, 마지막 **진짜** 글자
# 다음의 상태가 요약입니다. 채워진 배치에서는 줄마다 그 칸이 다릅니다.


# %%
def bag_of_embeddings(table: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean vector of each name's real characters: table [V,E], ids [B,S], lengths [B] -> [B,E].

    A name of length 0 gives zeros. Ids at padded positions may be anything, even none of the table's.
    """
    # TODO order: the mean over the first `lengths` columns of each row
    ### BEGIN SOLUTION order
    lengths = lengths.to(ids.device)
    real = torch.arange(ids.size(1), device=ids.device) < lengths.unsqueeze(1)  # [B, S]
    # Padding is looked up as row 0, then left out by the mask: whatever stands there is not read.
    vectors = table[ids.where(real, 0)] * real.unsqueeze(-1)  # [B, S, E]
    # At least 1, so that an empty name is 0 / 1 and not 0 / 0.
    return vectors.sum(dim=1) / lengths.clamp(min=1).unsqueeze(1)
    ### END SOLUTION


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
        ### BEGIN SOLUTION classifier
        states, _ = self.gru(self.embedding(ids))  # [B, S, H]
        rows = torch.arange(ids.size(0), device=ids.device)
        # A GRU reads from left to right: padding to the right of a position cannot reach it.
        last = states[rows, lengths.to(ids.device) - 1]  # [B, H]
        return F.log_softmax(self.out(last), dim=-1)
        ### END SOLUTION


# %% [markdown]
# ## 4. Training, on a leash
#
# A recurrent network multiplies gradients step by step; sometimes they explode, and one such step ruins what was learnt. **Clipping** measures the norm
# of all gradients together and, where it is too large, scales every one by the same factor: the direction stays, the length is at most `max_norm`.
#
# **목줄을 맨 학습.** 순환 신경망은 단계마다 기울기를 곱하므로 가끔 기울기가 폭발하고, 그런 단계 하나가 배운 것을 망칩니다. **클리핑**은 모든 기울기를 한데 모은 노름을 재고,
# 너무 크면 모두 같은 비율로 줄입니다. 방향은 그대로이고 길이만 `max_norm` 이하가 됩니다.


# %%
def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> float:
    """Scale all gradients by one factor so that their total norm is at most max_norm; return the norm before.

    Parameters without a gradient are skipped. Gradients that are small enough stay as they are.
    """
    # TODO clip: the norm of all gradients together, then scale if it is larger
    ### BEGIN SOLUTION clip
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    # One norm over all of them, as if they were one long vector.
    total = math.sqrt(sum(float(gradient.pow(2).sum()) for gradient in gradients))
    if total > max_norm:
        for gradient in gradients:
            gradient.mul_(max_norm / total)
    return total
    ### END SOLUTION


def train_classifier(
    model: nn.Module, batches: Iterable[Batch], optimizer: torch.optim.Optimizer, max_norm: float = 1.0
) -> list[float]:
    """Train once over the batches (ids [B,S], lengths [B], labels [B]); return the mean loss of each.

    One optimizer step a batch, on fresh and clipped gradients, in train mode. The model gives log-probabilities.
    """
    # TODO train: loss, gradients, clip, step
    ### BEGIN SOLUTION train
    model.train()
    losses = []
    for ids, lengths, labels in batches:
        # The model ends in a log-softmax, so the loss is the negative log-likelihood itself.
        loss = F.nll_loss(model(ids, lengths), labels)
        # Gradients add up until they are cleared.
        optimizer.zero_grad()
        loss.backward()
        # After backward, when they exist, and before the step, which uses them.
        clip_gradients(model.parameters(), max_norm)
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### END SOLUTION


def confusion_matrix(predicted: Tensor, actual: Tensor, num_classes: int) -> Tensor:
    """Return counts [C,C]: row a, column p counts the names of language a that were taken for p."""
    # TODO confusion: count each pair (actual, predicted)
    ### BEGIN SOLUTION confusion
    # Each pair becomes one number, row by row; then counting is one call.
    pairs = actual * num_classes + predicted
    # minlength keeps the rows and columns of classes that never occur.
    return torch.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)
    ### END SOLUTION


# %% [markdown]
# ## 5. One to many: writing names
#
# Now the language comes first: its vector is the **initial state**, and the GRU writes from there. Training feeds `<END>` and the name, and asks for the
# name and `<END>`:
#
# ```
# input    <END>   y   a   m   a              target   y   a   m   a   <END>
# ```
#
# To write, start with `<END>`, choose a character, feed it back, until `<END>` is chosen.
#
# **일대다: 이름 짓기.** 이번에는 언어가 먼저입니다. 언어 벡터가 **처음 상태**가 되고, GRU가 거기서부터 씁니다. 학습할 때는 `<END>`와 이름을 넣고 이름과 `<END>`를 묻습니다.
# 쓸 때는 `<END>`로 시작해 글자를 고르고 다시 넣기를, `<END>`가 나올 때까지 되풀이합니다.


# %%
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
        ### BEGIN SOLUTION generator
        # nn.GRU wants states as [layers, B, H], also with batch_first.
        first_state = self.class_embedding(category).unsqueeze(0)
        states, _ = self.gru(self.embedding(ids), first_state)
        return self.out(states)
        ### END SOLUTION


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
    ### BEGIN SOLUTION sample
    device = next(model.parameters()).device
    categories = torch.tensor([category], device=device)
    ids = [END]
    for _ in range(max_len):
        # The whole name goes in again: the model keeps nothing between calls.
        logits = model(categories, torch.tensor([ids], device=device))[0, -1]
        if temperature is None:
            choice = int(logits.argmax())
        else:
            probabilities = torch.softmax(logits / temperature, dim=0)
            choice = int(torch.multinomial(probabilities, 1, generator=generator))
        if choice == END:
            break
        ids.append(choice)
    # decode leaves the first <END> out.
    return vocab.decode(ids)
    ### END SOLUTION


# %% [markdown]
# ### Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and their shapes are right. Name the line by its number, and write the function as it should be. `cool` gives the probabilities of characters at a
# temperature; `join_directions` lays the last states of a network that reads both ways side by side.
#
# ### 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 모양도 맞습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
# `cool`은 온도에 따른 글자들의 확률을 구하고, `join_directions`는 양쪽에서 읽는 신경망의 마지막 상태 둘을 나란히 잇습니다.


# %%
# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def cool(logits, temperature):
#   2       logits = logits - logits.max()
#   3       weights = torch.exp(logits) / temperature
#   4       return weights / weights.sum()


def cool(logits: Tensor, temperature: float) -> Tensor:
    """Return the probabilities [V] of characters from their logits [V], at a temperature above 0."""
    # TODO bug.temperature: the function as it should be
    ### BEGIN SOLUTION bug.temperature
    below_the_best = logits - logits.max()
    # Inside the exponential: a factor outside is the same for all characters, and the last line takes it out again.
    shares = torch.exp(below_the_best / temperature)
    return shares / shares.sum()
    ### END SOLUTION


def bug_in_cool() -> int:
    """Return the number of the wrong line."""
    # TODO bug.temperature: its number
    ### BEGIN SOLUTION bug.temperature
    return 3
    ### END SOLUTION


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def join_directions(h_n):
#   2       forward_and_backward, batch, size = h_n.shape
#   3       joined = h_n.reshape(batch, forward_and_backward * size)
#   4       return joined


def join_directions(h_n: Tensor) -> Tensor:
    """Return [B,2H] from the last states h_n [2,B,H] of both directions: for each row its forward, then its backward one."""
    # TODO bug.directions: the function as it should be
    ### BEGIN SOLUTION bug.directions
    # The rows come first before anything is laid side by side: reshape alone cuts the numbers as they lie in memory.
    by_row = h_n.transpose(0, 1)  # [B, 2, H]
    return by_row.flatten(1)
    ### END SOLUTION


def bug_in_join_directions() -> int:
    """Return the number of the wrong line."""
    # TODO bug.directions: its number
    ### BEGIN SOLUTION bug.directions
    return 3  # of join_directions
    ### END SOLUTION


# %% [markdown]
# ## 6. Which language?
#
# `names.tsv` holds 240 names each of six languages. Every sixth name is held out: accuracy on names that the network has learnt from would say little.
# Beside the GRU stands the bag, which cannot see order. **Predict first** (not graded): for which two languages will order matter most?
#
# ## 6. 어느 나라 이름일까?
#
# `names.tsv`에는 여섯 언어의 이름이 240개씩 있습니다. 여섯째마다 하나씩 남겨 둡니다. 이미 배운 이름에서의 정확도는 별 의미가 없기 때문입니다.
# GRU 곁에 순서를 못 보는 가방을 둡니다. **먼저 예측해 보세요**(채점하지 않음). 순서가 가장 중요할 두 언어는 무엇일까요?

# %% tags=["notebook"]
import matplotlib.pyplot as plt
from torch.nn.utils.rnn import pad_sequence


SEED = 0
torch.manual_seed(SEED)
rows = [tuple(line.split("\t")) for line in read_sample("names.tsv")[1:]]
LANGUAGES = sorted({language for _, language in rows})
rows = [rows[index] for index in torch.randperm(len(rows)).tolist()]
held_out, learnt = rows[: len(rows) // 6], rows[len(rows) // 6 :]
vocab = NameVocab(name for name, _ in learnt)


def make_batch(rows: list[tuple[str, str]]) -> Batch:
    """Return ids [B,S], lengths [B] and labels [B] of names, where the model is."""
    ids = [torch.tensor(vocab.encode(name)) for name, _ in rows]
    lengths, labels = [len(row) for row in ids], [LANGUAGES.index(language) for _, language in rows]
    padded = pad_sequence(ids, batch_first=True, padding_value=PAD).to(DEVICE)
    return padded, torch.tensor(lengths, device=DEVICE), torch.tensor(labels, device=DEVICE)


def make_batches(size: int = 32) -> list[Batch]:
    """Return the names to learn from in a new order, in batches."""
    order = torch.randperm(len(learnt)).tolist()
    return [make_batch([learnt[i] for i in order[start : start + size]]) for start in range(0, len(order), size)]


class BagClassifier(nn.Module):
    """A classifier that cannot see order."""

    def __init__(self, vocab_size: int, embedding_dim: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.out = nn.Linear(embedding_dim, num_classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids [B,S] and lengths [B] give log-probabilities [B,C]."""
        return F.log_softmax(self.out(bag_of_embeddings(self.embedding.weight, ids, lengths)), dim=-1)


classifier = NameClassifier(len(vocab), embedding_dim=16, hidden_size=64, num_classes=len(LANGUAGES)).to(DEVICE)
bag = BagClassifier(len(vocab), embedding_dim=64, num_classes=len(LANGUAGES)).to(DEVICE)
ids, lengths, labels = make_batch(held_out)
for name, model in (("GRU", classifier), ("bag", bag)):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(12):
        losses = train_classifier(model, make_batches(), optimizer)
    predicted = model(ids, lengths).argmax(dim=1)
    print(f"{name}: loss {losses[-1]:.2f}, {float((predicted == labels).float().mean()):.1%} of held-out names are right")

# %% tags=["notebook"]
with torch.no_grad():
    matrix = confusion_matrix(classifier(ids, lengths).argmax(dim=1), labels, len(LANGUAGES)).cpu()
plt.figure(figsize=(4.5, 4))
plt.imshow(matrix, cmap="Blues")
plt.xticks(range(len(LANGUAGES)), LANGUAGES, rotation=45)
plt.yticks(range(len(LANGUAGES)), LANGUAGES)
for row in range(len(LANGUAGES)):
    for column in range(len(LANGUAGES)):
        plt.text(column, row, int(matrix[row, column]), ha="center", va="center", fontsize=8)
plt.xlabel("taken for")
plt.ylabel("is")
plt.show()

# %% [markdown]
# **One hidden unit.** The colour says what one unit of the GRU holds after each character. Units are not made for us to read, but some of them follow
# something: the one shown differs most between two languages at the end of their names.
#
# **은닉 유닛 하나.** 색은 글자를 하나 읽을 때마다 GRU의 유닛 하나가 갖는 값입니다. 유닛이 사람이 읽으라고 있는 것은 아니지만, 어떤 것은 무언가를 따라갑니다.
# 여기 보이는 것은 이름이 끝났을 때 두 언어 사이에서 값이 가장 다른 유닛입니다.

# %% tags=["notebook"]
with torch.no_grad():
    states, _ = classifier.gru(classifier.embedding(ids))
    states, ids, lengths, labels = states.cpu(), ids.cpu(), lengths.cpu(), labels.cpu()
    last = states[torch.arange(len(ids)), lengths - 1]
    gap = last[labels == LANGUAGES.index("Japanese")].mean(0) - last[labels == LANGUAGES.index("German")].mean(0)
    unit = int(gap.abs().argmax())
shown = [
    row
    for language in ("Japanese", "German")
    for row in (labels == LANGUAGES.index(language)).nonzero().flatten().tolist()[:4]
]
real = torch.arange(ids.size(1)) < lengths.unsqueeze(1)
activity = states[..., unit].masked_fill(~real, float("nan"))  # nothing is drawn after a name's end
figure, axis = plt.subplots(figsize=(8, 3))
axis.imshow(activity[shown], cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
for line, row in enumerate(shown):
    for place, letter in enumerate(held_out[row][0]):
        axis.text(place, line, letter, ha="center", va="center")
axis.set_yticks(range(len(shown)), [held_out[row][1] for row in shown])
axis.set_xlabel(f"unit {unit} after each character")
plt.show()

# %% [markdown]
# ## 7. An exploding run
#
# A learning rate that is far too large, once as it is and once clipped. The picture shows the norm of the gradient at every step, **before** clipping.
#
# ## 7. 폭발하는 학습
#
# 지나치게 큰 학습률로 한 번은 그대로, 한 번은 클리핑을 하며 학습합니다. 그림은 단계마다 클리핑하기 **전** 기울기의 노름입니다.

# %% tags=["notebook"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3))
for max_norm, name in ((1e9, "as it is"), (1.0, "clipped to 1")):
    torch.manual_seed(SEED)
    model = NameClassifier(len(vocab), 16, 64, len(LANGUAGES)).to(DEVICE)
    optimizer = torch.optim.SGD(model.parameters(), lr=4.0)
    norms, losses = [], []
    for batch in make_batches() + make_batches():
        gradients = torch.autograd.grad(F.nll_loss(model(*batch[:2]), batch[2]), list(model.parameters()))
        norms.append(float(torch.cat([gradient.flatten() for gradient in gradients]).norm()))
        losses += train_classifier(model, [batch], optimizer, max_norm)
    axes[0].semilogy(norms, label=name)
    axes[1].plot(losses, label=name)
    print(f"{name}: the loss of the last ten batches is {sum(losses[-10:]) / 10:.2f}")
axes[0].set(xlabel="batch", ylabel="norm of the gradient")
axes[1].set(xlabel="batch", ylabel="loss", ylim=(0, 10))
axes[0].legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# ## 8. New names
#
# The generator learns from the same names. At four moments of its training it writes names in every language; the classifier says how many of them
# it takes for the language that was asked for, and we count how many are new: not among those it learnt from.
#
# ### One ablation (not graded)
#
# A second generator gets the category **only** through a vector that is added at the output, not as its first state: its memory never hears of it.
# **Predict first:** will the classifier take its names for the language that was asked for less often?
#
# ## 8. 새 이름
#
# 생성기도 같은 이름에서 배웁니다. 학습하는 동안 네 번 모든 언어의 이름을 짓게 하고, 그 가운데 분류기가 주문한 언어로 알아보는 것이 얼마나 되는지,
# 배운 적 없는 새 이름이 얼마나 되는지 셉니다.
#
# ### 빼 보기 (채점하지 않음)
#
# 두 번째 생성기에는 언어를 처음 상태로 주지 않고 출력에 더하는 벡터로**만** 줍니다. 기억은 언어를 전혀 모릅니다.
# **먼저 예측해 보세요.** 분류기가 주문한 언어로 알아보는 이름이 줄어들까요?

# %% tags=["notebook"]
known = {name.lower() for name, _ in learnt}


def write_names(writer: NameGenerator, epoch: int, count: int = 25, shown: bool = True) -> float:
    """Write some names of each language; print them, and give the share that is taken for its language."""
    draws = torch.Generator(DEVICE).manual_seed(1)
    made = [
        (sample_name(writer, vocab, number, temperature=0.7, generator=draws), language)
        for number, language in enumerate(LANGUAGES)
        for _ in range(count)
    ]
    made = [(name, language) for name, language in made if name]
    ids, lengths, labels = make_batch(made)
    with torch.no_grad():
        right = float((classifier(ids, lengths).argmax(dim=1) == labels).float().mean())
    new = sum(name not in known for name, _ in made) / len(made)
    print(f"epoch {epoch}: {right:.0%} are taken for their language, {new:.0%} are new")
    for language in LANGUAGES if shown else []:
        print(f"   {language:9}", ", ".join(name.capitalize() for name, other in made if other == language)[:70])
    return right


def learn_names(writer: NameGenerator, moments: tuple[int, ...], shown: bool = True) -> list[float]:
    """Train a generator up to the last moment; at each of them it writes names. Gives the shares of write_names."""
    optimizer = torch.optim.Adam(writer.parameters(), lr=5e-3)
    shares = []
    for epoch in range(moments[-1] + 1):
        if epoch in moments:
            shares.append(write_names(writer, epoch, shown=shown))
        for ids, lengths, labels in make_batches():
            begin = torch.full((len(ids), 1), END, device=DEVICE)
            inputs = torch.cat([begin, ids], dim=1)
            targets = torch.cat([ids, torch.full_like(begin, PAD)], dim=1)
            targets[torch.arange(len(ids), device=DEVICE), lengths] = END
            loss = F.cross_entropy(writer(labels, inputs).flatten(0, 1), targets.flatten(), ignore_index=PAD)
            optimizer.zero_grad()
            loss.backward()
            clip_gradients(writer.parameters(), 1.0)
            optimizer.step()
    return shares


MOMENTS = (0, 2, 6, 15)
torch.manual_seed(SEED)
shares = learn_names(NameGenerator(len(LANGUAGES), len(vocab), embedding_dim=24, hidden_size=96).to(DEVICE), MOMENTS)

# %% tags=["notebook"]
class TaggedGenerator(NameGenerator):
    """The ablation: the category is added at the output, and the first state is the same for all."""

    def __init__(self, num_classes: int, vocab_size: int, embedding_dim: int, hidden_size: int) -> None:
        super().__init__(num_classes, vocab_size, embedding_dim, hidden_size)
        self.tag = nn.Embedding(num_classes, vocab_size)

    def forward(self, category: Tensor, ids: Tensor) -> Tensor:
        """category [B] and ids [B,S] give logits [B,S,V]."""
        same = torch.zeros_like(category)
        return super().forward(same, ids) + self.tag(category).unsqueeze(1)


torch.manual_seed(SEED)
tagged = TaggedGenerator(len(LANGUAGES), len(vocab), embedding_dim=24, hidden_size=96).to(DEVICE)
for name, values in (("first state", shares), ("output only", learn_names(tagged, MOMENTS, shown=False))):
    plt.plot(MOMENTS, values, marker="o", label=name)
plt.gcf().set_size_inches(5, 3)
plt.axhline(1 / len(LANGUAGES), color="grey", linestyle=":")
plt.xlabel("epoch")
plt.ylabel("taken for their language")
plt.legend()
plt.tight_layout()
plt.show()
