# %% [markdown]
# # Pretrained models
# Nobody has to train a language model from nothing. In this lab you take four pretrained models as they are:
# BERT (reads a sentence in both directions), Marian (translates Korean into English), KLUE BERT (BERT for Korean) and
# GPT-2 (continues a text). What is left to write is the way in and the way out: text → ids → model → text.
#
# Sizes: `B` batch (1 here), `S` tokens of the text with the special ones, `H` hidden size, `V` vocabulary.
#
# # 사전 학습 모델
# 언어 모델을 처음부터 학습할 필요는 없습니다. 이 실습에서는 이미 학습된 네 모델을 그대로 가져다 씁니다.
# BERT(문장을 양방향으로 읽음), Marian(한국어를 영어로 번역), KLUE BERT(한국어 BERT), GPT-2(글을 이어 씀)입니다.
# 여러분이 작성할 것은 들어가는 길과 나오는 길, 곧 텍스트 → id → 모델 → 텍스트입니다.
#
# 크기: `B` 배치(여기서는 1), `S` 특수 토큰을 포함한 토큰 수, `H` 은닉 크기, `V` 어휘 크기.

# %% tags=["set-up"]

# %%
"""Pretrained models: encode, look at contextual embeddings, translate, fill masks, continue a story."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %% [markdown]
# ## Part 1: from text to ids
# A tokenizer belongs to its model: it knows the pieces, their ids and the special tokens that the model was trained
# with. BERT wants `[CLS] text [SEP]`, Marian wants `text </s>`, GPT-2 wants nothing. Called with a text, the tokenizer
# adds them by itself; ask it for PyTorch tensors and they come with the batch dimension, `[1, S]`.
#
# ## 1부: 텍스트에서 id로
# 토크나이저는 모델과 짝입니다. 조각과 id, 모델이 학습할 때 쓴 특수 토큰을 알고 있습니다. BERT는 `[CLS] 텍스트 [SEP]`,
# Marian은 `텍스트 </s>`를 받고, GPT-2는 특수 토큰이 없습니다. 토크나이저를 호출하면 특수 토큰은 저절로 붙습니다.
# PyTorch 텐서로 달라고 하면 배치 차원이 있는 `[1, S]`로 나옵니다.


# %%
def encode_text(tokenizer: PreTrainedTokenizerBase, text: str) -> BatchEncoding:
    """Give what the model takes, `input_ids` and `attention_mask` among it, as tensors [1, S]."""
    # TODO encode: the ids of the text with the special tokens, once, as PyTorch tensors
    ### BEGIN SOLUTION encode
    # Calling the tokenizer adds the special tokens of its model; "pt" asks for tensors, which come
    # with a batch dimension. Writing "[CLS]" into the text as well would add it a second time.
    return tokenizer(text, return_tensors="pt")
    ### END SOLUTION


# %% [markdown]
# **Which models are these?** Without a network the names below lead to **tiny** models that came with this notebook: the same architectures and the same
# code, a thousandth of the size, trained for a few seconds on a few hundred sentences. They know some of those sentences by heart; about everything else they
# talk nonsense, and that is no mistake of yours.
# The cell says which kind you have. With a network, take the last lines out of the set-up cell, and the real ones are loaded.
#
# **어떤 모델일까요?** 네트워크가 없으면 아래 이름들은 노트북에 딸려 온 **아주 작은** 모델로 이어집니다. 구조와 코드는 같지만 크기는 천분의 일이고, 문장 몇백 개로
# 몇 초 동안 학습했습니다. 그 문장들 가운데 몇 개는 외우고 있지만, 다른 것에는 엉뚱한 답을 합니다. 여러분의 잘못이 아닙니다. 어느 쪽인지는 셀이 알려 줍니다.
# 네트워크가 있으면 준비 셀의 마지막 줄들을 지우세요. 진짜 모델을 불러옵니다.

# %% tags=["notebook"]
import warnings

import transformers
from transformers import AutoModel, AutoTokenizer

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
REAL_SIZE = 50_000_000  # each of the real ones has more parameters than that


def say_size(name: str, model: PreTrainedModel) -> None:
    """Print how large a model is, and whether it is the real one."""
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{name}: {count / 1e6:.1f} million parameters", "" if count > REAL_SIZE else "(TINY stand-in)")


bert_tokenizer = AutoTokenizer.from_pretrained("bert-base-cased")
bert = AutoModel.from_pretrained("bert-base-cased").eval().to(DEVICE)
say_size("bert-base-cased", bert)

encoded = encode_text(bert_tokenizer, "She took her money out of the bank.")
print(encoded["input_ids"])
print(bert_tokenizer.convert_ids_to_tokens(encoded["input_ids"][0].tolist()))

# %% [markdown]
# ## Part 2: a vector for a word, and a vector for a word in its sentence
# `input_ids [1, S]` → table lookup `[1, S, H]` → self-attention layers → `last_hidden_state [1, S, H]`
#
# The table `[V, H]` holds one row for each piece, whatever the sentence. The last hidden state holds a vector for each
# piece **in this sentence**: the bank of a river and the bank that keeps your money part ways.
#
# ## 2부: 단어의 벡터, 그리고 문장 속 단어의 벡터
# `input_ids [1, S]` → 표에서 찾기 `[1, S, H]` → 셀프 어텐션 층 → `last_hidden_state [1, S, H]`
#
# 표 `[V, H]`에는 문장과 상관없이 조각마다 행이 하나씩 있습니다. 마지막 은닉 상태에는 **이 문장 속** 조각의 벡터가
# 있습니다. 강둑(bank)과 은행(bank)이 여기서 갈라집니다.


# %%
def contextual_embeddings(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str) -> Tensor:
    """Give the vectors of a text's tokens in their context, [1, S, H]; the model has no task head."""
    # TODO contextual: the model's last hidden state for this text
    ### BEGIN SOLUTION contextual
    # The ids are made on the CPU; the model may be elsewhere, and both must be in one place.
    inputs = encode_text(tokenizer, text).to(model.device)
    # Nothing is trained here, so no graph is recorded.
    with torch.no_grad():
        outputs = model(**inputs)
    # pooler_output would be a single vector [1, H]; here every token keeps its own.
    return outputs.last_hidden_state
    ### END SOLUTION


