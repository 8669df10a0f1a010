"""The two mistakes corrected with ids, and with one text at a time."""

import torch


def find_vector(model, tokenizer, text, piece):
    encoded = tokenizer(text, return_tensors="pt").to(model.device)
    wanted = tokenizer.convert_tokens_to_ids(piece)
    place = (encoded["input_ids"][0] == wanted).nonzero()[0].item()
    return model(**encoded).last_hidden_state[0, place]


def bug_in_find_vector():
    line = 4
    return line


def first_vectors(model, tokenizer, texts):
    rows = []
    for text in texts:
        encoded = tokenizer([text], return_tensors="pt").to(model.device)
        rows.append(model(**encoded).last_hidden_state[0, 0])
    return torch.stack(rows)


def bug_in_first_vectors():
    return 1 + 2
