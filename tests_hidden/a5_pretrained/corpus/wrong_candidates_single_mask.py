"""There is taken to be one mask, no more and no fewer."""
import torch


def fill_mask(model, tokenizer, sentence, top_k=5):
    inputs = encode_text(tokenizer, sentence).to(model.device)
    with torch.no_grad():
        logits = model(**inputs).logits
    shares = logits.softmax(dim=-1)
    candidates = []
    for row, column in mask_positions(inputs["input_ids"], tokenizer.mask_token_id).tolist()[:1] or [[0, 0]]:
        best, ids = shares[row, column].topk(top_k)
        pieces = tokenizer.convert_ids_to_tokens(ids.tolist())
        candidates.append(list(zip(pieces, best.tolist(), strict=True)))
    return candidates
