"""The virtual device: what runs on a GPU runs on it with the CPU's numbers, and what fails there fails on it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from grader.wire.virtual_device import DEVICE

SEED = 7


def bring_back(value: Any) -> Any:
    """A result with its tensors on the CPU."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, (list, tuple)):
        return [bring_back(item) for item in value]
    return value


def compare(run: Callable[[str], Any]) -> None:
    """Tell whether a function of a device gives the same on both, and gives its tensors where it ran."""
    torch.manual_seed(SEED)
    expected = run("cpu")
    torch.manual_seed(SEED)
    found = run(DEVICE)
    tensors = found if isinstance(found, (list, tuple)) else [found]
    assert {str(item.device) for item in tensors if isinstance(item, torch.Tensor)} <= {DEVICE}
    torch.testing.assert_close(bring_back(found), bring_back(expected))


def draw(device: str, *shape: int) -> torch.Tensor:
    """The same numbers on any device."""
    return torch.randn(*shape).to(device)


def ints(device: str) -> torch.Tensor:
    """Small numbers, none of them 0."""
    return torch.arange(1, 5, device=device)


FACTORIES: dict[str, Callable[[str], Any]] = {
    "zeros": lambda d: torch.zeros(2, 3, device=d),
    "ones": lambda d: torch.ones(2, 3, dtype=torch.long, device=d),
    "full": lambda d: torch.full((2, 1), 7, device=d),
    "empty, filled": lambda d: torch.empty(2, 1, dtype=torch.long, device=d).fill_(3),
    "arange": lambda d: torch.arange(5, device=d),
    "arange of floats": lambda d: torch.arange(0, 1, 0.25, device=d),
    "linspace": lambda d: torch.linspace(0, 1, 5, device=d),
    "eye": lambda d: torch.eye(3, device=d),
    "eye, not square": lambda d: torch.eye(2, 3, device=d),
    "tensor": lambda d: torch.tensor([[1, 2], [3, 4]], device=d),
    "tensor of a number": lambda d: torch.tensor(2.5, device=d),
    "as_tensor": lambda d: torch.as_tensor([1.0, 2.0], device=d),
    "rand": lambda d: torch.rand(2, 3, device=d),
    "randn": lambda d: torch.randn(2, 3, device=d),
    "randint": lambda d: torch.randint(5, (2, 3), device=d),
    "randperm": lambda d: torch.randperm(6, device=d),
    "normal": lambda d: torch.normal(0.0, 1.0, (2, 3), device=d),
    "bernoulli": lambda d: torch.bernoulli(torch.full((5,), 0.5, device=d)),
    "tril_indices": lambda d: torch.tril_indices(3, 3, device=d),
    "scalar_tensor": lambda d: torch.scalar_tensor(2.0, device=d),
    "zeros_like": lambda d: torch.zeros_like(draw(d, 2, 3)),
    "ones_like": lambda d: torch.ones_like(draw(d, 2, 3)),
    "full_like": lambda d: torch.full_like(draw(d, 2, 3), 4.0),
    "rand_like": lambda d: torch.rand_like(draw(d, 2, 3)),
    "randn_like": lambda d: torch.randn_like(draw(d, 2, 3)),
    "new_zeros": lambda d: draw(d, 2).new_zeros(3, 4),
    "new_ones": lambda d: draw(d, 2).new_ones(3),
    "new_full": lambda d: draw(d, 2).new_full((3,), 5.0),
    "new_tensor": lambda d: draw(d, 2).new_tensor([1.0, 2.0]),
    "a generator of the device": lambda d: torch.rand(3, device=d, generator=torch.Generator(device=d).manual_seed(3)),
}

