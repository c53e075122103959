"""The loop, as model.training.trainer has it, and what the trained model makes of an example."""

import torch
import torch.nn.functional as F

from ui.scripts.parts.numbers_task import PADDING
from ui.scripts.parts.numbers_task import test_examples as test_pairs
from ui.scripts.parts.numbers_task import training_examples as training_pairs
from ui.scripts.parts.options import PAIR
from ui.scripts.parts.tasks import IGNORED, test_examples, training_examples
from ui.scripts.parts.training import PARAMETERS, answer, run, run_pair
from ui.scripts.parts.training_settings import (
    BATCH_SIZE,
    HELD_OUT,
    LEARNING_RATE,
    STEPS,
    STOP,
    SYMBOLS,
    WEIGHT_DECAY,
)

# %% The training
# AdamW, Loshchilov & Hutter (2019). On one thread, as sums that are added in another order differ.

torch.set_num_threads(1)
optimizer = torch.optim.AdamW(
    PARAMETERS.values(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
)
for step in range(STOP):
    if PAIR:
        source, x, targets = training_pairs(BATCH_SIZE, step)
        output, _ = run_pair(source, x, (source != PADDING)[:, None, None])
    else:
        x, targets = training_examples(BATCH_SIZE, step)
        output, _ = run(x)
    loss = F.cross_entropy(answer(output).flatten(0, 1), targets.flatten())
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    left = (STEPS - step) / (0.2 * STEPS)  # in the last fifth below 1
    optimizer.param_groups[0]["lr"] = LEARNING_RATE * min(1.0, left)
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

# %% The test
# Loss and accuracy on examples that were never trained on.

with torch.no_grad():
    if PAIR:
        source, x, targets = test_pairs(HELD_OUT)
        output, _ = run_pair(source, x, (source != PADDING)[:, None, None])
    else:
        x, targets = test_examples(HELD_OUT)
        output, _ = run(x)
    logits = answer(output)
asked = targets != IGNORED
test_loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
accuracy = (logits.argmax(-1) == targets)[asked].sum().item() / asked.sum().item()
print(f"after {STOP} steps: loss {test_loss:.4f}, {accuracy:.1%} of the answers right")

# %% What the page shows
# The model reads an example.

if PAIR:
    READ_SYMBOLS = ["four"]
WRITTEN_SYMBOLS = ["a"]
with torch.no_grad():
    x = torch.tensor([[SYMBOLS.index(symbol) for symbol in WRITTEN_SYMBOLS]])
    if PAIR:
        source = torch.tensor([[SYMBOLS.index(symbol) for symbol in READ_SYMBOLS]])
        final_output, attentions = run_pair(source, x, torch.tensor(True))
    else:
        final_output, attentions = run(x)
    answers = answer(final_output)[0].argmax(-1).tolist()
print("It answers", [SYMBOLS[i] for i in answers])
