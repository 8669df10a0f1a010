"""Without generate where it can be done without: loops, sorting, plain dictionaries."""
import torch


def encode_text(tokenizer, text):
    encoded = tokenizer([text])
    return {name: torch.tensor(rows) for name, rows in encoded.items()}


def send(encoded, model):
    return {name: tensor.to(model.device) for name, tensor in encoded.items()}


def contextual_embeddings(model, tokenizer, text):
    outputs = model(**send(encode_text(tokenizer, text), model), output_hidden_states=True)
    return outputs.hidden_states[-1].detach()


def word_embedding_table(model):
    return dict(model.named_parameters())["embeddings.word_embeddings.weight"].detach().clone()


def has_encoder_and_decoder(model):
    return [model.get_encoder() is not None, model.get_decoder() is not None]


def translate(model, tokenizer, text, max_new_tokens=64):
    encoded = send(encode_text(tokenizer, text), model)
    output = model.generate(encoded["input_ids"], attention_mask=encoded["attention_mask"], max_new_tokens=max_new_tokens)
    ids = [token for token in output[0].tolist() if token not in tokenizer.all_special_ids]
    return tokenizer.decode(ids)


def mask_positions(input_ids, mask_token_id):
    places = [
        (row, column)
        for row, ids in enumerate(input_ids.tolist())
        for column, token in enumerate(ids)
        if token == mask_token_id
    ]
    return torch.tensor(places, dtype=torch.long, device=input_ids.device).reshape(-1, 2)


def fill_mask(model, tokenizer, sentence, top_k=5):
    encoded = send(encode_text(tokenizer, sentence), model)
    logits = model(**encoded).logits.detach()
    names = {index: piece for piece, index in tokenizer.get_vocab().items()}
    found = []
    for row, column in mask_positions(encoded["input_ids"], tokenizer.mask_token_id):
        scores = logits[row, column]
        shares = torch.exp(scores - torch.logsumexp(scores, dim=-1))
        order = torch.argsort(shares, descending=True)[:top_k]
        found.append([[names[int(index)], shares[index]] for index in order])
    return found


def restore(model, tokenizer, sentence, top_k=5):
    start = sentence.index(tokenizer.mask_token)
    end = start + len(tokenizer.mask_token)
    pieces = [piece for piece, _ in fill_mask(model, tokenizer, sentence, top_k=top_k)[0]]
    return [sentence[:start] + piece.lstrip("#") + sentence[end:] for piece in pieces]


def continue_story(model, tokenizer, prompt, max_new_tokens=64):
    was_training = model.training
    model.eval()
    ids = send(encode_text(tokenizer, prompt), model)["input_ids"]
    with torch.no_grad():
        for _ in range(max_new_tokens):
            best = model(ids, attention_mask=torch.ones_like(ids)).logits[0, -1].argmax()
            if best.item() == tokenizer.eos_token_id:
                break
            ids = torch.cat([ids, best.reshape(1, 1)], dim=1)
    model.train(was_training)
    return tokenizer.decode(ids[0])