OPERATIONS: dict[str, Callable[[str], Any]] = {
    "arithmetic": lambda d: (draw(d, 2, 3) + 2) * draw(d, 3) / 3 - draw(d, 2, 1) ** 2,
    "a number on the CPU": lambda d: draw(d, 2, 3) * torch.tensor(2.0),
    "a number on the left": lambda d: torch.tensor(2.0) - draw(d, 2, 3),
    "remainder": lambda d: (torch.arange(5, device=d) % 3, torch.arange(5, device=d).remainder(2.5), 7 % ints(d)),
    "floor division": lambda d: (
        torch.arange(5, device=d) // 2,
        torch.div(ints(d), 2, rounding_mode="floor"),
        7 // ints(d),
    ),
    "powers": lambda d: (2 ** draw(d, 3), ints(d) ** 2, draw(d, 3).abs() ** 0.5, torch.pow(2, ints(d))),
    "numbers and kinds": lambda d: (ints(d) * 2.5, ints(d) / 2, 1 - draw(d, 3), 1 / draw(d, 3), ints(d) + True),
    "bits": lambda d: (ints(d) & 1, ints(d) | 2, ints(d) ^ 3, ints(d) << 1, ints(d) >> 1, ~ints(d)),
    "more with numbers": lambda d: (
        torch.fmod(draw(d, 3), 2),
        torch.xlogy(draw(d, 3).abs(), 2),
        draw(d, 3).eq(1),
        draw(d, 3).ne(1),
        ints(d) >= 2,
        torch.where(draw(d, 3) > 0, 1.0, draw(d, 3)),
        torch.where(draw(d, 3) > 0, 1, 0),
        draw(d, 3).clamp(min=0),
        draw(d, 3).clamp_min(0.1),
        torch.lerp(draw(d, 3), draw(d, 3), 0.3),
        torch.addcmul(draw(d, 3), draw(d, 3), draw(d, 3), value=2),
        torch.isclose(draw(d, 3), draw(d, 3)),
        draw(d, 3).sub(1, alpha=2),
        draw(d, 3).float_power(2),
        torch.rsub(draw(d, 3), 1),
    ),
    "numbers in place": lambda d: (
        ints(d).remainder_(3),
        draw(d, 3).pow_(2),
        ints(d).floor_divide_(2),
        draw(d, 3).mul_(2),
        draw(d, 3).div_(4),
    ),
    "minimum and maximum": lambda d: (
        torch.minimum(draw(d, 3), draw(d, 3)),
        torch.maximum(draw(d, 3), torch.tensor(0.0)),
        draw(d, 2, 3).amax(-1),
        draw(d, 2, 3).aminmax(dim=1),
        draw(d, 3).min(),
        torch.max(draw(d, 3), draw(d, 3)),
    ),
    "rounding": lambda d: (draw(d, 3).floor(), draw(d, 3).ceil(), draw(d, 3).round(decimals=1), draw(d, 3).trunc()),
    "functions": lambda d: (
        draw(d, 3).exp(),
        draw(d, 3).abs().log(),
        draw(d, 3).abs().log1p(),
        draw(d, 3).abs().sqrt(),
        draw(d, 3).sin(),
        draw(d, 3).abs().rsqrt(),
        draw(d, 3).sign(),
        draw(d, 3).erf(),
        draw(d, 3).isfinite(),
        draw(d, 3).reciprocal(),
    ),
    "more reductions": lambda d: (
        draw(d, 2, 3).any(1),
        draw(d, 2, 3).all(),
        draw(d, 2, 3).var(0),
        draw(d, 3).median(),
        draw(d, 2, 3).nansum(),
        draw(d, 2, 3).count_nonzero(),
        ints(d).bincount(),
        draw(d, 2, 3).argmin(),
        draw(d, 2, 3).cummax(1)[0],
        ints(d).sum(),
    ),
    "more products": lambda d: (
        torch.baddbmm(draw(d, 2, 3, 5), draw(d, 2, 3, 4), draw(d, 2, 4, 5)),
        torch.matmul(draw(d, 2, 3, 4), draw(d, 4)),
        torch.tensordot(draw(d, 2, 3), draw(d, 3, 4), dims=1),
        draw(d, 3).inner(draw(d, 3)),
        draw(d, 3, 3).trace(),
        torch.kron(draw(d, 2, 2), draw(d, 2, 2)),
        draw(d, 2, 3).T @ draw(d, 2, 4),
        F.linear(draw(d, 2, 3), draw(d, 4, 3)),
        F.bilinear(draw(d, 2, 3), draw(d, 2, 4), draw(d, 5, 3, 4)),
    ),
    "more activations": lambda d: (
        F.silu(draw(d, 3)),
        F.softplus(draw(d, 3)),
        F.leaky_relu(draw(d, 3)),
        F.elu(draw(d, 3)),
        F.hardtanh(draw(d, 3)),
        F.glu(draw(d, 2, 4)),
        F.logsigmoid(draw(d, 3)),
        F.normalize(draw(d, 2, 3)),
        F.relu(draw(d, 3), inplace=True),
    ),
    "more indexing": lambda d: (
        draw(d, 2, 3).take(torch.tensor([0, 5], device=d)),
        draw(d, 3, 2).index_fill(0, torch.tensor([1], device=d), 7.0),
        torch.take_along_dim(draw(d, 2, 3), torch.tensor([[0], [2]], device=d), 1),
        torch.searchsorted(ints(d), 2),
        torch.zeros(3, device=d).index_add(0, torch.tensor([0, 2], device=d), torch.ones(2, device=d)),
        torch.zeros(3, device=d).scatter_add(0, torch.tensor([0, 2], device=d), torch.ones(2, device=d)),
        torch.isin(ints(d), torch.tensor([1, 4], device=d)),
        torch.bucketize(draw(d, 3), torch.tensor([0.0, 1.0], device=d)),
    ),
    "more shapes": lambda d: (
        torch.meshgrid(ints(d), ints(d), indexing="ij"),
        torch.tile(draw(d, 2), (2, 2)),
        draw(d, 2, 3).flatten(),
        draw(d, 6).unflatten(0, (2, 3)),
        torch.atleast_2d(draw(d, 3)),
        torch.hstack([draw(d, 2), draw(d, 3)]),
        torch.vstack([draw(d, 3), draw(d, 3)]),
        draw(d, 2, 3).movedim(0, 1),
        torch.broadcast_to(draw(d, 3), (2, 3)),
        torch.diag(draw(d, 3)),
        torch.block_diag(draw(d, 2, 2), draw(d, 1, 1)),
        draw(d, 2, 3).rot90(),
    ),
    "comparison": lambda d: (draw(d, 4) > 0) & (draw(d, 4) < 1),
    "matmul": lambda d: draw(d, 2, 3) @ draw(d, 3, 4),
    "mv": lambda d: torch.mv(draw(d, 2, 3), draw(d, 3)),
    "dot": lambda d: torch.dot(draw(d, 3), draw(d, 3)),
    "bmm": lambda d: torch.bmm(draw(d, 2, 3, 4), draw(d, 2, 4, 5)),
    "addmm": lambda d: torch.addmm(draw(d, 4), draw(d, 2, 3), draw(d, 3, 4)),
    "einsum": lambda d: torch.einsum("bsh,bh->bs", draw(d, 2, 3, 4), draw(d, 2, 4)),
    "outer": lambda d: torch.outer(draw(d, 2), draw(d, 3)),
    "cat": lambda d: torch.cat((draw(d, 2, 3), draw(d, 2, 1)), dim=1),
    "stack": lambda d: torch.stack([draw(d, 3), draw(d, 3)]),
    "split": lambda d: draw(d, 5, 2).split([2, 3]),
    "chunk": lambda d: draw(d, 4, 6).chunk(3, dim=-1),
    "unbind": lambda d: draw(d, 3, 2).unbind(),
    "iteration": lambda d: list(draw(d, 3, 2)),
    "where": lambda d: torch.where(draw(d, 2, 3) > 0, draw(d, 2, 3), torch.tensor(0.0)),
    "masked_fill": lambda d: draw(d, 2, 3).masked_fill(torch.eye(2, 3, device=d) == 0, float("-inf")),
    "masked_fill by a number": lambda d: draw(d, 2, 3).masked_fill(torch.eye(2, 3, device=d) == 0, torch.tensor(9.0)),
    "masked_select": lambda d: (lambda x: x.masked_select(x > 0))(draw(d, 2, 3)),
    "tril": lambda d: torch.tril(draw(d, 3, 3)),
    "triu of ones": lambda d: torch.triu(torch.ones(3, 3, dtype=torch.bool, device=d), diagonal=1),
    "softmax": lambda d: F.softmax(draw(d, 2, 3), dim=-1),
    "log_softmax": lambda d: F.log_softmax(draw(d, 2, 3), dim=-1),
    "logsumexp": lambda d: draw(d, 2, 3).logsumexp(0),
    "layer_norm": lambda d: F.layer_norm(draw(d, 2, 3), (3,)),
    "activations": lambda d: (draw(d, 3).relu(), draw(d, 3).tanh(), draw(d, 3).sigmoid(), F.gelu(draw(d, 3))),
    "reductions": lambda d: (draw(d, 2, 3).sum(), draw(d, 2, 3).mean(1), draw(d, 2, 3).std(0), draw(d, 3).prod()),
    "max with indices": lambda d: tuple(draw(d, 2, 3).max(dim=1)),
    "argmax": lambda d: draw(d, 2, 3).argmax(-1),
    "topk": lambda d: tuple(draw(d, 2, 5).topk(2)),
    "sort": lambda d: tuple(draw(d, 2, 5).sort(descending=True)),
    "argsort": lambda d: draw(d, 5).argsort(),
    "cumsum": lambda d: draw(d, 2, 3).cumsum(1),
    "cumprod": lambda d: draw(d, 4).cumprod(0),
    "norm": lambda d: (draw(d, 2, 3).norm(), torch.linalg.vector_norm(draw(d, 2, 3), dim=1)),
    "clamp": lambda d: draw(d, 5).clamp(-0.5, 0.5),
    "multinomial": lambda d: torch.multinomial(draw(d, 2, 5).softmax(-1), 2),
    "dropout": lambda d: F.dropout(draw(d, 4, 5), 0.5),
    "one_hot": lambda d: F.one_hot(torch.tensor([0, 2], device=d), 3),
    "embedding": lambda d: F.embedding(torch.tensor([[0, 2]], device=d), draw(d, 3, 4)),
    "gather": lambda d: draw(d, 2, 3).gather(1, torch.tensor([[0], [2]], device=d)),
    "scatter": lambda d: torch.zeros(2, 3, device=d).scatter_(1, torch.tensor([[0], [2]], device=d), 1.0),
    "index_select": lambda d: draw(d, 3, 2).index_select(0, torch.tensor([2, 0], device=d)),
    "nonzero": lambda d: torch.nonzero(torch.eye(3, device=d)),
    "unique": lambda d: torch.unique(torch.tensor([3, 1, 3], device=d)),
    "cosine_similarity": lambda d: F.cosine_similarity(draw(d, 2, 3), draw(d, 2, 3)),
    "cdist": lambda d: torch.cdist(draw(d, 2, 3), draw(d, 4, 3)),
    "repeat": lambda d: (draw(d, 2).repeat(2, 3), draw(d, 2).repeat_interleave(2)),
    "flip and roll": lambda d: (draw(d, 2, 3).flip(1), draw(d, 3).roll(1)),
    "pad": lambda d: F.pad(draw(d, 2, 3), (1, 2)),
    "pad_sequence": lambda d: pad_sequence([draw(d, 2), draw(d, 3)], batch_first=True),
    "conv1d": lambda d: F.conv1d(draw(d, 1, 2, 5), draw(d, 3, 2, 2)),
    "scaled_dot_product_attention": lambda d: F.scaled_dot_product_attention(
        draw(d, 2, 3, 4), draw(d, 2, 5, 4), draw(d, 2, 5, 4)
    ),
    "causal attention": lambda d: F.scaled_dot_product_attention(*[draw(d, 1, 2, 3, 4)] * 3, is_causal=True),
    "cross_entropy": lambda d: F.cross_entropy(draw(d, 4, 3), torch.tensor([0, 2, -100, 1], device=d)),
    "nll_loss with ignore_index": lambda d: F.nll_loss(
        draw(d, 3, 4).log_softmax(-1), torch.tensor([0, 3, 1], device=d), ignore_index=0
    ),
    "binary_cross_entropy": lambda d: F.binary_cross_entropy_with_logits(draw(d, 3), torch.ones(3, device=d)),
    "mse_loss": lambda d: F.mse_loss(draw(d, 3), draw(d, 3)),
    "smooth_l1_loss": lambda d: F.smooth_l1_loss(draw(d, 3), draw(d, 3)),
    "kl_div": lambda d: F.kl_div(draw(d, 2, 3).log_softmax(-1), draw(d, 2, 3).softmax(-1), reduction="batchmean"),
    "a number in place": lambda d: torch.zeros((), device=d).add_(draw(d, 3).sum()),
    "one element of many in place": lambda d: (lambda x: (x[1].add_(5.0), x)[1])(draw(d, 3)),
    "conversion": lambda d: (draw(d, 3).long(), draw(d, 3).double(), draw(d, 3).half().float(), draw(d, 3) > 0),
    "bfloat16": lambda d: (draw(d, 3).bfloat16() * 2).float(),
    "out=": lambda d: torch.add(draw(d, 3), 1, out=torch.empty(3, device=d)),
    "out= that grows": lambda d: torch.add(draw(d, 3), 1, out=torch.empty(0, device=d)),
    "resize_": lambda d: torch.zeros(2, 3, device=d).resize_(2, 2),
    "empty": lambda d: torch.cat((torch.zeros(0, 3, device=d), draw(d, 1, 3))),
    "item": lambda d: draw(d, 3).sum().item(),
    "tolist": lambda d: draw(d, 2, 3).tolist(),
    "bool": lambda d: bool((draw(d, 3) < 100).all()),
    "int and float": lambda d: (int(torch.tensor(3, device=d)), float(torch.tensor(2.5, device=d))),
    "equal and allclose": lambda d: (torch.equal(draw(d, 2), draw(d, 2)), torch.allclose(draw(d, 1), draw(d, 1))),
    "to and fro": lambda d: draw("cpu", 2, 3).to(d).cpu().to(d).to(torch.float64),
    "copy_ across": lambda d: torch.zeros(2, 3, device=d).copy_(torch.ones(3)),
    "numpy of a copy": lambda d: draw(d, 2).cpu().numpy().tolist(),
    "from numpy": lambda d: torch.from_numpy(draw("cpu", 2).numpy()).to(d),
    "deepcopy": lambda d: copy.deepcopy(draw(d, 2, 3)),
}


