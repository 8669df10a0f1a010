# %% [markdown]
# # A small convolutional network
#
# A kernel slides over the image; wherever the image looks like it, the result is large.
#
# # 작은 합성곱 신경망
#
# 커널이 이미지 위로 움직이며, 이미지가 커널과 닮은 곳에서 결과가 커집니다.

# %%
"""A convolution and a pooling by hand, and a classifier of images."""

import torch
from torch import Tensor, nn


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %%
def convolve(images: Tensor, kernels: Tensor, bias: Tensor) -> Tensor:
    """Slide kernels [K, C, h, w] over images [B, C, H, W] and add bias [K]: [B, K, H-h+1, W-w+1]."""
    # TODO convolve: every window times every kernel, summed
    ### BEGIN SOLUTION convolve
    height, width = kernels.shape[2:]
    # [B, C, H-h+1, W-w+1, h, w]: a view, no number is copied
    windows = images.unfold(2, height, 1).unfold(3, width, 1)
    result = torch.einsum("bcxyhw,kchw->bkxy", windows, kernels) + bias[:, None, None]
    ### STUB
    # result = FIXME("convolve")
    ### END SOLUTION
    return result


# %%
def max_pool(images: Tensor, size: int) -> Tensor:
    """The largest value of each square of `size`, [B, C, H // size, W // size]."""
    # TODO pool: squares beside each other, without those at the edge that are not whole
    ### BEGIN SOLUTION pool
    pooled = images.unfold(2, size, size).unfold(3, size, size).amax(dim=(-2, -1))
    ### STUB
    # pooled = FIXME("pool")
    ### END SOLUTION
    return pooled


# %%
class SmallCNN(nn.Module):
    """Classifies square images."""

    def __init__(self, channels: int, kernels: int, size: int, classes: int):
        super().__init__()
        self.kernels = nn.Parameter(torch.randn(kernels, channels, 3, 3) / 3)
        self.bias = nn.Parameter(torch.zeros(kernels))
        self.head = nn.Linear(kernels * ((size - 2) // 2) ** 2, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images [B, C, size, size] give logits [B, classes]."""
        # TODO network: convolve, relu, pool by 2, flatten, head
        ### BEGIN SOLUTION network
        features = torch.relu(convolve(images, self.kernels, self.bias))
        logits = self.head(max_pool(features, 2).flatten(1))
        ### STUB
        # logits = FIXME("network")
        ### END SOLUTION
        return logits


# %% tags=["notebook"]
model = SmallCNN(1, 4, 8, 5)
print(model(torch.randn(2, 1, 8, 8)).shape)
