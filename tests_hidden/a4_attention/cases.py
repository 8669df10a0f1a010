"""Inputs, weights and replies that several test files of this assignment share."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import standins
import torch
from torch import Tensor, nn

from grader.examiner import (
    Caller,
    DecoderBatch,
    DecoderCase,
    ModulePair,
    decoder_arguments,
    draw_batch,
    fill_weights,
    fits,
    is_clear,
)


def as_weights(weights: Tensor) -> Tensor:
    """A submission's weights as other TODOs read them: one row of float32, whatever shape and type they have."""
    return weights.detach().reshape(-1).float()


def as_taken_over(context: Tensor, weights: Tensor) -> Tensor:
    """The context as float32 where its type is that of the weights; as it is otherwise."""
    return context.float() if context.dtype == weights.dtype else context


def log_weights(module, h_t: Tensor, encoder_outputs: Tensor) -> Tensor:
    """What the weights show of the scores: all but a constant."""
    return centred(module(h_t, encoder_outputs)[1].log())


def draw_luong(reference, draw, **sizes):
    """A reference LuongAttention and inputs for it."""
    positions, hidden_size = draw.sizes(2, low=6)
    hidden_size = sizes.get("hidden_size", hidden_size)
    positions = sizes.get("positions", positions)
    ours = fill_weights(reference.LuongAttention(hidden_size), draw, scale=0.5)
    return ours, draw.tensor(hidden_size), draw.tensor(positions, hidden_size)


def find_late_token(token_ids: list[int]) -> int | None:
    """A token that is met for the first time as late as possible, and not at the last step."""
    new = [token for step, token in enumerate(token_ids[:-1]) if step and token not in token_ids[:step]]
    return new[-1] if new else None


def choose_end(token_ids: list[int], vocab_size: int, *, ends: bool) -> int | None:
    """An end token that is met at the third step or later, or no token at all, which no mistake meets either."""
    if not ends:
        return vocab_size if len(set(token_ids)) > min(3, len(token_ids) - 1) else None
    late = find_late_token(token_ids)
    return late if late in token_ids and token_ids.index(late) >= 3 else None


def draw_decoder(reference, draw, *, ends: bool, attention=standins.TiltedAttention, max_len: int = 6) -> DecoderCase:
    """A decoding problem whose answer visits several tokens, and meets the end token or does not."""
    arguments = decoder_arguments(draw, vocab_sizes=(26, 33))
    hidden_size = arguments["hidden_size"]
    ours = reference.AttentionDecoder(**arguments)
    ours.attn = attention(hidden_size)
    for _ in range(200):
        fill_weights(ours, draw)
        torch.nn.init.zeros_(ours.W_c.bias)  # Luong's own W_c has no bias: with zeros either kind is right
        inputs = (draw.tensor(1, hidden_size), draw.tensor(1, hidden_size), draw.tensor(5, hidden_size))
        with torch.no_grad():
            logits, token_ids = ours(*inputs, max_len=max_len)
        end = choose_end(token_ids, arguments["vocab_size"], ends=ends)
        if end is None or not is_clear(logits):
            continue
        arguments["end_token_id"] = ours.end_token_id = end
        logits, token_ids = ours(*inputs, max_len=max_len)
        return DecoderCase(
            arguments=arguments,
            ours=ours,
            inputs=inputs,
            max_len=max_len,
            logits=logits,
            token_ids=token_ids,
        )
    raise RuntimeError("no decoding case found in 200 draws: widen vocab_sizes")


def choose_reading(reference, case: DecoderCase, logits: Tensor) -> nn.Module:
    """The reference decoder with the attention that the submission's one really uses.

    A decoder may ask self.attn, which is a stand-in here, or work Luong's attention out of self.attn.W_a itself.
    """
    if logits.shape == case.logits.shape and fits(logits.detach(), case.logits.detach()):
        return case.ours
    inline = with_attention(case.ours, reference.LuongAttention(case.arguments["hidden_size"]))
    with torch.no_grad():
        inline_logits, _ = inline(*case.inputs, max_len=case.max_len)
    return inline if fits(logits.detach(), inline_logits) else case.ours


def with_attention(decoder: nn.Module, attention: nn.Module) -> nn.Module:
    """A reference decoder with another attention of the same W_a."""
    ours = copy.deepcopy(decoder)
    attention.load_state_dict(ours.attn.state_dict())
    ours.attn = attention
    return ours