def write_through_views(d: str) -> Any:
    """A tensor that was written to through several views of it."""
    x = draw(d, 3, 4)
    x[:, 1] = 5
    x[0] += 1
    x.t()[2].mul_(2)
    x.view(-1)[3:5].zero_()
    x[x > 1] = 0.5
    x[1, [0, 2]] = torch.tensor([7.0, 8.0], device=d)
    x[2] = torch.ones(4)  # across devices, as on a GPU
    x[torch.tensor([0]), 3] = -1.0  # indices may be on the CPU
    x.unsqueeze_(0).transpose_(1, 2)
    return x


VIEWS: dict[str, Callable[[str], Any]] = {
    "writing": write_through_views,
    "view": lambda d: draw(d, 2, 6).view(3, 4),
    "reshape": lambda d: draw(d, 2, 6).t().reshape(4, 3),
    "transpose": lambda d: draw(d, 2, 3).transpose(0, 1).contiguous(),
    "permute": lambda d: draw(d, 2, 3, 4).permute(2, 0, 1),
    "squeeze": lambda d: draw(d, 1, 3).squeeze(0).unsqueeze(-1),
    "expand": lambda d: draw(d, 1, 3).expand(2, 3) + 1,
    "slices": lambda d: draw(d, 5, 4)[1::2, :-1],
    "None and ...": lambda d: draw(d, 2, 3)[..., None, 0],
    "unfold": lambda d: draw(d, 6).unfold(0, 3, 1),
    "diagonal": lambda d: draw(d, 3, 3).diagonal(),
    "narrow": lambda d: draw(d, 5, 2).narrow(0, 1, 3),
    "by a list": lambda d: draw(d, 4, 2)[[0, 3]],
    "by a tensor": lambda d: draw(d, 4, 2)[torch.arange(2, device=d), torch.tensor([1, 0], device=d)],
    "by a mask": lambda d: draw(d, 4)[torch.tensor([True, False, True, False], device=d)],
    "by a tensor on the CPU": lambda d: draw(d, 4, 2)[torch.tensor([2, 0])],
}


