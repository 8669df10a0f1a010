# %% [markdown]
# # Nearest neighbours
#
# A text cell of the notebook; it is left out of the module.
#
# # 가장 가까운 이웃
#
# 노트북의 글 칸이며, 모듈에는 들어가지 않습니다.

# %%
"""Nearest neighbours: the distance of every pair, and the nearest centre of each point."""

import numpy as np


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %%
def pairwise_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The distance from each row of points [N, D] to each row of centres [M, D], as [N, M]."""
    # TODO distances: broadcast to [N, M, D], then the root of the sum of squares
    ### BEGIN SOLUTION distances
    difference = points[:, None, :] - centres[None, :, :]
    distances = np.sqrt((difference**2).sum(axis=-1))
    ### STUB
    # distances = FIXME("distances")
    ### END SOLUTION
    return distances


# %%
def find_nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The index of the centre that is nearest to each point, [N]."""
    # TODO nearest: use pairwise_distances
    ### BEGIN SOLUTION nearest
    nearest = pairwise_distances(points, centres).argmin(axis=1)
    ### STUB
    # nearest = FIXME("nearest")
    ### END SOLUTION
    return nearest


# %% tags=["notebook"]
# A cell with this tag is in the notebook only.
print(find_nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])))
