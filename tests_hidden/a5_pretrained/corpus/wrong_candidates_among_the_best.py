"""The softmax runs over the candidates only."""
import torch


def fill_mask(model, tokenizer, sentence, top_k=5):
    inputs = encode_text(tokenizer, sentence).to(model.device)
    with torch.no_grad():
        logits = model(**inputs).logits
    shares = logits
    candidates = []
    for row, column in mask_positions(inputs["input_ids"], tokenizer.mask_token_id).tolist():
        best, ids = shares[row, column].topk(top_k)
        pieces = tokenizer.convert_ids_to_tokens(ids.tolist())
        candidates.append(list(zip(pieces, best.softmax(dim=0).tolist(), strict=True)))
    return candidates