@pytest.mark.parametrize(
    "run", [*FACTORIES.values(), *OPERATIONS.values(), *VIEWS.values()], ids=[*FACTORIES, *OPERATIONS, *VIEWS]
)
def test_an_operation_gives_the_cpus_numbers(run: Callable[[str], Any]) -> None:
    """An operation that runs on a GPU runs here, and its result is on the device."""
    compare(run)


def differentiate(module: nn.Module, *inputs: torch.Tensor, call: Callable[..., Any] | None = None) -> list[Any]:
    """Return the results of a module, then the gradients of its inputs and parameters."""
    leaves = [item.clone().requires_grad_() if item.is_floating_point() else item for item in inputs]
    results = list(flatten((call or module)(*leaves)))
    torch.stack([(item * item).sum() for item in results]).sum().backward()
    gradients = [leaf.grad for leaf in leaves if leaf.requires_grad]
    return [*results, *gradients, *(parameter.grad for parameter in module.parameters())]


def flatten(value: Any) -> Any:
    """The tensors in nested tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif value is not None:
        for item in value:
            yield from flatten(item)


def run_packed(rnn: nn.Module, lengths: torch.Tensor) -> Callable[..., Any]:
    """A call that packs, runs and pads."""

    def call(x: torch.Tensor) -> Any:
        output, state = rnn(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return pad_packed_sequence(output)[0], state

    return call


def differentiate_packed(d: str, kind: Any) -> list[Any]:
    """A packed batch through a recurrent network, and back."""
    rnn = kind(3, 4, 2, bidirectional=True).to(d)
    return differentiate(rnn, draw(d, 5, 3, 3), call=run_packed(rnn, torch.tensor([2, 5, 3])))


MODULES: dict[str, Callable[[str], Any]] = {
    "Linear": lambda d: differentiate(nn.Linear(3, 2).to(d), draw(d, 4, 3)),
    "Embedding": lambda d: differentiate(nn.Embedding(5, 3, padding_idx=0).to(d), torch.tensor([[0, 4]], device=d)),
    "LayerNorm": lambda d: differentiate(nn.LayerNorm(3).to(d), draw(d, 2, 3)),
    "RNN": lambda d: differentiate(nn.RNN(3, 4).to(d), draw(d, 5, 2, 3)),
    "LSTM": lambda d: differentiate(nn.LSTM(3, 4).to(d), draw(d, 5, 3)),
    "GRU": lambda d: differentiate(nn.GRU(3, 4).to(d), draw(d, 5, 3)),
    "LSTM, batch first, both ways, two layers": lambda d: differentiate(
        nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True).to(d), draw(d, 2, 5, 3)
    ),
    "GRU, batch first, both ways, two layers": lambda d: differentiate(
        nn.GRU(3, 4, 2, batch_first=True, bidirectional=True).to(d), draw(d, 2, 5, 3)
    ),
    "LSTM without bias": lambda d: differentiate(nn.LSTM(3, 4, bias=False).to(d), draw(d, 5, 2, 3)),
    "GRU without bias": lambda d: differentiate(nn.GRU(3, 4, bias=False).to(d), draw(d, 5, 2, 3)),
    "LSTM with a projection": lambda d: differentiate(nn.LSTM(3, 4, proj_size=2).to(d), draw(d, 5, 2, 3)),
    "LSTM without gradients": lambda d: torch.no_grad()(nn.LSTM(3, 4).to(d))(draw(d, 5, 2, 3))[0],
    "RNNCell": lambda d: differentiate(nn.RNNCell(3, 4).to(d), draw(d, 2, 3)),
    "LSTMCell": lambda d: differentiate(nn.LSTMCell(3, 4).to(d), draw(d, 2, 3)),
    "GRUCell": lambda d: differentiate(nn.GRUCell(3, 4).to(d), draw(d, 2, 3)),
    "packed RNN": lambda d: differentiate_packed(d, nn.RNN),
    "packed LSTM": lambda d: differentiate_packed(d, nn.LSTM),
    "packed GRU": lambda d: differentiate_packed(d, nn.GRU),
    "MultiheadAttention": lambda d: differentiate(
        nn.MultiheadAttention(4, 2, batch_first=True).to(d), *(draw(d, 2, 3, 4) for _ in range(3))
    ),
    "MultiheadAttention, evaluated": lambda d: torch.no_grad()(nn.MultiheadAttention(4, 2).to(d).eval())(
        *(draw(d, 2, 3, 4) for _ in range(3))
    ),
    "TransformerEncoderLayer": lambda d: differentiate(
        nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True).to(d), draw(d, 2, 3, 4)
    ),
    "TransformerDecoderLayer": lambda d: differentiate(
        nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0).to(d), draw(d, 2, 3, 4), draw(d, 5, 3, 4)
    ),
    "BatchNorm1d": lambda d: differentiate(nn.BatchNorm1d(3).to(d), draw(d, 4, 3)),
    "Conv1d": lambda d: differentiate(nn.Conv1d(2, 3, 2).to(d), draw(d, 1, 2, 5)),
    "Dropout": lambda d: differentiate(nn.Dropout(0.5), draw(d, 4, 5)),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("run", MODULES.values(), ids=MODULES)
def test_a_module_and_its_gradients_are_the_cpus(run: Callable[[str], Any]) -> None:
    """Results and gradients are on the device and hold the CPU's numbers."""
    compare(run)


