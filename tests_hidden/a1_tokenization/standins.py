"""What takes the place of a TODO's neighbours while that TODO is judged; sent into the jail as source text."""

import torch


def prepare(tokenizer, words, encodes=False):
    """Give a SimpleTokenizer a known vocabulary, and neighbours that work for words between spaces."""
    names = ["<PAD>", "<UNK>", *words]
    tokenizer.vocab = {word: index for index, word in enumerate(names)}
    as_list = isinstance(getattr(tokenizer, "inv_vocab", None), list)
    tokenizer.inv_vocab = names if as_list else dict(enumerate(names))
    tokenizer.normalize_and_split = lambda text: text.split(" ") if text else []
    if encodes:
        tokenizer.encode = lambda text: [names.index(word) for word in text.split(" ") if word]


def split_at_spaces(tokenizer):
    """Make a SimpleTokenizer's words what stands between spaces."""
    tokenizer.normalize_and_split = lambda text: text.split(" ") if text else []


def stream(texts):
    """The texts as a generator, which can be read only once."""
    yield from texts


def write_corpus(lines):
    """Write lines of text to a new file, and give its path."""
    import tempfile

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt", delete=False) as file:
        file.write("\n".join(lines))
    return file.name


def make_wordpiece(vocab, framed):
    """A cased tokenizer with a known vocabulary; framed adds [CLS] and [SEP] around a text."""
    from tokenizers import BertWordPieceTokenizer
    from tokenizers.models import WordPiece

    if framed:
        return BertWordPieceTokenizer(vocab, lowercase=False, strip_accents=False)
    tokenizer = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    tokenizer.model = WordPiece(vocab, unk_token="[UNK]")
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return tokenizer


def make_table(rows, width, padding_idx=None):
    """An nn.Embedding, of torch's own type."""
    return torch.nn.Embedding(rows, width, padding_idx=padding_idx)


def inputs_after_filling_result(function, *inputs):
    """Return the inputs after the returned list was written to: they differ if it is one of them."""
    result = function(*inputs)
    if isinstance(result, list):
        result.append(-1)
    return list(inputs)