def word_embedding_table(model: PreTrainedModel) -> Tensor:
    """Give the table that ids are looked up in, [V, H]: before positions are added, before any attention."""
    # TODO contextual: the weight of the model's word embeddings
    ### BEGIN SOLUTION contextual
    # For BERT this is model.embeddings.word_embeddings.weight; the method finds it in any model.
    return model.get_input_embeddings().weight
    ### END SOLUTION


# %% [markdown]
# **One word, two meanings.** Two sentences are about the bank of a river, two about the bank with the money. *bank* is one row of the table in all four.
# **Predict first** (not graded): which pairs of contextual vectors will be nearest to each other?
#
# **단어 하나, 두 가지 뜻.** 두 문장의 bank는 강둑이고 두 문장의 bank는 은행입니다. 표에서는 네 번 모두 같은 행입니다.
# **먼저 예측해 보세요**(채점하지 않음). 문맥 속의 벡터는 어느 것끼리 가장 가까울까요?

# %% tags=["notebook"]
import matplotlib.pyplot as plt

bank = bert_tokenizer.convert_tokens_to_ids("bank")
sentences = [
    "We sat on the bank of the river and watched the boats.",
    "Flowers grew on the bank of the river.",
    "She took her money out of the bank.",
    "The bank opens at nine in the morning.",
]
vectors = []
for text in sentences:
    ids = encode_text(bert_tokenizer, text)["input_ids"][0].tolist()
    vectors.append(contextual_embeddings(bert, bert_tokenizer, text)[0, ids.index(bank)])