def train(d: str, make_optimizer: Callable[..., torch.optim.Optimizer]) -> Any:
    """The parameters after a few steps."""
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).to(d)
    optimizer = make_optimizer(model.parameters())
    x, y = draw(d, 4, 3), torch.tensor([0, 1, 1, 0], device=d)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    return list(model.parameters())


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, 0.1),
    "SGD with momentum": lambda parameters: torch.optim.SGD(parameters, 0.1, momentum=0.9, weight_decay=0.01),
    "Adam": lambda parameters: torch.optim.Adam(parameters, 0.1),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, 0.1),
    "Adam, foreach": lambda parameters: torch.optim.Adam(parameters, 0.1, foreach=True),
    "RMSprop": lambda parameters: torch.optim.RMSprop(parameters, 0.01),
}


@pytest.mark.slow
@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_gives_the_cpus_parameters(make_optimizer: Callable[..., torch.optim.Optimizer]) -> None:
    """Clipped gradients and an optimizer's steps are those of the CPU."""
    compare(lambda d: train(d, make_optimizer))


def test_a_module_moves_both_ways() -> None:
    """Parameters and buffers go to the device and come back, the same objects with the same numbers."""
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before, weights = copy.deepcopy(module.state_dict()), list(module.parameters())
    module.to(DEVICE)
    assert {str(item.device) for item in module.state_dict().values()} == {DEVICE}
    module.cpu()
    torch.testing.assert_close(dict(module.state_dict()), dict(before))
    assert all(new is old for new, old in zip(module.parameters(), weights, strict=True))


