# %% [markdown]
# # A gated classifier
#
# A text cell of the notebook; it is left out of the module.
#
# # 게이트가 있는 분류기
#
# 노트북의 글 칸이며, 모듈에는 들어가지 않습니다.

# %%
"""A classifier whose input passes a gate."""

import torch
from torch import Tensor, nn


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %%
class Gate(nn.Module):
    """Lets a part of each number pass."""

    def __init__(self, size: int):
        super().__init__()
        self.linear = nn.Linear(size, size)
        self.value = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """The values of x [..., D], each times a number between 0 and 1 that its linear layer gives: [..., D]."""
        # TODO gate: the sigmoid of the linear layer says how much of each value passes
        ### BEGIN SOLUTION gate
        passed = self.value(x) * torch.sigmoid(self.linear(x))
        ### STUB
        # passed = FIXME("gate")
        ### END SOLUTION
        return passed


# %%
class Classifier(nn.Module):
    """Classifies sequences."""

    def __init__(self, size: int, classes: int):
        super().__init__()
        self.gate = Gate(size)
        self.head = nn.Linear(size, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Sequences [B, S, D] give logits [B, C]."""
        # TODO classify: gate, mean over all positions, head
        ### BEGIN SOLUTION classify
        logits = self.head(self.gate(x).mean(dim=1))
        ### STUB
        # logits = FIXME("classify")
        ### END SOLUTION
        return logits


# %% tags=["notebook"]
# A cell with this tag is in the notebook only.
print(Classifier(4, 3)(torch.ones(2, 5, 4)).shape)
