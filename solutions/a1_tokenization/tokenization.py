# %% [markdown]
# # Tokenization: from text to ids, from ids to vectors
#
# A network computes with numbers, a review is written in letters. This notebook builds the road between them:
#
# ```
# "Good film!"  --split-->  ["good", "film"]  --encode-->  [5, 9]  --pad-->  [5, 9, 0, 0]  --lookup-->  [4, E]
# ```
#
# # 토큰화: 글에서 번호로, 번호에서 벡터로
#
# 신경망은 숫자로 계산하고 영화평은 글자로 쓰여 있습니다. 이 노트북에서는 그 사이의 길을 직접 만듭니다.

# %% tags=["set-up"]

# %%
"""Tokenization: text to words, words to ids, ids to vectors."""

import re
from collections.abc import Iterable, Sequence

import torch
from tokenizers import BertWordPieceTokenizer
from torch import Tensor, nn
from torch.nn import functional as F


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %% [markdown]
# ## 1. A tokenizer of words
#
# The vocabulary is a dictionary from word to id. Two ids are taken from the start: `<PAD>` (0) fills short rows up,
# `<UNK>` (1) stands for every word that the vocabulary does not know. All other words get the next free id
# in the order in which they are first seen, so the same corpus gives the same ids on every machine.
#
# ## 1. 단어 토크나이저
#
# 어휘(vocabulary)는 단어를 번호로 바꾸는 사전입니다. 처음부터 정해진 번호가 둘 있습니다. `<PAD>`(0)는 짧은 줄을 채우고,
# `<UNK>`(1)는 어휘에 없는 모든 단어를 대신합니다. 나머지 단어는 처음 나온 순서대로 다음 번호를 받으므로,
# 같은 말뭉치라면 어느 컴퓨터에서나 번호가 같습니다.

# %%
PAD_TOKEN, UNK_TOKEN = "<PAD>", "<UNK>"


class SimpleTokenizer:
    """Splits text into lower-case words and numbers them in the order they were first seen."""

    def __init__(self) -> None:
        self.vocab: dict[str, int] = {PAD_TOKEN: 0, UNK_TOKEN: 1}
        self.inv_vocab: dict[int, str] = {0: PAD_TOKEN, 1: UNK_TOKEN}

    def normalize_and_split(self, text: str) -> list[str]:
        """The lower-case words of a text, in order; punctuation and emoji are left out."""
        # TODO simple.split: lower-case the text, then find its words (the pattern is \b\w+\b)
        ### BEGIN SOLUTION simple.split
        # \w knows every script: a Hangul syllable is a word character just as a letter or a digit is
        return re.findall(r"\b\w+\b", text.lower())
        ### END SOLUTION

    def build_vocab(self, corpus: Iterable[str]) -> None:
        """Give every new word of the corpus the next free id; a second call goes on where the first ended."""
        # TODO simple.vocab: fill self.vocab (word -> id) and self.inv_vocab (id -> word)
        ### BEGIN SOLUTION simple.vocab
        for text in corpus:
            for word in self.normalize_and_split(text):
                # a set would lose the order, and the order of a set of strings differs from run to run
                if word not in self.vocab:
                    index = len(self.vocab)
                    self.vocab[word] = index
                    self.inv_vocab[index] = word
        ### END SOLUTION

    def encode(self, text: str) -> list[int]:
        """The ids of a text's words; a word that the vocabulary does not know becomes <UNK>."""
        # TODO simple.encode: one id for each word, none left out
        ### BEGIN SOLUTION simple.encode
        unknown = self.vocab[UNK_TOKEN]
        return [self.vocab.get(word, unknown) for word in self.normalize_and_split(text)]
        ### END SOLUTION

    def decode(self, ids: Sequence[int]) -> list[str]:
        """The words of a list of ids; an id that the vocabulary does not know becomes <UNK>."""
        # TODO simple.decode: one word for each id, <PAD> too
        ### BEGIN SOLUTION simple.decode
        # a dictionary has no row -1: unlike a list it does not count negative ids from the end
        return [self.inv_vocab.get(index, UNK_TOKEN) for index in ids]
        ### END SOLUTION

    def pad(self, ids: Sequence[int], max_len: int) -> list[int]:
        """A new list of exactly max_len ids: longer input is cut, shorter input gets <PAD> on the right."""
        # TODO simple.pad: cut, then fill up; leave the caller's list as it is
        ### BEGIN SOLUTION simple.pad
        kept = list(ids[:max_len])
        return kept + [self.vocab[PAD_TOKEN]] * (max_len - len(kept))
        ### END SOLUTION

    def __call__(self, text: str, max_len: int | None = None) -> list[int]:
        """Encode a text, and pad it where max_len is given (0 is a length too)."""
        # TODO simple.pad: encode, then pad unless max_len is None
        ### BEGIN SOLUTION simple.pad
        ids = self.encode(text)
        # `if max_len:` would take 0 for "no length given"
        return ids if max_len is None else self.pad(ids, max_len)
        ### END SOLUTION