def test_a_module_moves_while_a_graph_of_it_lives() -> None:
    """As on a GPU, while the loss is still referenced."""
    layer = nn.Linear(3, 2)
    loss = layer(torch.ones(1, 3)).sum()
    layer.to(DEVICE)
    assert str(layer.weight.device) == DEVICE
    other = layer(torch.ones(1, 3, device=DEVICE)).sum()
    assert layer.to("cpu").weight.device.type == "cpu"
    torch.testing.assert_close(loss.detach(), other.detach().cpu())


def test_tied_weights_stay_tied() -> None:
    """Two modules that share a weight share it on the device, too."""
    module = nn.ModuleDict({"embedding": nn.Embedding(5, 3), "output": nn.Linear(3, 5, bias=False)})
    module["output"].weight = module["embedding"].weight
    module.to(DEVICE)
    assert module["output"].weight is module["embedding"].weight
    assert len(list(module.parameters())) == 1


def test_an_optimizer_made_before_the_move_goes_on() -> None:
    """A step changes the parameters that were moved."""
    module = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    before = module.weight.detach().clone()
    module.to(DEVICE)
    module(torch.ones(1, 2, device=DEVICE)).sum().backward()
    optimizer.step()
    torch.testing.assert_close(module.weight.detach().cpu(), before - 0.1)


