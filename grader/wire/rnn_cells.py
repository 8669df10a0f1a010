"""The fused LSTM and GRU cells that nn.LSTM and nn.GRU use on accelerators, and that torch lacks on the CPU.

Torch's own functions compute the derivatives, from the gates that the forward pass leaves in its workspace.
Sizes: batch B, hidden size H.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def run_lstm_cell(
    input_gates: "torch.Tensor",
    hidden_gates: "torch.Tensor",
    cx: "torch.Tensor",
    input_bias: "torch.Tensor | None" = None,
    hidden_bias: "torch.Tensor | None" = None,
) -> "tuple[torch.Tensor, ...]":
    """Return hidden state [B, H], cell state [B, H] and the workspace: all gates [B, 4H]."""
    gates = _add(input_gates, input_bias) + _add(hidden_gates, hidden_bias)
    i, f, g, o = gates.chunk(4, dim=1)
    cy = f.sigmoid() * cx + i.sigmoid() * g.tanh()
    return o.sigmoid() * cy.tanh(), cy, gates


def differentiate_lstm_cell(
    grad_hy: "torch.Tensor | None",
    grad_cy: "torch.Tensor | None",
    cx: "torch.Tensor",
    cy: "torch.Tensor",
    workspace: "torch.Tensor",
    has_bias: bool,
) -> "tuple[torch.Tensor | None, ...]":
    """Return the gradients of the gates [B, 4H], of the previous cell state [B, H] and of each bias [4H]."""
    import torch

    if grad_hy is None and grad_cy is None:
        return None, None, None
    nothing = torch.zeros_like(workspace)
    backward = torch.ops.aten._thnn_differentiable_lstm_cell_backward
    gates, _, cell, _, _ = backward(grad_hy, grad_cy, workspace, nothing, None, None, cx, cy)
    return gates, cell, gates.sum(0) if has_bias else None


def run_gru_cell(
    input_gates: "torch.Tensor",
    hidden_gates: "torch.Tensor",
    hx: "torch.Tensor",
    input_bias: "torch.Tensor | None" = None,
    hidden_bias: "torch.Tensor | None" = None,
) -> "tuple[torch.Tensor, ...]":
    """Return hidden state [B, H] and the workspace: gates of input and state [B, 3H] each, and the previous state."""
    import torch

    of_input, of_state = _add(input_gates, input_bias), _add(hidden_gates, hidden_bias)
    (ir, iz, i_new), (hr, hz, h_new) = of_input.chunk(3, dim=1), of_state.chunk(3, dim=1)
    new = (i_new + (ir + hr).sigmoid() * h_new).tanh()
    return (hx - new) * (iz + hz).sigmoid() + new, torch.cat((of_input, of_state, hx), dim=1)


def differentiate_gru_cell(
    grad_hy: "torch.Tensor", workspace: "torch.Tensor", has_bias: bool
) -> "tuple[torch.Tensor | None, ...]":
    """Return the gradients of both kinds of gates [B, 3H], of the previous state [B, H] and of both biases [3H]."""
    import torch

    width = workspace.shape[1] // 7
    parts = workspace.split([3 * width, 3 * width, width], dim=1)
    of_input, of_state, hx, _, _ = torch.ops.aten._thnn_differentiable_gru_cell_backward(grad_hy, *parts, None, None)
    biases = (of_input.sum(0), of_state.sum(0)) if has_bias else (None, None)
    return of_input, of_state, hx, *biases


def _add(gates: "torch.Tensor", bias: "torch.Tensor | None") -> "torch.Tensor":
    return gates if bias is None else gates + bias


FUSED_CELLS: dict[str, Callable[..., Any]] = {
    "_thnn_fused_lstm_cell": run_lstm_cell,
    "_thnn_fused_lstm_cell_backward_impl": differentiate_lstm_cell,
    "_thnn_fused_gru_cell": run_gru_cell,
    "_thnn_fused_gru_cell_backward": differentiate_gru_cell,
}