vectors = torch.stack(vectors).cpu()
print("row of the table:", tuple(word_embedding_table(bert)[bank].shape), "- the same for all four")
likeness = torch.cosine_similarity(vectors.unsqueeze(1), vectors.unsqueeze(0), dim=2)
print(f"two rivers: {likeness[0, 1]:.2f}   two of money: {likeness[2, 3]:.2f}   one of each: {likeness[:2, 2:].mean():.2f} on average")
plt.figure(figsize=(5, 3))
plt.imshow(likeness, cmap="Blues")
for row in range(4):
    for column in range(4):
        colour = "white" if likeness[row, column] > 0.85 else "black"
        plt.text(column, row, f"{likeness[row, column]:.2f}", ha="center", va="center", color=colour)
plt.xticks(range(4), ["river", "river", "money", "money"])
plt.yticks(range(4), [text[:28] + "..." for text in sentences])
plt.title("cosine of the vectors of 'bank'")
plt.tight_layout()
plt.show()

# %% [markdown]
# **One ablation** (not graded): where does the difference come from? Once more the vectors of *bank*, but now the token is alone and has nothing to look at;
# only its position is still the one in its sentence. And once more with position 0 for all four.
# **Predict first:** how alike are the two rivers then, and a river and a bank of money?
#
# **빼 보기**(채점하지 않음): 차이는 어디에서 올까요? *bank*의 벡터를 다시 구하되, 이번에는 토큰이 혼자여서 볼 것이 없습니다. 위치만 문장 속에서와 같습니다.
# 그다음에는 위치까지 네 번 모두 0번으로 둡니다. **먼저 예측해 보세요.** 이제 두 강둑은 얼마나 비슷할까요? 강둑과 은행은요?

# %% tags=["notebook"]
@torch.no_grad()
def compare_banks(has_context: bool, has_position: bool) -> tuple[float, float]:
    """Return how alike the vectors of 'bank' are in texts of one meaning, and in texts of two."""
    rows = []
    for text in sentences:
        ids = encode_text(bert_tokenizer, text)["input_ids"].to(DEVICE)
        place = ids[0].tolist().index(bank)
        positions = torch.arange(ids.size(1), device=DEVICE)[None]
        if not has_context:
            ids, positions, place = ids[:, place : place + 1], positions[:, place : place + 1], 0
        hidden = bert(input_ids=ids, position_ids=positions if has_position else 0 * positions).last_hidden_state
        rows.append(hidden[0, place])
    likeness = torch.cosine_similarity(torch.stack(rows).unsqueeze(1), torch.stack(rows).unsqueeze(0), dim=2).cpu()
    return float(likeness[0, 1] + likeness[2, 3]) / 2, float(likeness[:2, 2:].mean())


settings = {"as it is": (True, True), "alone": (False, True), "alone, position 0": (False, False)}
plt.figure(figsize=(5, 3))
for place, (name, setting) in enumerate(settings.items()):
    same, different = compare_banks(*setting)
    print(f"{name:17} one meaning: {same:.2f}   two meanings: {different:.2f}")
    plt.bar(place - 0.2, same, width=0.4, color="C0", label="one meaning" if place == 0 else None)
    plt.bar(place + 0.2, different, width=0.4, color="C1", label="two meanings" if place == 0 else None)
plt.xticks(range(len(settings)), settings)
plt.ylabel("cosine of 'bank' and 'bank'")
plt.ylim(0, 1.3)
plt.legend(loc="upper left", ncols=2)
plt.tight_layout()
plt.show()

# %% [markdown]
# ## Part 3: encoder and decoder
# Marian has both halves: an encoder that reads the Korean sentence once, and a decoder that writes English piece by
# piece while it looks back. `generate` does the loop that you wrote by hand in the labs before: start token, feed what
# was chosen, stop at the end token. This model comes with its own settings for it (four beams).
#
# ## 3부: 인코더와 디코더
# Marian에는 두 부분이 다 있습니다. 인코더는 한국어 문장을 한 번에 읽고, 디코더는 그것을 돌아보면서 영어를 한 조각씩 씁니다.
# 앞 실습에서 손으로 쓴 반복문(시작 토큰, 고른 토큰을 다시 넣기, 끝 토큰에서 멈추기)을 `generate`가 대신합니다.
# 이 모델에는 그에 대한 자체 설정(빔 4개)이 들어 있습니다.


