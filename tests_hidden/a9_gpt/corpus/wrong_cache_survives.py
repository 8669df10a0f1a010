"""The caches outlive the call: the second text continues the first one's keys and values."""


@torch.no_grad()
def generate(model, ids, max_new_tokens, use_cache=True, **sampling):
    max_len, device = model.pos.num_embeddings, model.pos.weight.device
    if not hasattr(model, "caches"):
        model.caches = [{} for _ in model.blocks]
    written = fresh = [int(token) for token in ids]
    for _ in range(max_new_tokens):
        kept = model.caches[0]["k"].size(2) if model.caches[0] else 0
        if use_cache and kept + len(fresh) <= max_len:
            logits = model(torch.tensor([fresh], device=device), model.caches)
        else:
            logits = model(torch.tensor([written[-max_len:]], device=device))
        fresh = [choose_token(logits[0, -1], **sampling)]
        written = written + fresh
    return written
