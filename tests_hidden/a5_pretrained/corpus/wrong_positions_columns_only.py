"""The rows are dropped."""
import torch


def mask_positions(input_ids, mask_token_id):
    return (input_ids == mask_token_id).nonzero()[:, 1]


def fill_mask(model, tokenizer, sentence, top_k=5):
    inputs = encode_text(tokenizer, sentence).to(model.device)
    with torch.no_grad():
        shares = model(**inputs).logits[0].softmax(dim=-1)
    candidates = []
    for column in mask_positions(inputs["input_ids"], tokenizer.mask_token_id).tolist():
        best, ids = shares[column].topk(top_k)
        candidates.append(list(zip(tokenizer.convert_ids_to_tokens(ids.tolist()), best.tolist(), strict=True)))
    return candidates