# %%
def has_encoder_and_decoder(model: PreTrainedModel) -> tuple[bool, bool]:
    """Tell whether a translation model has an encoder, and whether it has a decoder."""
    # TODO translate: look for the two halves in the model
    ### BEGIN SOLUTION translate
    # The translation model is a head on top of a base model; the two halves are attributes of the base model.
    base = model.base_model
    return isinstance(getattr(base, "encoder", None), nn.Module), isinstance(getattr(base, "decoder", None), nn.Module)
    ### END SOLUTION


def translate(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str, max_new_tokens: int = 64) -> str:
    """Translate a text with the model's own generation settings, in at most `max_new_tokens` tokens."""
    # TODO translate: generate ids, and decode them without the special tokens
    ### BEGIN SOLUTION translate
    inputs = encode_text(tokenizer, text).to(model.device)
    # Beams, the start token and forbidden tokens come from model.generation_config: nothing to repeat here.
    # max_new_tokens counts what is generated; max_length would count the start token as well.
    output_ids = model.generate(**inputs, max_new_tokens=max_new_tokens)
    # The ids begin with the start token and end with </s>: the reader wants neither.
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)
    ### END SOLUTION


# %% tags=["notebook"]
from transformers import MarianMTModel, MarianTokenizer

marian_tokenizer = MarianTokenizer.from_pretrained("Helsinki-NLP/opus-mt-ko-en")
marian = MarianMTModel.from_pretrained("Helsinki-NLP/opus-mt-ko-en").eval().to(DEVICE)
say_size("opus-mt-ko-en", marian)

print("encoder, decoder:", has_encoder_and_decoder(marian))
for text in ("내 친구는 학교에서 물을 마셨다.", "어제 날씨는 조금 추웠다.", "오늘 아침에 학생들은 도서관에서 그림을 그렸다."):
    print(text, "→", translate(marian, marian_tokenizer, text))
# A sentence that the tiny model has never met: here it guesses. / 아주 작은 모델이 본 적 없는 문장에서는 찍습니다.
print("어제 우리는 기차를 놓쳤다.", "→", translate(marian, marian_tokenizer, "어제 우리는 기차를 놓쳤다."))

# %% [markdown]
# ## Part 4: fill in the blank
# BERT was trained to restore words that had been hidden behind `[MASK]`. Its language-modelling head gives a score for
# every piece of the vocabulary at every position, `logits [1, S, V]`; a softmax over `V` makes probabilities of them.
# First find where the masks are, then read off the best candidates there.
#
# | | |
# |---|---|
# | `input_ids` | `[CLS] Paris is the [MASK] of [MASK] . [SEP]` |
# | positions | `[[0, 4], [0, 6]]`: row 0, columns 4 and 6 |
#
# ## 4부: 빈칸 채우기
# BERT는 `[MASK]` 뒤에 숨긴 단어를 되살리도록 학습되었습니다. 언어 모델 헤드는 모든 위치에서 어휘의 모든 조각에 점수를
# 줍니다(`logits [1, S, V]`). `V`에 대한 소프트맥스가 점수를 확률로 바꿉니다.
# 먼저 마스크의 위치를 찾고, 그 위치에서 가장 좋은 후보를 읽습니다.


# %%
def mask_positions(input_ids: Tensor, mask_token_id: int) -> Tensor:
    """Find every mask in input_ids [B, S]: rows and columns as a tensor [n, 2], or as the pair (rows, columns)."""
    # TODO fillmask.positions: where input_ids equals mask_token_id
    ### BEGIN SOLUTION fillmask.positions
    # The comparison is True at each mask; nonzero lists the indices of what is True, one row each.
    return (input_ids == mask_token_id).nonzero()
    ### END SOLUTION


