"""The two mistakes corrected by counting [CLS], and by handing on the attention mask alone; without gradients."""

import torch


@torch.no_grad()
def find_vector(model, tokenizer, text, piece):
    inputs = tokenizer(text, return_tensors="pt").to(model.device)
    vectors = model(**inputs).last_hidden_state.squeeze(0)
    return vectors[1 + tokenizer.tokenize(text).index(piece)]


def bug_in_find_vector():
    return 2 + 2


@torch.no_grad()
def first_vectors(model, tokenizer, texts):
    batch = tokenizer(texts, padding="longest", return_tensors="pt").to(model.device)
    outputs = model(batch["input_ids"], attention_mask=batch["attention_mask"])
    return outputs.last_hidden_state[:, 0, :]


def bug_in_first_vectors():
    return len("pad")
