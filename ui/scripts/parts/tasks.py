"""What is learnt, as model.tasks has it."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ui.scripts.parts.options import TASK
from ui.scripts.parts.philox import Philox
from ui.scripts.parts.training_settings import LENGTH, SEED, SYMBOLS, TEXT

# %% The task
# Examples as ids, and the answers that are right; IGNORED where nothing is asked.

IGNORED = -100


def examples(count: int, random: Philox) -> tuple[Tensor, Tensor]:
    """Return so many random examples or fewer, (B, L), and their answers, (B, L)."""
    if TASK == "reverse":  # the same letters, backwards
        x = random.integers(len(SYMBOLS), count, LENGTH)
        return x, x.flip(1)
    elif TASK == "shift":  # the letter before
        x = random.integers(len(SYMBOLS), count, LENGTH)
        targets = x.roll(1, dims=1)
        targets[:, 0] = IGNORED  # the first has none
        return x, targets
    elif TASK == "sort":  # the same digits, in order
        x = random.integers(len(SYMBOLS), count, LENGTH)
        return x, x.sort(1).values
    elif TASK == "compare":  # + where the right neighbour is larger than the left one, else -
        x = random.integers(10, count, LENGTH)
        targets = torch.full_like(x, IGNORED)  # the first and the last have one neighbour
        targets[:, 1:-1] = torch.where(x[:, 2:] > x[:, :-2], 10, 11)
        return x, targets
    elif TASK == "copy":  # the letters once more, after a bar
        letters = random.integers(26, count, LENGTH // 2)
        bar = torch.full((count, 1), 26)
        unasked = torch.full_like(letters, IGNORED)
        x = torch.cat([letters, bar, letters[:, :-1]], dim=1)
        return x, torch.cat([unasked, letters], dim=1)
    elif TASK == "histogram":  # how often each letter occurs
        shuffled = random.fractions(count, 8).argsort(1)
        different = 3 + random.integers(6, count, 1)  # of so many letters, or few would be alike
        x = shuffled.gather(1, (random.fractions(count, LENGTH) * different).long())
        times = (x[:, :, None] == x[:, None, :]).sum(-1)
        return x, 7 + times  # the numbers come after the eight letters
    elif TASK == "majority":  # at the mark ?, which comes first, the most frequent letter
        x = random.integers(4, count, LENGTH - 1)
        ranked = F.one_hot(x, 4).sum(1).sort(1, descending=True)
        clear = ranked.values[:, 0] > ranked.values[:, 1]  # those with a tie go
        x = torch.cat([torch.full((count, 1), 4), x], dim=1)[clear]
        targets = torch.full_like(x, IGNORED)
        targets[:, 0] = ranked.indices[clear, 0]
        return x, targets
    elif TASK == "lookup":  # the digit that follows the letter which the first letter asks for
        keys = random.fractions(count, 6).argsort(1)[:, :4]
        values = 6 + random.integers(10, count, 4)
        place = random.integers(4, count, 1)  # of the pair that is asked for
        pairs = torch.stack([keys, values], dim=2).flatten(1)
        x = torch.cat([keys.gather(1, place), pairs], dim=1)
        targets = torch.full_like(x, IGNORED)
        targets[:, :1] = values.gather(1, place)
        return x, targets
    elif TASK == "induction":  # the letter that followed the last time, in what is said repeatedly
        shuffled = random.fractions(count, 26).argsort(1)
        period = 6 + random.integers(11, count, 1)  # letters, which then come again
        place = torch.arange(LENGTH)
        x = shuffled.gather(1, place % period)
        following = shuffled.gather(1, (place + 1) % period)
        return x, following.masked_fill(place < period, IGNORED)
    else:  # brackets: which one closes here, where they are written ?
        opened = random.integers(3, count, LENGTH // 2).tolist()
        chances = random.fractions(count, LENGTH).tolist()
        x, targets = torch.full((count, LENGTH), 6), torch.full((count, LENGTH), IGNORED)
        for row, kinds in enumerate(opened):
            stack: list[int] = []  # what is open
            for i, chance in enumerate(chances[row]):
                left, depth = LENGTH - i, len(stack)
                # Each way to go on is as likely as another. Arnold & Sleep (1980).
                if chance < (left - depth) * (depth + 2) / (2 * left * (depth + 1)):
                    stack.append(kinds.pop(0))
                    x[row, i] = stack[-1]
                else:
                    targets[row, i] = 3 + stack.pop()
        return x, targets


def draw(count: int, random: Philox, *, held_out: bool) -> tuple[Tensor, Tensor]:
    """Return so many examples of those that are held out, one in sixteen, or of the others."""
    inputs, targets = [], []
    while count > 0:
        x, y = examples(1600 if held_out else 100, random)
        rows = (is_held_out(x) == held_out).nonzero()[:count, 0]
        inputs.append(x[rows])
        targets.append(y[rows])
        count -= len(rows)
    return torch.cat(inputs), torch.cat(targets)


def is_held_out(x: Tensor) -> Tensor:
    """Return whether examples are held out, (B,): where a hash begins with four zeros."""
    factors = Philox(2**64 - 1, 1)
    row = torch.tensor([factors.word() - 2**63 for _ in range(x.shape[1])])
    return (x * row).sum(1) >> 60 == 0  # in 64 bits, which overflow


def training_examples(count: int, step: int) -> tuple[Tensor, Tensor]:
    """Return the examples of a step, and their answers."""
    if TASK == "characters":
        starts = Philox(SEED, step).integers(len(READ) - LENGTH, count)
        return windows(READ, starts)
    else:
        return draw(count, Philox(SEED, step), held_out=False)


def test_examples(count: int) -> tuple[Tensor, Tensor]:
    """Return examples that are never trained on, and their answers."""
    if TASK == "characters":
        starts = torch.arange(count) * (len(UNREAD) - LENGTH) // count
        return windows(UNREAD, starts)
    else:
        return draw(count, Philox(2**64 - 1, 0), held_out=True)


if TASK == "characters":
    IDS = torch.tensor([SYMBOLS.index(character) for character in TEXT])
    UNREAD_COUNT = max(len(IDS) // 10, LENGTH + 1)
    READ, UNREAD = IDS[:-UNREAD_COUNT], IDS[-UNREAD_COUNT:]  # the last tenth is for the test


def windows(ids: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Return the ids from each start, (B, L), and those that follow them."""
    places = starts[:, None] + torch.arange(LENGTH)
    return ids[places], ids[places + 1]