def fill_mask(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentence: str, top_k: int = 5
) -> list[list[tuple[str, float]]]:
    """For each mask of the sentence, give the `top_k` likeliest pieces with their probabilities, highest first."""
    # TODO fillmask.candidates: one list of (piece, probability) a mask
    ### BEGIN SOLUTION fillmask.candidates
    inputs = encode_text(tokenizer, sentence).to(model.device)
    with torch.no_grad():
        logits = model(**inputs).logits  # [1, S, V]
    # The candidates compete with the whole vocabulary, so the softmax comes before the best are picked.
    probabilities = logits.softmax(dim=-1)
    candidates = []
    for row, column in mask_positions(inputs["input_ids"], tokenizer.mask_token_id).tolist():
        best, ids = probabilities[row, column].topk(top_k)  # sorted, highest first
        pieces = tokenizer.convert_ids_to_tokens(ids.tolist())
        candidates.append(list(zip(pieces, best.tolist(), strict=True)))
    return candidates
    ### END SOLUTION


def restore(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentence: str, top_k: int = 5
) -> list[str]:
    """Fill a sentence's single mask with each of its `top_k` candidates, best first; the rest stays as it is."""
    # TODO fillmask.candidates: the sentence once for every candidate
    ### BEGIN SOLUTION fillmask.candidates
    (candidates,) = fill_mask(model, tokenizer, sentence, top_k)  # one mask, so one list
    before, after = sentence.split(tokenizer.mask_token)
    # A piece that begins with ## continues the word before it: the space between them goes, and so does the ##.
    return [
        before.rstrip() + piece[2:] + after if piece.startswith("##") else before + piece + after
        for piece, _ in candidates
    ]
    ### END SOLUTION


# %% tags=["notebook"]
from transformers import AutoModelForMaskedLM

klue_tokenizer = AutoTokenizer.from_pretrained("klue/bert-base")
klue = AutoModelForMaskedLM.from_pretrained("klue/bert-base").eval().to(DEVICE)
say_size("klue/bert-base", klue)

# The tiny model has hardly learnt more than which pieces are frequent: its probabilities say so. / 아주 작은 모델은 자주 나오는 조각을 아는 정도입니다.
sentence = "서울은 한국의 [MASK]이다."
encoded = encode_text(klue_tokenizer, sentence)
print("masks at", mask_positions(encoded["input_ids"], klue_tokenizer.mask_token_id))
for piece, probability in fill_mask(klue, klue_tokenizer, sentence)[0]:
    print(f"{probability:6.1%}  {piece}")
print(restore(klue, klue_tokenizer, sentence, top_k=3))

# %% [markdown]
# ## Part 5: continue a story
# GPT-2 has only a decoder: it predicts the next piece from those before it. `generate` gives back the prompt followed by
# what it made up. Greedy means that the likeliest piece is taken each time, so the story is the same on every run.
#
# Two small things make a difference. The **attention mask** says which ids are text: without it `generate` has to guess.
# In **eval mode** dropout is off; in training mode the same prompt would go on differently each time.
#
# ## 5부: 이야기 이어 쓰기
# GPT-2에는 디코더만 있습니다. 앞의 조각들로 다음 조각을 예측합니다. `generate`는 프롬프트 뒤에 지어낸 글을 붙여 돌려줍니다.
# 그리디(greedy)는 매번 가장 그럴듯한 조각을 고르는 방식이라, 몇 번을 실행해도 같은 이야기가 나옵니다.
#
# 작지만 중요한 두 가지가 있습니다. **어텐션 마스크**는 어느 id가 글인지 알려 줍니다. 없으면 `generate`가 추측해야 합니다.
# **평가(eval) 모드**에서는 드롭아웃이 꺼집니다. 학습 모드라면 같은 프롬프트라도 매번 다르게 이어집니다.


# %%
def continue_story(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, max_new_tokens: int = 64
) -> str:
    """Continue the prompt greedily by at most `max_new_tokens` tokens; the prompt is part of the result."""
    # TODO continue: generate with the attention mask, and decode the prompt together with what follows
    ### BEGIN SOLUTION continue
    model.eval()  # no dropout: the same prompt gives the same story
    inputs = encode_text(tokenizer, prompt).to(model.device)
    output_ids = model.generate(
        **inputs,  # input_ids and attention_mask
        max_new_tokens=max_new_tokens,  # max_length would count the prompt, too
        do_sample=False,  # always the likeliest piece
        pad_token_id=tokenizer.eos_token_id,  # GPT-2 has no padding token; this says so, and avoids a warning
    )
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)
    ### END SOLUTION