# %% tags=["notebook"]
reviews = [
    "이 영화 정말 재미있다! 😀",
    "정말 지루한 영화... 다시는 안 본다.",
    "A good film, a GOOD story.",
    "연기도 좋고 음악도 좋다",
]
simple = SimpleTokenizer()
simple.build_vocab(reviews)
print(simple.vocab)
for review in ["정말 좋은 영화!", "good story"]:
    ids = simple(review, max_len=6)
    print(review, "->", ids, "->", simple.decode(ids))

# %% [markdown]
# ## 2. A tokenizer of pieces
#
# Korean glues endings onto stems: 영화, 영화가, 영화를 and 영화도 are four words to the tokenizer above, and a form that the corpus
# lacks is lost in `<UNK>`. WordPiece learns frequent *pieces* instead. A piece that goes on inside a word starts with `##`,
# so `영화를` may become `영화 ##를`, and an unseen form is still spelt from pieces that are known.
#
# The trained tokenizer must leave the text as it is. `lowercase=False` keeps `Film` apart from `film`;
# `strip_accents=False` keeps `é`, and also keeps Hangul whole: stripping accents first takes characters apart, 한 into ㅎ ㅏ ㄴ.
#
# ## 2. 조각 토크나이저
#
# 한국어는 어간에 어미와 조사가 붙습니다. 위의 토크나이저에게 영화, 영화가, 영화를, 영화도는 서로 다른 네 단어이고, 말뭉치에 없던 꼴은
# `<UNK>`로 사라집니다. WordPiece는 자주 나오는 *조각*을 배웁니다. 단어 안에서 이어지는 조각은 `##`으로 시작합니다.
# `영화를`은 `영화 ##를`이 될 수 있고, 처음 보는 꼴도 아는 조각으로 쓸 수 있습니다.
#
# 글은 그대로 두어야 합니다. `lowercase=False`는 `Film`과 `film`을 구별하고, `strip_accents=False`는 `é`를 지키며
# 한글도 지킵니다. 악센트를 떼려면 먼저 글자를 분해하기 때문에 한이 ㅎ ㅏ ㄴ으로 나뉩니다.

# %%
SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train_wordpiece(
    files: str | list[str],
    vocab_size: int = 30000,
    min_frequency: int = 2,
    limit_alphabet: int = 6000,
) -> BertWordPieceTokenizer:
    """Train a WordPiece tokenizer on text files; the special tokens get the ids 0 to 4.

    files: a path or a list of paths. vocab_size: at most so many pieces. min_frequency: a pair that is rarer is not joined.
    limit_alphabet: how many different characters are kept; Korean needs thousands.
    """
    # TODO wordpiece.train: make a BertWordPieceTokenizer that changes neither case nor accents, and train it
    ### BEGIN SOLUTION wordpiece.train
    tokenizer = BertWordPieceTokenizer(lowercase=False, strip_accents=False, wordpieces_prefix="##")
    tokenizer.train(
        files=files,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        # the library's own default of 1000 is made for Latin letters: rare syllables would become [UNK]
        limit_alphabet=limit_alphabet,
        special_tokens=SPECIAL_TOKENS,
    )
    return tokenizer
    ### END SOLUTION


def encode_sentence(tokenizer: BertWordPieceTokenizer, text: str) -> tuple[list[str], list[int], str]:
    """The tokens of a text, their ids, and the text that the ids decode to, all as the tokenizer gives them."""
    # TODO wordpiece.encode: encode the text as it is; decode the ids again
    ### BEGIN SOLUTION wordpiece.encode
    encoding = tokenizer.encode(text)
    # decode() joins `##` pieces; " ".join(tokens) would not
    return encoding.tokens, encoding.ids, tokenizer.decode(encoding.ids)
    ### END SOLUTION


