"""Trainings for whose code tests ask."""

from model.training.plan import Plan
from model.training.trainer import Trainer
from ui.runs.trained_here import TrainedHereRun, TrainedHereSettings, compute_trained_here
from ui.runs.word_vectors import use_one_thread

STEPS = 12


def trained(plan: Plan, steps: int = STEPS) -> TrainedHereRun:
    use_one_thread()
    trainer = Trainer(plan)
    for _ in range(steps):
        trainer.advance()
    typed = plan.learnt.split(plan.learnt.probe)
    return compute_trained_here(TrainedHereSettings(plan, trainer.snapshot(), typed))