@pytest.mark.parametrize("kind", [nn.Linear, nn.LSTM, nn.GRU], ids=lambda kind: kind.__name__)
def test_state_dicts_cross_devices(kind: Any) -> None:
    """A state dict of the CPU loads into a module on the device, and the other way round."""
    here, there = kind(3, 4), kind(3, 4).to(DEVICE)
    there.load_state_dict(here.state_dict())
    back = kind(3, 4)
    back.load_state_dict(there.state_dict())
    torch.testing.assert_close(dict(back.state_dict()), dict(here.state_dict()))


def test_a_module_is_copied_on_the_device() -> None:
    """A deep copy is on the device, with parameters of its own."""
    module = nn.LSTM(3, 4).to(DEVICE)
    twin = copy.deepcopy(module)
    with torch.no_grad():
        module.weight_ih_l0.zero_()
    assert str(twin.weight_ih_l0.device) == DEVICE
    assert twin.weight_ih_l0.abs().sum() > 0


def test_a_deep_copy_of_a_state_dict_keeps_its_numbers() -> None:
    """The copy that a training loop keeps of its best epoch does not change."""
    module = nn.Linear(2, 2).to(DEVICE)
    best = copy.deepcopy(module.state_dict())
    expected = module.weight.detach().cpu().clone()
    with torch.no_grad():
        module.weight.zero_()
    torch.testing.assert_close(best["weight"].cpu(), expected)


def test_a_tensor_is_printed_with_its_device() -> None:
    """As on a GPU."""
    assert repr(torch.tensor([1.5, 2.0], device=DEVICE)) == "tensor([1.5000, 2.0000], device='virtual:0')"
    parameter = nn.Parameter(torch.zeros(1).to(DEVICE))
    assert "device='virtual:0', requires_grad=True" in repr(parameter)


def test_both_spellings_are_one_device() -> None:
    """A tensor sent to "virtual" is on "virtual:0"."""
    assert torch.zeros(1).to("virtual").device == torch.device(DEVICE)


def test_gradients_flow_across_a_move() -> None:
    """A leaf on the CPU gets its gradient from a loss on the device."""
    leaf = torch.ones(3, requires_grad=True)
    (leaf.to(DEVICE) * 2).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [2.0, 2.0, 2.0]


def test_the_second_derivative_of_a_cell() -> None:
    """A second derivative gets the graph of the gradients that it needs."""

    def run(d: str) -> Any:
        lstm, x = nn.LSTM(2, 3).to(d), draw(d, 4, 2).requires_grad_()
        [slope] = torch.autograd.grad(lstm(x)[0].sum(), x, create_graph=True)
        (slope**2).sum().backward()
        return x.grad

    compare(run)


class Half(nn.Module):
    """A module of which a part does not move."""

    def __init__(self) -> None:
        super().__init__()
        self.state = torch.ones(3)
        self.parts = [nn.Linear(3, 3)]
        self.moving = nn.Linear(3, 3)


def here(*shape: int) -> torch.Tensor:
    """A tensor that was left on the CPU."""
    return torch.ones(*shape)


def there(*shape: int) -> torch.Tensor:
    """A tensor on the device."""
    return torch.ones(*shape).to(DEVICE)


