"""Ids come back instead of pieces."""
import torch


def fill_mask(model, tokenizer, sentence, top_k=5):
    inputs = encode_text(tokenizer, sentence).to(model.device)
    with torch.no_grad():
        logits = model(**inputs).logits
    shares = logits.softmax(dim=-1)
    candidates = []
    for row, column in mask_positions(inputs["input_ids"], tokenizer.mask_token_id).tolist():
        best, ids = shares[row, column].topk(top_k)
        candidates.append(list(zip(ids.tolist(), best.tolist(), strict=True)))
    return candidates
