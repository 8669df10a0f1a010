# %% [markdown]
# # Keeping a ledger
#
# A text cell of the notebook; it is left out of the module.
#
# # 장부 정리
#
# 노트북의 글 칸이며, 모듈에는 들어가지 않습니다.

# %%
"""A ledger: who paid how much, and who paid most."""


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %%
def sum_by_name(entries: list[tuple[str, int]]) -> dict[str, int]:
    """The sum of the amounts of each name."""
    totals: dict[str, int] = {}
    # TODO totals: add every amount to the total of its name
    ### BEGIN SOLUTION totals
    for name, amount in entries:
        totals[name] = totals.get(name, 0) + amount
    ### STUB
    # FIXME("totals")
    ### END SOLUTION
    return totals


# %%
def find_leaders(entries: list[tuple[str, int]]) -> set[str]:
    """The names with the largest total. Raises ValueError where there are no entries."""
    # TODO leaders: use sum_by_name; several names may share the largest total
    ### BEGIN SOLUTION leaders
    totals = sum_by_name(entries)
    if not totals:
        raise ValueError("there are no entries")
    largest = max(totals.values())
    return {name for name, total in totals.items() if total == largest}
    ### END SOLUTION


# %% tags=["notebook"]
# A cell with this tag is in the notebook only.
print(find_leaders([("ada", 3), ("bob", 5), ("ada", 2)]))