def make_decoder(student, case: DecoderCase, load_weights, attention=standins.TiltedAttention):
    """The submission's decoder with the case's sizes and weights, around an attention that is known."""
    student.replace(LuongAttention=attention)
    theirs = student.define(Caller)().build(student.AttentionDecoder, case.arguments)
    if "W_c.bias" not in theirs.state_dict():
        case.ours.W_c.bias = None
    load_weights(theirs, case.ours)
    return theirs


@dataclass(frozen=True)
class Reading:
    """Scores less their mean, and whether the weights themselves show them."""

    scores: Tensor
    from_weights: bool


def read_scores(student, theirs, h_t: Tensor, encoder_outputs: Tensor, expected: Tensor) -> Reading:
    """The scores that the submission computed, as far as its reply lets one see them.

    A softmax hides only a constant, so the logarithm of the weights shows them. Where the weights were made in
    another way (which is not the score's fault) the scores are looked for there too; the best fit counts.
    """
    weights = as_weights(theirs(h_t, encoder_outputs)[1])
    usual = centred(weights.log())
    if fits(usual, expected):
        return Reading(usual, from_weights=True)
    watched = student.define(standins.Watcher)().softmax_inputs(theirs, h_t, encoder_outputs)
    # Of many softmaxes one would fit by trying. Two are as many as an honest mistake takes.
    others = [weights, stretched(weights, expected), *(watched if len(watched) <= 2 else [])]
    if is_sigmoid(weights, expected) or any(fits(centred(other), expected) for other in others):
        # As right as can be seen: how much precision the weights lost is not the score's fault either.
        return Reading(expected, from_weights=False)
    return Reading(usual, from_weights=True)


def is_sigmoid(weights: Tensor, expected: Tensor) -> bool:
    """Whether each weight is the sigmoid of its score; near 0 and 1 float32 has rounded the score away."""
    visible = (weights > 1e-3) & (weights < 1 - 1e-3)
    if weights.shape != expected.shape or visible.sum() < 3:
        return False
    return fits(centred(torch.logit(weights[visible])), centred(expected[visible]))


def stretched(weights: Tensor, expected: Tensor) -> Tensor:
    """The weights times whatever brings them closest to the expected scores: scores divided by their sum."""
    shares = centred(weights)
    return shares * (shares @ expected) / (shares @ shares)


def centred(scores: Tensor) -> Tensor:
    """Scores less their mean: what a softmax leaves to be seen."""
    scores = scores.detach().reshape(-1).float()
    return scores - scores.mean()


def with_mixed_rows(rows: Tensor) -> Tensor:
    """Every three rows a, b, c with a fourth, a + b - c."""
    a, b, c = rows.reshape(-1, 3, rows.size(-1)).unbind(1)
    return torch.stack([a, b, c, a + b - c], dim=1).reshape(-1, rows.size(-1))


def is_additive(scores: Tensor) -> bool:
    """Whether scores of rows like those of `with_mixed_rows` may be linear in them, up to a constant."""
    a, b, c, mixed = scores.reshape(-1, 4).unbind(1)
    return bool(((a + b - c - mixed).abs() < 1e-3).all())


def is_constant(theirs, h_t: Tensor, encoder_outputs: Tensor) -> bool:
    """Whether the weights are the same for another query: then they may be no softmax of anything."""
    one, other = (theirs(query, encoder_outputs)[1].detach() for query in (h_t, -h_t.flip(0)))
    return fits(one, other)


def is_softmax_of_odd_score(theirs, ours, h_t: Tensor, encoder_outputs: Tensor) -> bool:
    """Whether the weights are the softmax of a score that is linear in h_t only, or of a well-known wrong one."""
    queries = with_mixed_rows(torch.stack([h_t, h_t.flip(0), h_t.roll(1)]))
    ratios = torch.stack([log_weights(theirs, query, encoder_outputs) for query in queries])
    if not fits(ratios[1], ratios[0]) and all(is_additive(column) for column in ratios.T):
        return True
    query = ours.W_a(h_t).detach()
    score = encoder_outputs @ query
    known = [torch.tanh(score), torch.cosine_similarity(encoder_outputs, query.unsqueeze(0))]
    return any(fits(ratios[0], centred(odd)) for odd in known)


