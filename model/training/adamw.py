"""AdamW: how weights follow their gradients. Source: Loshchilov & Hutter (2019), algorithm 2."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.adamw import adamw

BETAS = (0.9, 0.999)  # how much of each average stays from step to step
EPSILON = 1e-8  # what keeps the quotient of both finite


class AdamW:
    """Updates weights in place, as torch.optim.AdamW does, by the function that does it there.

    That class imports torch's compiler, to ask it to leave the class alone: two seconds of
    processor time in each process that trains.

    Args:
        weights: by their names, with gradients when a step is made.
        decay: the part of a weight that is taken away in a step, times the learning rate.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self._weights = dict(weights)
        self._decay = decay
        # For each weight how many steps it has seen, and its gradients' averages: of themselves
        # and of their squares.
        self.state: dict[str, dict[str, Tensor]] = {
            name: {
                "step": torch.zeros((), dtype=torch.float32),
                "exp_avg": torch.zeros_like(weight, memory_format=torch.preserve_format),
                "exp_avg_sq": torch.zeros_like(weight, memory_format=torch.preserve_format),
            }
            for name, weight in self._weights.items()
        }

    def clear_gradients(self) -> None:
        """Forget the gradients of the last step."""
        for weight in self._weights.values():
            weight.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Make one update with a learning rate; weights without a gradient stay."""
        moved = {name: w.grad for name, w in self._weights.items() if w.grad is not None}
        states = [self.state[name] for name in moved]
        adamw(
            [self._weights[name] for name in moved],
            list(moved.values()),
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=rate,
            weight_decay=self._decay,
            eps=EPSILON,
            maximize=False,
        )
