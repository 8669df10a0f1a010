"""Your own quick check: models without a will of their own, whose answers can be worked out on paper."""

import pytest
import torch

from grader.examiner import assert_parity

SENTENCE = "the sea is [MASK]."


def make_tokenizer():
    """A tokenizer like BERT's that knows twelve pieces."""
    from transformers import BertTokenizer

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "sea", "is", "blue", "calm", "##er", "."]
    return BertTokenizer(vocab={name: i for i, name in enumerate(names)}, do_lower_case=False)


def make_bert(masked):
    """A BERT that answers [1, 2, 3, 4] for every token, or one half blue, three tenths calm, two tenths ##er."""
    from transformers import BertConfig, BertForMaskedLM, BertModel

    sizes = {"hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = (BertForMaskedLM if masked else BertModel)(BertConfig(vocab_size=12, **sizes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        if masked:
            model.cls.predictions.bias.copy_(torch.tensor([1e-9] * 8 + [0.5, 0.3, 0.2, 1e-9]).log())
        else:
            model.embeddings.word_embeddings.weight.copy_(torch.arange(12.0).unsqueeze(1).expand(12, 4))
            model.encoder.layer[0].output.LayerNorm.bias.copy_(torch.arange(1.0, 5.0))
    return model


def make_gpt2():
    """A GPT-2 that always goes on with the letter a, and its tokenizer."""
    from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

    config = GPT2Config(vocab_size=4, n_embd=4, n_layer=1, n_head=2, bos_token_id=3, eos_token_id=3)
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        # Every state is [1, 1, 1, 1], and only the row of the letter a has anything in common with it.
        model.transformer.ln_f.bias.fill_(1.0)
        model.transformer.wte.weight[0] = 1.0
    return [model, GPT2Tokenizer(vocab={"a": 0, "b": 1, "Ġ": 2, "<|endoftext|>": 3}, merges=[])]


def make_marian():
    """A Marian that translates everything as "sea sea sea ...", and a tokenizer for it."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GenerationConfig, MarianConfig, MarianMTModel, PreTrainedTokenizerFast

    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    ends = {"eos_token_id": 0, "pad_token_id": 3, "decoder_start_token_id": 3}
    config = MarianConfig(vocab_size=4, d_model=4, encoder_ffn_dim=8, decoder_ffn_dim=8, **sizes, **ends)
    model = MarianMTModel(config).eval()
    model.generation_config = GenerationConfig(**ends)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.final_logits_bias.copy_(torch.tensor([[0.0, 0.0, 5.0, 0.0]]))
    tokenizer = Tokenizer(models.WordLevel({"</s>": 0, "<unk>": 1, "sea": 2, "<pad>": 3}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    inputs = ["input_ids", "attention_mask"]
    return [model, PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=inputs, **names)]


@pytest.mark.todo("encode")
@pytest.mark.parity
def test_text_between_its_special_tokens(student):
    """The text stands between [CLS] (2) and [SEP] (3), and is as long as its attention mask."""
    encoded = student.encode_text(student.define(make_tokenizer)(), "the sea is blue.")
    assert_parity(encoded["input_ids"], torch.tensor([[2, 5, 6, 7, 8, 11, 3]]), what="input_ids")
    assert_parity(encoded["attention_mask"], torch.ones(1, 7, dtype=torch.int64), what="attention_mask")


@pytest.mark.todo("contextual")
@pytest.mark.parity
def test_vectors_and_table(student):
    """Each of the six tokens gets the vector [1, 2, 3, 4]; row i of the table holds i."""
    model, tokenizer = student.define(make_bert)(False), student.define(make_tokenizer)()
    vectors = student.contextual_embeddings(model, tokenizer, "the sea is blue")
    assert_parity(vectors.detach(), torch.arange(1.0, 5.0).expand(1, 6, 4), what="contextual embeddings")
    table = student.word_embedding_table(model)
    assert_parity(table.detach(), torch.arange(12.0).unsqueeze(1).expand(12, 4), what="word embedding table")


@pytest.mark.todo("translate")
@pytest.mark.behaviour
def test_two_words_and_both_halves(student):
    """Two new tokens are the words sea sea, without special tokens; the model has both halves."""
    model, tokenizer = student.define(make_marian)()
    assert student.translate(model, tokenizer, "sea", max_new_tokens=2).split() == ["sea", "sea"], "expected: sea sea"
    assert tuple(student.has_encoder_and_decoder(model)) == (True, True), "a translation model has both halves"


@pytest.mark.todo("fillmask.positions")
@pytest.mark.parity
def test_two_rows_with_a_mask_each(student):
    """The 4 stands in row 0, column 2, and in row 1, column 0."""
    found = student.mask_positions(torch.tensor([[9, 8, 4], [4, 7, 6]]), 4)
    if isinstance(found, tuple):
        found = torch.stack(found, dim=1)
    assert_parity(found, torch.tensor([[0, 2], [1, 0]]), what="positions")


@pytest.mark.todo("fillmask.candidates")
@pytest.mark.parity
def test_blue_before_calm(student):
    """The sea is blue with probability 0.5, and calm with probability 0.3."""
    model, tokenizer = student.define(make_bert)(True), student.define(make_tokenizer)()
    ((first, second),) = student.fill_mask(model, tokenizer, SENTENCE, 2)
    assert (first[0], second[0]) == ("blue", "calm"), "expected the pieces blue and calm"
    assert_parity(torch.tensor([first[1], second[1]]), torch.tensor([0.5, 0.3]), what="probabilities")


@pytest.mark.todo("fillmask.candidates")
@pytest.mark.behaviour
def test_sentence_with_its_blank_filled(student):
    """The third candidate, ##er, continues the word before the mask."""
    model, tokenizer = student.define(make_bert)(True), student.define(make_tokenizer)()
    sentences = student.restore(model, tokenizer, SENTENCE, 3)
    spelled = [sentence.replace(" ", "") for sentence in sentences]
    assert spelled == ["theseaisblue.", "theseaiscalm.", "theseaiser."], "expected blue, calm and er for the mask"


@pytest.mark.todo("continue")
@pytest.mark.behaviour
def test_three_letters_after_the_prompt(student):
    """Three new tokens follow the prompt, all of them the letter a."""
    model, tokenizer = student.define(make_gpt2)()
    assert student.continue_story(model, tokenizer, "b b", max_new_tokens=3) == "b baaa", "expected b b, then aaa"


def make_reader():
    """A model whose vector of a token is its id, and the mean of the ids that it looks at."""
    from types import SimpleNamespace

    class Reader(torch.nn.Module):
        device = torch.device("cpu")

        def forward(self, input_ids, attention_mask=None, **_):
            looks = torch.ones_like(input_ids) if attention_mask is None else attention_mask
            mean = (input_ids * looks).sum(1, keepdim=True) / looks.sum(1, keepdim=True)
            return SimpleNamespace(last_hidden_state=torch.stack([input_ids.float(), mean.expand(input_ids.shape)], dim=-1))

    return Reader()


@pytest.mark.todo("bug.place")
@pytest.mark.parity
def test_vector_of_the_sea(student):
    """The ids are 2 5 6 7 8 3, and sea is the 6; their mean is 31/6."""
    reader, tokenizer = student.define(make_reader)(), student.define(make_tokenizer)()
    found = student.find_vector(reader, tokenizer, "the sea is blue", "sea")
    assert_parity(found.detach(), torch.tensor([6.0, 31 / 6]), what="the vector")


@pytest.mark.todo("bug.padding")
@pytest.mark.parity
def test_a_short_text_beside_a_longer_one(student):
    """The ids are 2 6 3 and 2 5 6 7 3: the means are 11/3 and 23/5, and the padding is in neither."""
    reader, tokenizer = student.define(make_reader)(), student.define(make_tokenizer)()
    found = student.first_vectors(reader, tokenizer, ["sea", "the sea is"])
    assert_parity(found.detach(), torch.tensor([[2.0, 11 / 3], [2.0, 23 / 5]]), what="the first vectors")