MIXTURES: dict[str, Callable[[], Any]] = {
    "addition": lambda: there(3) + here(3),
    "addition on the left": lambda: here(3) + there(3),
    "a number there, a tensor here": lambda: there(1).sum() * here(3),
    "in place": lambda: there(3).mul_(here(3)),
    "in place, on the CPU": lambda: here(3).add_(there(3)),
    "a number on the CPU, in place": lambda: torch.tensor(0.0).add_(there(1).sum()),
    "matmul": lambda: there(2, 3) @ here(3, 2),
    "linear": lambda: nn.Linear(3, 2)(there(1, 3)),
    "bmm": lambda: torch.bmm(here(1, 2, 3), there(1, 3, 2)),
    "einsum": lambda: torch.einsum("ij,jk->ik", there(2, 3), here(3, 2)),
    "cat": lambda: torch.cat((there(3), here(3))),
    "stack of numbers": lambda: torch.stack([there(1).sum(), torch.tensor(1.0)]),
    "masked_fill": lambda: there(2, 2).masked_fill(torch.eye(2) == 0, 0.0),
    "where": lambda: torch.where(here(2) > 0, there(2), there(2)),
    "embedding of ids on the CPU": lambda: nn.Embedding(3, 2).to(DEVICE)(torch.tensor([1])),
    "embedding on the CPU": lambda: nn.Embedding(3, 2)(torch.tensor([1]).to(DEVICE)),
    "comparison with lengths": lambda: torch.arange(3)[None, :] < torch.tensor([1, 2]).to(DEVICE)[:, None],
    "cross_entropy": lambda: F.cross_entropy(there(2, 3), torch.tensor([0, 1])),
    "index on the device, tensor on the CPU": lambda: here(3)[torch.tensor([0]).to(DEVICE)],
    "index_put of a tensor on the CPU": lambda: there(3).index_put_((torch.tensor([0, 1]).to(DEVICE),), here(2)),
    "lstm, input on the CPU": lambda: nn.LSTM(3, 2).to(DEVICE)(here(4, 3)),
    "lstm, state on the CPU": lambda: nn.LSTM(3, 2).to(DEVICE)(there(4, 3), (here(1, 2), here(1, 2))),
    "lstm on the CPU": lambda: nn.LSTM(3, 2)(there(4, 3)),
    "gru, state on the CPU": lambda: nn.GRU(3, 2).to(DEVICE)(there(4, 3), here(1, 2)),
    "gru cell, state on the CPU": lambda: nn.GRUCell(3, 2).to(DEVICE)(there(4, 3), here(4, 2)),
    "a state that does not move": lambda: there(3) + Half().to(DEVICE).state,
    "a module in a list": lambda: Half().to(DEVICE).parts[0](there(1, 3)),
    "hard-coded cpu": lambda: Half().to(DEVICE).moving(there(1, 3).to("cpu")),
    "a tensor made in the middle": lambda: Half().to(DEVICE).moving(there(1, 3)) + torch.zeros(1, 3),
}


@pytest.mark.parametrize("mix", MIXTURES.values(), ids=MIXTURES)
def test_mixing_devices_fails(mix: Callable[[], Any]) -> None:
    """One operation, two devices: refused in torch's own words."""
    with pytest.raises(RuntimeError, match="same device"):
        mix()


def test_the_sentence_is_torchs_own() -> None:
    """The message is torch's, so students who look it up find it."""
    sentence = "Expected all tensors to be on the same device, but found at least two devices, virtual:0 and cpu!"
    with pytest.raises(RuntimeError) as raised:
        there(3) + here(3)
    assert str(raised.value) == sentence


def test_lengths_belong_on_the_cpu() -> None:
    """pack_padded_sequence demands its lengths there, as it does with CUDA."""
    with pytest.raises(RuntimeError, match="'lengths' argument should be a 1D CPU int64 tensor"):
        pack_padded_sequence(there(4, 2, 3), torch.tensor([4, 2]).to(DEVICE))


def test_numpy_needs_a_copy_on_the_cpu() -> None:
    """As with CUDA, in the same words."""
    with pytest.raises(TypeError, match=r"can't convert virtual:0 device type tensor to numpy. Use Tensor.cpu\(\)"):
        there(2).numpy()


@pytest.mark.parametrize(
    "move",
    [lambda: here(2).cuda(), lambda: here(2).to("cuda"), lambda: nn.Linear(2, 2).cuda(), lambda: there(2).cuda()],
    ids=["tensor", "to", "module", "from the device"],
)
def test_cuda_is_not_there(move: Callable[[], Any]) -> None:
    """A hard-coded .cuda() fails as on every machine without one."""
    with pytest.raises((AssertionError, RuntimeError), match="CUDA"):
        move()
