"""Small models and tokenizers, and what takes the place of a TODO's neighbours; sent into the jail as source text.

The models are the real classes with drawn weights, made on either side from the same seed.
"""

import torch


def make_tokenizer(kind, words):
    """A tokenizer of the architecture's own kind that knows these words (of GPT-2: these characters)."""
    from transformers import BertTokenizer, GPT2Tokenizer, PreTrainedTokenizerFast

    if kind in ("bert", "maskedlm"):
        names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
        return BertTokenizer(vocab={name: i for i, name in enumerate(names)}, do_lower_case=False)
    if kind == "gpt2":
        names = [*words, "<|endoftext|>"]
        return GPT2Tokenizer(vocab={name: i for i, name in enumerate(names)}, merges=[])

    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    names = ["</s>", "<unk>", *words, "<pad>"]
    tokenizer = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 0)])
    specials = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    inputs = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=inputs, **specials)


def make_model(kind, vocab_size, width, seed, dropout=0.0):
    """One layer of the architecture, with weights from a seed; in eval mode."""
    import transformers
    from transformers import BertConfig, GenerationConfig, GPT2Config, MarianConfig

    end, pad = (vocab_size - 1, None) if kind == "gpt2" else (0, vocab_size - 1)
    ends = {"bos_token_id": end, "eos_token_id": end}
    dropping = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    if kind in ("bert", "maskedlm"):
        sizes = {"hidden_size": width, "intermediate_size": 2 * width, "max_position_embeddings": 64}
        config = BertConfig(vocab_size=vocab_size, num_hidden_layers=1, num_attention_heads=2, **sizes, **dropping)
        model = (transformers.BertModel if kind == "bert" else transformers.BertForMaskedLM)(config)
    elif kind == "gpt2":
        dropping = {"resid_pdrop": dropout, "embd_pdrop": dropout, "attn_pdrop": dropout}
        sizes = {"n_embd": width, "n_layer": 1, "n_head": 2, "n_positions": 128}
        model = transformers.GPT2LMHeadModel(GPT2Config(vocab_size=vocab_size, **sizes, **ends, **dropping))
    else:
        sizes = {
            f"{half}_{part}": size
            for half in ("encoder", "decoder")
            for part, size in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 2 * width))
        }
        ends |= {"pad_token_id": pad, "decoder_start_token_id": pad, "forced_eos_token_id": end}
        config = MarianConfig(
            vocab_size=vocab_size,
            d_model=width,
            max_position_embeddings=128,
            dropout=dropout,
            scale_embedding=True,
            activation_function="swish",
            **sizes,
            **ends,
        )
        model = transformers.MarianMTModel(config)
        # As the real one asks for: four beams, and the padding token never.
        model.generation_config = GenerationConfig(num_beams=4, max_length=40, bad_words_ids=[[pad]], **ends)

    model.tie_weights()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 2 / parameter.shape[-1] ** 0.5)
        if kind == "maskedlm":
            model.cls.predictions.bias[:5] -= 30.0  # special tokens are no candidates
        if kind == "marian":
            model.final_logits_bias[0, :2] -= 30.0  # neither is the unknown word, nor an early end
        if kind == "gpt2":
            model.transformer.wte.weight[end] = -model.transformer.wte.weight[:end].mean(0)
    return model.eval()


class CannedEncoding:
    """Encodes a text rightly, in the form that the submission's own function gives."""

    def __init__(self, original=None):
        self.original = original

    def __call__(self, tokenizer, text):
        right = tokenizer(text, return_tensors="pt")
        try:
            chosen = self.original(tokenizer, text)
        except Exception:  # noqa: BLE001 - an open or failing function says nothing of a form
            return right
        if isinstance(chosen, (torch.Tensor, list)):
            return self.adapt(right["input_ids"], chosen)
        try:
            like = chosen["input_ids"]
        except Exception:  # noqa: BLE001 - neither does what is no encoding
            return right
        for name in list(right):
            right[name] = self.adapt(right[name], like)
        return dict(right) if isinstance(chosen, dict) else right

    def adapt(self, tensor, like):
        """The tensor with the axes and the type of another."""
        if isinstance(like, torch.Tensor):
            return tensor[0] if like.dim() == 1 else tensor
        if isinstance(like, list):
            return tensor.tolist() if like and isinstance(like[0], list) else tensor[0].tolist()
        return tensor


class CannedPositions:
    """Finds the masks rightly, in the form that the submission's own function gives."""

    def __init__(self, original=None):
        self.original = original

    def __call__(self, input_ids, mask_token_id):
        found = input_ids == mask_token_id
        right = found.nonzero()
        try:
            probe = torch.tensor([[0, 1, 0, 1, 0]], device=input_ids.device)
            chosen = self.original(probe, 1)
        except Exception:  # noqa: BLE001 - an open or failing function says nothing of a form
            return right
        if isinstance(chosen, tuple):
            return found.nonzero(as_tuple=True)
        if isinstance(chosen, list):
            return right.tolist() if chosen and isinstance(chosen[0], (list, tuple)) else right[:, 1].tolist()
        if not isinstance(chosen, torch.Tensor):
            return right
        if chosen.dtype == torch.bool:
            return found
        if chosen.dim() == 2 and chosen.tolist() == [[1, 0], [3, 0]]:
            return right.flip(1)
        if chosen.dim() == 2 and chosen.size(1) == 1:
            return right[:, 1:]
        return right[:, 1] if chosen.dim() == 1 else right


class WatchedGenerate:
    """Takes the place of a model's generate, and remembers which arguments were given."""

    def __init__(self, model):
        self.original = model.generate
        self.calls = []
        model.generate = self

    def __call__(self, *args, **kwargs):
        self.calls.append([name for name, value in kwargs.items() if value is not None])
        return self.original(*args, **kwargs)


def names_of(encoded):
    """The names of what was encoded."""
    return [str(name) for name in encoded]


def move(encoded, device):
    """What was encoded, on a device."""
    return {name: encoded[name].to(device) for name in ("input_ids", "attention_mask")}


def find_halves(function, model):
    """What is said of the model without its encoder, and without its decoder: taken away, and set to None.

    Either way of looking is right: for an attribute that is there, or for one that is something. Only what is said
    every time counts.
    """
    replies = []
    for name in ("encoder", "decoder"):
        found = []
        for takes_away in (True, False):
            half = getattr(model.base_model, name)
            try:
                delattr(model.base_model, name) if takes_away else setattr(model.base_model, name, None)
                answers = [list(function(model)) for _ in range(6)]
                found.append(answers[0] if all(answer == answers[0] for answer in answers) else None)
            except Exception:  # noqa: BLE001 - this way of looking needs the attribute
                found.append(None)
            finally:
                setattr(model.base_model, name, half)
        replies.append(found)
    return replies


def ids_after(function, input_ids, mask_token_id):
    """The ids as they are after the call."""
    function(input_ids, mask_token_id)
    return input_ids