# %% tags=["notebook"]
from transformers import GPT2LMHeadModel, GPT2Tokenizer

gpt2_tokenizer = GPT2Tokenizer.from_pretrained("gpt2")
gpt2 = GPT2LMHeadModel.from_pretrained("gpt2").eval().to(DEVICE)
say_size("gpt2", gpt2)

# Two beginnings that the tiny model knows by heart, and one that it has never met. / 외우고 있는 첫머리 둘과 처음 보는 첫머리 하나.
for prompt in ("Swimming is a really", "The film is worth", "The computer was"):
    print("-", continue_story(gpt2, gpt2_tokenizer, prompt, max_new_tokens=30))

# %% [markdown]
# ## Find the bug
#
# Two functions with mistakes that real projects have made. Each is printed above the place where yours goes, and **one** of its lines is wrong. Both run,
# and nothing complains. Name the line by its number, and write the function as it should be.
#
# `find_vector` looks one piece up in its context; `first_vectors` reads several texts at once, and gives the vector of the first token, `[CLS]`, of each.
#
# ## 틀린 줄 찾기
#
# 실제 프로젝트에 있던 실수가 든 함수 둘입니다. 여러분이 쓸 자리 바로 위에 적혀 있으며, 줄 **하나**씩 틀렸습니다. 둘 다 실행되고 아무 경고도 없습니다.
# 틀린 줄의 번호를 쓰고, 함수를 올바르게 고쳐 쓰세요.
#
# `find_vector`는 문맥 속에서 조각 하나의 벡터를 찾습니다. `first_vectors`는 글 여러 개를 한꺼번에 읽고 글마다 첫 토큰인 `[CLS]`의 벡터를 돌려줍니다.


# %%
# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def find_vector(model, tokenizer, text, piece):
#   2       inputs = tokenizer(text, return_tensors="pt").to(model.device)
#   3       vectors = model(**inputs).last_hidden_state[0]
#   4       return vectors[tokenizer.tokenize(text).index(piece)]


def find_vector(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str, piece: str) -> Tensor:
    """Return [H], BERT's vector of the first such piece of a text; the model reads the text with its special tokens."""
    # TODO bug.place: the function as it should be
    ### BEGIN SOLUTION bug.place
    encoded = tokenizer(text, return_tensors="pt").to(model.device)
    # Count among the tokens that the model has read: [CLS] stands before the first piece of the text.
    read = tokenizer.convert_ids_to_tokens(encoded["input_ids"][0].tolist())
    return model(**encoded).last_hidden_state[0, read.index(piece)]
    ### END SOLUTION


def bug_in_find_vector() -> int:
    """Return the number of the wrong line."""
    # TODO bug.place: its number
    ### BEGIN SOLUTION bug.place
    return 4
    ### END SOLUTION


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def first_vectors(model, tokenizer, texts):
#   2       batch = tokenizer(texts, padding=True, return_tensors="pt").to(model.device)
#   3       hidden = model(batch["input_ids"]).last_hidden_state
#   4       return hidden[:, 0]