def score_mistakes(ours, h_t: Tensor, encoder_outputs: Tensor) -> dict[str, Tensor]:
    """What the scores look like after a known mistake."""
    weight = ours.W_a.weight.detach()
    right = encoder_outputs @ weight @ h_t
    mistakes = {
        "the scores look like plain dot products: W_a was not applied": encoder_outputs @ h_t,
        "the scores were divided by sqrt(H): Luong's score is not scaled": right / len(h_t) ** 0.5,
        "W_a was applied to the encoder outputs: it belongs to h_t": encoder_outputs @ weight.T @ h_t,
        "W_a h_t went through tanh: the score is a plain product": encoder_outputs @ torch.tanh(weight @ h_t),
    }
    return {sentence: centred(scores) for sentence, scores in mistakes.items()}


@torch.no_grad()
def step_mistakes(case: DecoderCase) -> dict[str, Tensor]:
    """What the first row of logits looks like after a known mistake."""
    ours, (h_0, c_0, encoder_outputs) = case.ours, case.inputs
    start = ours.word_embeddings(torch.tensor([ours.start_token_id]))
    h_t = ours.lstm(start, (h_0, c_0))[0][0]
    wrong_cell = ours.lstm(start, (h_0, h_0))[0][0]

    def finish(h: Tensor, context: Tensor) -> Tensor:
        return ours.fully_connected_layer(torch.tanh(ours.W_c(torch.cat([h, context])))).unsqueeze(0)

    context, old_context = ours.attn(h_t, encoder_outputs)[0], ours.attn(h_0[0], encoder_outputs)[0]
    plain = ours.fully_connected_layer(ours.W_c(torch.cat([h_t, context]))).unsqueeze(0)
    return {
        "the tanh around W_c [h_t; context] is missing": plain,
        "W_c was given [context; h_t]: h_t comes first": finish(context, h_t),
        "attention was asked with the state before the step: it is the new h_t that asks": finish(h_t, old_context),
        "W_c was given the state before the step beside the context": finish(h_0[0], context),
        "the hidden state was used as the cell state, too": finish(
            wrong_cell, ours.attn(wrong_cell, encoder_outputs)[0]
        ),
        "the logits went through log_softmax: raw ones are asked for": torch.log_softmax(finish(h_t, context), -1),
        "the logits went through softmax: raw ones are asked for": torch.softmax(finish(h_t, context), -1),
    }


@dataclass(frozen=True)
class Model:
    """The same sequence-to-sequence model on either side."""

    ours: nn.Module
    theirs: object
    hidden_size: int


def make_model(student, draw) -> Model:
    """A model around a canned encoder and a canned decoder, so that only the joint between them is judged."""
    hidden_size = draw.integer(3, 9)
    encoder, decoder = standins.CannedLSTMEncoder, standins.CannedAttentionDecoder
    theirs = student.AttentionSeq2Seq(student.define(encoder)(hidden_size), student.define(decoder)())
    return Model(Joined(encoder(hidden_size), decoder()), theirs, hidden_size)


class Joined(nn.Module):
    """What a model of an encoder and a decoder does."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, input_ids: Tensor):
        encoder_outputs, (h_n, c_n) = self.encoder(input_ids)
        return self.decoder(h_n, c_n, encoder_outputs)


def draw_bahdanau(reference, draw, *, batch_size: int = 3):
    """A reference BahdanauAttention with a query and keys for it."""
    positions, hidden_size = draw.sizes(2, low=4)
    ours = fill_weights(reference.BahdanauAttention(hidden_size), draw, scale=0.6)
    return ours, draw.tensor(batch_size, 1, hidden_size), draw.tensor(batch_size, positions, hidden_size)


def align_gradients(theirs: dict, ours: dict) -> tuple[list, list]:
    """The parameters' gradients of both sides in one order: by name, or as they stand where layers were renamed."""
    names = list(ours) if set(theirs) == set(ours) else list(theirs)
    return [theirs[name] for name in names], list(ours.values())