# %% [markdown]
# **Words nobody has seen.** The reviews below are laid out like NSMC, the large collection of Korean film reviews: `id`, `document`, `label` (1 good, 0 bad).
# A third is held out. Both tokenizers learn from the other two thirds. How many of the held-out words are unknown to each?
#
# **처음 보는 단어.** 아래 영화평은 큰 한국어 영화평 모음인 NSMC와 같은 형식(`id`, `document`, `label`; 1은 긍정, 0은 부정)입니다. 3분의 1은 남겨 둡니다.
# 두 토크나이저는 나머지 3분의 2로 배웁니다. 남겨 둔 영화평의 단어 가운데 모르는 것은 각각 얼마나 될까요?

# %% tags=["notebook"]
import tempfile
from pathlib import Path


rows = [line.split("\t") for line in read_sample("reviews_ko.tsv")[1:]]
labels = {document: int(label) for _, document, label in rows if document}  # a text that comes twice counts once


def split_reviews(seed: int) -> tuple[list[str], list[str]]:
    """Return the reviews to learn from, and those held out."""
    texts = sorted(labels)
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    return [texts[index] for index in order[len(texts) // 3 :]], [texts[index] for index in order[: len(texts) // 3]]


learnt, held_out = split_reviews(seed=0)
words = SimpleTokenizer()
words.build_vocab(learnt)
corpus_file = Path(tempfile.mkdtemp()) / "reviews.txt"
corpus_file.write_text("\n".join(learnt), encoding="utf-8")
wordpiece = train_wordpiece(str(corpus_file), vocab_size=600)

unknown, split_up = [], []
for review in held_out:
    for word in words.normalize_and_split(review):
        if words.encode(word) == [words.vocab[UNK_TOKEN]]:
            unknown.append(word)
            tokens, _, _ = encode_sentence(wordpiece, word)
            if "[UNK]" not in tokens:
                split_up.append((word, tokens))
count = sum(len(words.encode(review)) for review in held_out)
print(f"{len(unknown)} of {count} held-out words are <UNK> to the tokenizer of words;")
print(f"{len(split_up)} of these {len(unknown)} are spelt from known pieces by WordPiece, such as:")
for word, tokens in sorted(dict(split_up).items(), key=lambda item: -len(item[1]))[:6]:
    print(f"   {word}  ->  {' '.join(tokens)}")

# %% [markdown]
# ## 3. From ids to vectors
#
# An embedding is a table `[V, E]` with one row for each id. Looking ids up copies rows out: `[S] -> [S, E]`.
# It is the same as multiplying one-hot rows `[S, V]` by the table, only without all the multiplications by zero.
# That also says where the gradient goes: only to the rows that were used. The row of `padding_idx` stays zero for ever.
#
# ## 3. 번호에서 벡터로
#
# 임베딩은 번호마다 한 행이 있는 표 `[V, E]`입니다. 번호로 찾는 일은 행을 꺼내 오는 일이고(`[S] -> [S, E]`),
# 원-핫 행렬 `[S, V]`에 표를 곱한 것과 같습니다. 0을 곱하는 계산만 없을 뿐입니다.
# 그래서 기울기도 쓰인 행에만 흐릅니다. `padding_idx`의 행은 언제나 0입니다.

# %%
def lookup(embedding: nn.Embedding, ids: list[int]) -> Tensor:
    """The embedding's rows for a list of ids: [S] -> [S, E], on the embedding's device."""
    # TODO embedding.lookup: make the ids a tensor where the table is, then ask the embedding
    ### BEGIN SOLUTION embedding.lookup
    # calling the layer, not indexing its weight, is what keeps the padding row out of training
    return embedding(torch.tensor(ids, dtype=torch.long, device=embedding.weight.device))
    ### END SOLUTION


def one_hot_lookup(weight: Tensor, ids: list[int]) -> Tensor:
    """The same rows by a product of one-hot rows and the table: [S, V] @ [V, E] -> [S, E]."""
    # TODO embedding.lookup: one-hot rows of width V, times the table
    ### BEGIN SOLUTION embedding.lookup
    index = torch.tensor(ids, dtype=torch.long, device=weight.device)
    # without num_classes the width would be the largest id in this sentence
    one_hot = F.one_hot(index, num_classes=weight.shape[0]).to(weight.dtype)  # [S, V]
    return one_hot @ weight
    ### END SOLUTION


# %% [markdown]
# ## 4. Directions mean something
#
# In a trained table the step from *man* to *woman* is about the step from *king* to *queen*. So the word for
# "king - man + woman" is the row whose direction is nearest to that sum. Nearest by cosine: length says how frequent a word is
# rather than what it means. The three given words are left out, since one of them is nearly always the nearest.
#
# ## 4. 방향에는 뜻이 있다
#
# 학습된 표에서 *man*에서 *woman*으로 가는 걸음은 *king*에서 *queen*으로 가는 걸음과 비슷합니다. "king - man + woman"의 답은
# 그 합과 방향이 가장 가까운 행입니다. 코사인으로 재는 까닭은, 벡터의 길이가 뜻보다는 빈도를 나타내기 때문입니다.
# 주어진 세 단어는 거의 언제나 가장 가까우므로 후보에서 뺍니다.

# %%
def analogy(vectors: Tensor, vocab: dict[str, int], a: str, b: str, c: str) -> str:
    """The word whose vector points most nearly along a - b + c (king - man + woman), other than a, b and c.

    vectors: [V, E], used as they are. vocab: word -> row. A row of zeros has no direction and is never the answer.
    """
    # TODO embedding.analogy: the target vector, its cosine with every row, the best of the other words
    ### BEGIN SOLUTION embedding.analogy
    target = vectors[vocab[a]] - vectors[vocab[b]] + vectors[vocab[c]]  # [E]
    similarity = F.cosine_similarity(vectors, target.unsqueeze(0), dim=1)  # [V]
    # a row of zeros gets cosine 0, which would win where all others point away
    similarity = similarity.masked_fill(vectors.norm(dim=1) == 0, -torch.inf)
    candidates = [word for word in vocab if word not in (a, b, c)]
    return max(candidates, key=lambda word: similarity[vocab[word]].item())
    ### END SOLUTION


# %% tags=["notebook"]
import matplotlib.pyplot as plt

toy_vocab = {"king": 0, "queen": 1, "man": 2, "woman": 3, "apple": 4}
toy_vectors = torch.tensor([[3.0, 1.2], [3.0, 3.1], [1.0, 1.0], [1.1, 3.0], [4.0, -2.0]])
print("king - man + woman =", analogy(toy_vectors, toy_vocab, "king", "man", "woman"))
plt.figure(figsize=(4, 3))
for word, row in toy_vocab.items():
    plt.annotate(word, xy=(0, 0), xytext=toy_vectors[row].tolist(), arrowprops={"arrowstyle": "<-"})
plt.xlim(-0.5, 5)
plt.ylim(-2.5, 4)
plt.show()

# %% [markdown]
# ## 5. Many sentences at once
#
# A batch is a rectangle, sentences are not of one length. Short rows are filled up on the right, and the true lengths travel along:
# from the padded rows alone nobody can tell a padding id from a real one.
#
# ## 5. 여러 문장을 한꺼번에
#
# 배치는 직사각형이지만 문장의 길이는 제각각입니다. 짧은 줄은 오른쪽을 채우고, 진짜 길이를 함께 넘깁니다.
# 채워진 줄만 보아서는 어디까지가 진짜인지 알 수 없기 때문입니다.

# %%
def pad_batch(sequences: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Rows of equal length and the true lengths: LongTensors [B, S] and [B]. An empty batch is a ValueError."""
    # TODO batch.pad: refuse an empty batch; fill each row up on the right; count the lengths before filling
    ### BEGIN SOLUTION batch.pad
    if len(sequences) == 0:
        raise ValueError("the batch is empty: give at least one sequence")
    lengths = torch.tensor([len(sequence) for sequence in sequences], dtype=torch.long)
    batch = torch.full((len(sequences), int(lengths.max())), pad_id, dtype=torch.long)
    for row, sequence in zip(batch, sequences, strict=True):
        row[: len(sequence)] = torch.tensor(sequence, dtype=torch.long)
    return batch, lengths
    ### END SOLUTION


# %% tags=["notebook"]
batch, lengths = pad_batch([simple.encode(review) for review in reviews], pad_id=simple.vocab[PAD_TOKEN])
print(batch)
print(lengths)
embedding = nn.Embedding(len(simple.vocab), 8, padding_idx=0)
print(embedding(batch).shape)

# %% [markdown]
# ## Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and nothing complains. Name the line by its number, and write the function as it should be.
#
# `find_ids` numbers words by a vocabulary that may give a word the id 0; `join_pieces` makes a sentence of WordPiece's pieces again.
#
# ## 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 아무 경고도 없습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
#
# `find_ids`는 어휘로 단어의 번호를 찾습니다. 0번 단어가 있을 수도 있습니다. `join_pieces`는 WordPiece의 조각들로 문장을 되살립니다.


# %%
# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def find_ids(words, vocab, unknown_id):
#   2       ids = []
#   3       for word in words:
#   4           index = vocab.get(word)
#   5           ids.append(index if index else unknown_id)
#   6       return ids


def find_ids(words: Sequence[str], vocab: dict[str, int], unknown_id: int) -> list[int]:
    """Return the id of each word; a word that is not in the vocabulary gets unknown_id."""
    # TODO bug.zero: the function as it should be
    ### BEGIN SOLUTION bug.zero
    found = [vocab.get(word) for word in words]
    # Only None means "not there": 0 is an id like any other, and a plain `if` takes it for nothing.
    return [unknown_id if index is None else index for index in found]
    ### END SOLUTION


def bug_in_find_ids() -> int:
    """Return the number of the wrong line."""
    # TODO bug.zero: its number
    ### BEGIN SOLUTION bug.zero
    return 5
    ### END SOLUTION


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def join_pieces(pieces):
#   2       words = []
#   3       for piece in pieces:
#   4           if piece.startswith("##") and words:
#   5               words.append(piece.removeprefix("##"))
#   6           else:
#   7               words.append(piece)
#   8       return " ".join(words)


def join_pieces(pieces: Sequence[str]) -> str:
    """Return the words that pieces spell, with a space between words; a first piece stays as it is."""
    # TODO bug.pieces: the function as it should be
    ### BEGIN SOLUTION bug.pieces
    spelt: list[str] = []
    for piece in pieces:
        if spelt and piece.startswith("##"):
            # It goes on inside the last word: taking the ## away is not enough, the space has to go, too.
            spelt[-1] += piece.removeprefix("##")
        else:
            spelt.append(piece)
    return " ".join(spelt)
    ### END SOLUTION


def bug_in_join_pieces() -> int:
    """Return the number of the wrong line."""
    # TODO bug.pieces: its number
    ### BEGIN SOLUTION bug.pieces
    return 5  # of join_pieces
    ### END SOLUTION


# %% [markdown]
# ## 6. Vectors that learn (not graded)
#
# Nobody writes the numbers of an embedding: they are learnt, like any weight. A classifier that is as small as can be takes the **mean** of a review's
# vectors and asks whether the review is good or bad. It cannot see order; that is what the next assignment is for.
#
# **Predict first:** two words that occur in praise and never side by side, how alike are their vectors before training, and after?
#
# ## 6. 배우는 벡터 (채점하지 않음)
#
# 임베딩의 숫자는 사람이 적는 것이 아니라 다른 가중치처럼 학습됩니다. 가장 작은 분류기는 영화평에 든 벡터의 **평균**을 구하고, 긍정인지 부정인지 맞힙니다.
# 순서는 볼 수 없습니다. 순서는 다음 과제에서 다룹니다.
#
# **먼저 예측해 보세요.** 칭찬하는 글에 나오지만 나란히 쓰이지는 않는 두 단어가 있습니다. 두 벡터는 학습하기 전에 얼마나 비슷하고, 학습한 뒤에는 얼마나 비슷할까요?

# %% tags=["notebook"]
class BagClassifier(nn.Module):
    """The mean of a review's vectors, and one linear layer."""

    def __init__(self, vocab_size: int, embedding_dim: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.out = nn.Linear(embedding_dim, 2)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids [B, S] and lengths [B] give logits [B, 2]; the padding's vectors are zero, so a sum leaves them out."""
        return self.out(self.embedding(ids).sum(dim=1) / lengths.clamp(min=1).unsqueeze(1))


def learn_reviews(encode, vocab_size: int, seed: int, frozen: bool = False) -> tuple[nn.Embedding, nn.Embedding, float]:
    """Train on two thirds of the reviews. Gives the table before and after, and the share right of the held-out third.

    frozen: the table stays as it was drawn, and only the linear layer learns.
    """
    learnt, held_out = split_reviews(seed)
    torch.manual_seed(seed)
    model = BagClassifier(vocab_size).to(DEVICE)
    model.embedding.weight.requires_grad_(not frozen)
    before = nn.Embedding.from_pretrained(model.embedding.weight.detach().clone())
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(12):
        order = torch.randperm(len(learnt)).tolist()
        for start in range(0, len(order), 16):
            texts = [learnt[index] for index in order[start : start + 16]]
            ids, lengths = pad_batch([encode(text) for text in texts], pad_id=0)
            optimizer.zero_grad()
            targets = torch.tensor([labels[text] for text in texts], device=DEVICE)
            F.cross_entropy(model(ids.to(DEVICE), lengths.to(DEVICE)), targets).backward()
            optimizer.step()
    with torch.no_grad():
        ids, lengths = pad_batch([encode(text) for text in held_out], pad_id=0)
        predicted = model(ids.to(DEVICE), lengths.to(DEVICE)).argmax(dim=1)
    right = predicted.cpu() == torch.tensor([labels[text] for text in held_out])
    return before, model.embedding, float(right.float().mean())


curves = {}
for name in ("words", "pieces"):
    shares, frozen_shares = [], []
    for seed in (2, 1, 0):
        learnt, _ = split_reviews(seed)
        if name == "words":
            words = SimpleTokenizer()
            words.build_vocab(learnt)
            encode, size = words.encode, len(words.vocab)
        else:
            corpus_file.write_text("\n".join(learnt), encoding="utf-8")
            wordpiece = train_wordpiece(str(corpus_file), vocab_size=600)
            # [CLS] and [SEP] are in every review, so they tell nothing
            encode, size = lambda text: [i for i in encode_sentence(wordpiece, text)[1] if i > 4], wordpiece.get_vocab_size()
        before, after, share = learn_reviews(encode, size, seed)
        shares.append(share)
        frozen_shares.append(learn_reviews(encode, size, seed, frozen=True)[2])
        if name == "words":
            tables = before, after
    curves[name, "learnt"], curves[name, "frozen"] = shares, frozen_shares
    print(f"{name:6}: right on held-out reviews, seeds 2, 1, 0:", ", ".join(f"{share:.0%}" for share in shares))

# %% tags=["notebook"]
# Neighbours of two words, before and after. / 두 단어의 이웃, 학습 전과 후.
def is_content(word: str) -> bool:
    """Tell whether a word of the vocabulary has two syllables or more: ㅎㅎ and the like say little."""
    return word in words.vocab and re.fullmatch("[가-힣]{2,}", word) is not None


in_good, in_bad = (" ".join(text for text in learnt if labels[text] == label).split() for label in (1, 0))
shown = [
    max((word for word in sorted(set(one)) if is_content(word)), key=lambda word: one.count(word) - 3 * other.count(word))
    for one, other in ((in_good, in_bad), (in_bad, in_good))
]
frequent = [word for word in words.vocab if is_content(word) and in_good.count(word) + in_bad.count(word) >= 3]
for word in shown:
    for moment, table in zip(("before", "after"), tables):
        vectors = lookup(table, [words.vocab[other] for other in frequent])
        likeness = F.cosine_similarity(vectors, lookup(table, [words.vocab[word]]), dim=1).tolist()
        nearest = sorted(zip(likeness, frequent), reverse=True)[1:6]
        print(f"{word}, {moment}: ", ", ".join(f"{other} {value:.2f}" for value, other in nearest))

# %% [markdown]
# ### One ablation (not graded)
#
# Is it the *vectors* that learn, or is the linear layer enough? The same classifier with a **frozen** table: its random vectors stay as they were drawn, and
# only the layer above them is trained. **Predict first:** how far will it get? Half of the reviews are good, so guessing is right half of the time. Dots are seeds.
#
# ### 빼 보기 (채점하지 않음)
#
# 배우는 것은 *벡터*일까요, 아니면 선형 층만으로도 충분할까요? 같은 분류기에서 임베딩 표를 **얼려** 둡니다. 무작위로 뽑힌 벡터는 그대로이고 위의 층만 학습합니다.
# **먼저 예측해 보세요.** 얼마나 맞힐까요? 영화평의 절반이 긍정이므로 찍으면 절반을 맞힙니다. 점은 시드입니다.

# %% tags=["notebook"]
plt.figure(figsize=(5, 3))
for place, ((name, kind), shares) in enumerate(curves.items()):
    mean = sum(shares) / len(shares)
    print(f"{name}, {kind} table: {mean:.0%} of the held-out reviews on average, {min(shares):.0%} to {max(shares):.0%}")
    plt.bar(place, mean, color="C0" if kind == "learnt" else "lightgrey")
    plt.plot([place] * len(shares), shares, "k.")
plt.axhline(0.5, color="grey", linestyle=":")
plt.xticks(range(len(curves)), [f"{name}\n{kind}" for name, kind in curves])
plt.ylabel("right, held out")
plt.tight_layout()
plt.show()
