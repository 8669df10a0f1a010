"""Only the ids come back, without an attention mask."""
import torch


def encode_text(tokenizer, text):
    return tokenizer.encode(text, return_tensors="pt")


def prepare(encoded, model):
    return {"input_ids": encoded.to(model.device), "attention_mask": torch.ones_like(encoded, device=model.device)}


def contextual_embeddings(model, tokenizer, text):
    with torch.no_grad():
        return model(**prepare(encode_text(tokenizer, text), model)).last_hidden_state


def translate(model, tokenizer, text, max_new_tokens=64):
    inputs = prepare(encode_text(tokenizer, text), model)
    output_ids = model.generate(**inputs, max_new_tokens=max_new_tokens)
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)


def fill_mask(model, tokenizer, sentence, top_k=5):
    inputs = prepare(encode_text(tokenizer, sentence), model)
    with torch.no_grad():
        shares = model(**inputs).logits.softmax(dim=-1)
    candidates = []
    for row, column in mask_positions(inputs["input_ids"], tokenizer.mask_token_id).tolist():
        best, ids = shares[row, column].topk(top_k)
        candidates.append(list(zip(tokenizer.convert_ids_to_tokens(ids.tolist()), best.tolist(), strict=True)))
    return candidates


def continue_story(model, tokenizer, prompt, max_new_tokens=64):
    model.eval()
    inputs = prepare(encode_text(tokenizer, prompt), model)
    output_ids = model.generate(**inputs, max_new_tokens=max_new_tokens, pad_token_id=tokenizer.eos_token_id)
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)