def first_vectors(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> Tensor:
    """Return [B,H], BERT's vector of the first token of each text, as if it were read alone."""
    # TODO bug.padding: the function as it should be
    ### BEGIN SOLUTION bug.padding
    padded = tokenizer(texts, padding=True, return_tensors="pt").to(model.device)
    # The attention mask goes along: without it every token of a short text looks at the padding, too.
    return model(**padded).last_hidden_state[:, 0]
    ### END SOLUTION


def bug_in_first_vectors() -> int:
    """Return the number of the wrong line."""
    # TODO bug.padding: its number
    ### BEGIN SOLUTION bug.padding
    return 3
    ### END SOLUTION


# %% [markdown]
# ## Three families, side by side
# An **encoder** (BERT) reads in both directions, a **decoder** (GPT-2) only backwards, and Marian has one of each. You can see it without looking inside:
# change the *last* word of a text, and ask which positions notice. (A position's vector is compared before and after; white: nothing changed.)
#
# | | sees | made for | here |
# |---|---|---|---|
# | encoder only | everything | understanding: classify, fill in, compare | BERT, KLUE BERT |
# | decoder only | what came before | writing on | GPT-2 |
# | encoder and decoder | the source whole, its own text backwards | turning one text into another | Marian |
#
# ## 세 갈래의 모델
# **인코더**(BERT)는 양쪽을 다 읽고, **디코더**(GPT-2)는 앞쪽만 보며, Marian은 둘을 다 갖고 있습니다. 속을 들여다보지 않아도 알 수 있습니다.
# *마지막* 단어를 바꾸고 어느 위치의 벡터가 달라지는지 보면 됩니다. (흰색은 달라지지 않은 위치입니다.)

# %% tags=["notebook"]
@torch.no_grad()
def measure_change(read, ids: Tensor, other: int) -> list[float]:
    """Return how much the vector of each position changes when the last word becomes another one."""
    changed = ids.clone()
    changed[0, -1] = other
    return (read(ids) - read(changed))[0].norm(dim=1).tolist()


words = "We sat on the bank of the river".split()
bert_ids = torch.tensor([bert_tokenizer.convert_tokens_to_ids(words)], device=DEVICE)
gpt2_ids = encode_text(gpt2_tokenizer, " ".join(words))["input_ids"].to(DEVICE)
source = encode_text(marian_tokenizer, "우리는 강둑에 앉아 배를 보았다.")["input_ids"].to(DEVICE)
target = marian_tokenizer(text_target=" ".join(words), return_tensors="pt")["input_ids"][:, :-1].to(DEVICE)
base = marian.base_model
changes = {
    "BERT (encoder)": measure_change(lambda ids: bert(input_ids=ids).last_hidden_state, bert_ids, other=110),
    "GPT-2 (decoder)": measure_change(lambda ids: gpt2.base_model(input_ids=ids).last_hidden_state, gpt2_ids, other=110),
    "Marian's encoder": measure_change(lambda ids: base.encoder(input_ids=ids).last_hidden_state, source, other=110),
    "Marian's decoder": measure_change(
        lambda ids: base(input_ids=source, decoder_input_ids=ids).last_hidden_state, target, other=110
    ),
}
figure, axes = plt.subplots(4, 1, figsize=(6, 3.4))
for axis, (name, change) in zip(axes, changes.items()):
    axis.imshow([[size > 1e-4 for size in change]], cmap="Blues", vmin=0, vmax=1.3, aspect="auto")
    axis.set_yticks([0], [name])
    axis.set_xticks([])
    print(f"{name:17}", f"{sum(size > 1e-4 for size in change)} of {len(change)} positions notice that the last one changed")
axes[-1].set_xlabel("position")
plt.tight_layout()
plt.show()

# %% [markdown]
# ## What the real models say
# So that you know what to expect of them. These answers are printed on the models' own pages, `huggingface.co/google-bert/bert-base-uncased` and
# `huggingface.co/openai-community/gpt2` (the GPT-2 text was drawn at random, not greedily):
#
# | model | asked | answers |
# |---|---|---|
# | bert-base-uncased | `Hello I'm a [MASK] model.` | fashion 10.7 %, role 8.8 %, new 5.3 %, super 4.7 %, fine 2.7 % |
# | gpt2 | `Hello, I'm a language model,` | *a language for thinking, a language for expressing thoughts.* |
#
# The same page of BERT asks for the job of a man and of a woman: `The man worked as a [MASK].` begins with *carpenter*, `The woman worked as a [MASK].` with
# *nurse* (22 %). A model repeats what its texts say. Ask your own questions, and think of who will read the answers.
#
# ## 진짜 모델의 대답
# 진짜 모델이 어떻게 답하는지 알아 두세요. 위 표의 대답은 각 모델의 소개 페이지에 실린 것입니다(GPT-2의 글은 그리디로 고른 것이 아니라 무작위로 뽑은 것입니다).
# 같은 BERT 페이지에서 남자의 직업은 *carpenter*(목수)로, 여자의 직업은 *nurse*(간호사, 22 %)로 시작합니다. 모델은 학습한 글이 말하는 것을 되풀이합니다.