def make_attndecoder(student, reference, draw, load_weights, *, dropout_p: float = 0.1) -> ModulePair:
    """The batched decoder in eval mode, around an attention that is known."""
    hidden_size, vocab_size = draw.sizes(2, low=8, high=12)
    ours = reference.AttnDecoderRNN(hidden_size, vocab_size, dropout_p)
    ours.attention = standins.TiltedBahdanau(hidden_size)
    fill_weights(ours, draw, scale=0.5).eval()
    student.replace(BahdanauAttention=standins.TiltedBahdanau)
    theirs = student.AttnDecoderRNN(hidden_size, vocab_size, dropout_p)
    load_weights(theirs, ours)
    theirs.eval()
    return ModulePair(ours, theirs, hidden_size, vocab_size)


def read_attention(reference, pair: ModulePair, weights: Tensor, batch: DecoderBatch) -> nn.Module:
    """Our decoder with the attention that the submission really uses.

    A step may ask self.attention, which is a stand-in here, or work Bahdanau's attention out of its layers itself.
    """
    inline = copy.deepcopy(pair.ours)
    inline.attention = reference.BahdanauAttention(pair.hidden_size)
    inline.attention.load_state_dict(pair.ours.attention.state_dict())
    with torch.no_grad():
        expected = inline.attention(batch.hidden.transpose(0, 1), batch.encoder_outputs)[1]
    return inline if fits(weights.detach().cpu(), expected) else pair.ours


@torch.no_grad()
def batched_step_mistakes(ours, batch: DecoderBatch) -> dict[str, Tensor]:
    """What the output of one step looks like after a known mistake."""
    embedded = ours.embedding(batch.token)
    context, _ = ours.attention(batch.hidden.transpose(0, 1), batch.encoder_outputs)

    def finish(gru_input: Tensor) -> Tensor:
        return ours.out(ours.gru(gru_input, batch.hidden)[0])

    right = finish(torch.cat([embedded, context], dim=-1))
    return {
        "the GRU was given [context; embedded]: the embedding comes first": finish(torch.cat([context, embedded], -1)),
        "the embedding went through relu: this decoder has none": finish(torch.cat([embedded.relu(), context], -1)),
        "the output went through log_softmax: forward does that for all steps": torch.log_softmax(right, -1),
        "the output went through softmax: raw logits are asked for": torch.softmax(right, -1),
    }


def read_step(reference, pair: ModulePair, reply, inputs: tuple):
    """Our result with the step that the submission really uses: the canned one, or one written out inside forward."""
    canned = pair.ours(*inputs)
    if fits_all(reply, canned):
        return canned
    written_out = copy.deepcopy(pair.ours)
    del written_out.forward_step
    stand_in_attention = written_out(*inputs)
    if fits_all(reply, stand_in_attention):
        return stand_in_attention
    written_out.attention = reference.BahdanauAttention(pair.hidden_size)
    written_out.attention.load_state_dict(pair.ours.attention.state_dict())
    own_attention = written_out(*inputs)
    return own_attention if fits_all(reply, own_attention) else canned


def fits_all(actual, expected) -> bool:
    """Whether a reply of several tensors agrees with an expected one."""
    if not isinstance(actual, (tuple, list)) or len(actual) != len(expected):
        return False
    pairs = zip(actual, expected, strict=True)
    return all(isinstance(one, Tensor) and fits(one.detach().cpu(), other.detach()) for one, other in pairs)


def draw_free_batch(draw, pair: ModulePair, steps: int) -> DecoderBatch:
    """A batch whose own predictions, step by step, are safe from rounding and visit several tokens."""
    step = standins.CannedStep(pair.vocab_size)
    for _ in range(100):
        batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
        token, hidden, outputs = torch.zeros(3, 1, dtype=torch.long), batch.hidden, []
        for _ in range(steps):
            output, hidden, _ = step(token, hidden, batch.encoder_outputs)
            token = output.argmax(-1)
            outputs.append(output[:, 0])
        if is_clear(torch.cat(outputs)) and len(set(torch.cat(outputs).argmax(-1).tolist())) > 3:
            return batch
    raise RuntimeError("no free-running case found in 100 draws: change the rule of standins.CannedStep")


def draw_lengths(draw, batch_size: int, positions: int) -> Tensor:
    """Lengths of a batch: a full row, a row of one, and others between."""
    return torch.tensor(draw.shuffled([positions, 1, *(draw.integer(2, positions - 1) for _ in range(batch_size - 2))]))
