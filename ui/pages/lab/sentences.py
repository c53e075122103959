"""What came out of a sweep, in a sentence that is computed from its numbers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lab.cost import Measured
from lab.points import Point, parameters_of
from model.config import Config
from model.cost import crossover
from ui.pages.lab.parameters import NUMERIC
from ui.pages.lab.pictures import Chosen, axis_values
from ui.pages.lab.words import METRIC_WORDS, configuration, setting, three_digits
from ui.text.i18n import _, ngettext
from ui.text.numbers import decimal, percent, whole

AMOUNTS = ("parameters", "multiply_adds", "bytes")  # columns of a table of costs
CERTAIN = 2  # standard errors: a smaller change may be chance
STEADY = 0.15  # of a line's largest value: so little is called no change ...
STEADY_BESIDE = 0.1  # ... or, of what all lines span
MOST_TOLD = 4  # lines or configurations, each with its numbers


def unfinished_sentence(done: int, total: int) -> str:
    """Return how much of a sweep is done: what comes of it is said of all of it, or not at all."""
    return ngettext(
        "**{done} of {count}** measurement is done; what comes of it is said when it is.",
        "**{done} of {count}** measurements are done; what comes of them is said when all are.",
        total,
    ).format(done=whole(done), count=whole(total))


def mechanism_sentence(made: pd.DataFrame, chosen: Chosen) -> str:
    """Return what the chosen measure does along the chosen axis, for each line.

    Args:
        made: as ui.pages.lab.pictures.means makes it.
        chosen: what is drawn.
    """
    mean = f"{chosen.metric}_mean"
    rows = made[made[mean].notna()]
    measure = _(METRIC_WORDS[chosen.metric])
    start = f"**{measure[:1].upper()}{measure[1:]}**"
    if rows.empty:
        return _("{measure}: nothing was measured.").format(measure=start)
    if chosen.picture == "heatmap" or chosen.panel is not None:
        return f"{start}: {_ends(rows, chosen)}."
    if chosen.line is None:
        return f"{start}: {_along(rows, chosen)}."
    lines = axis_values(rows, chosen.line)
    told = {value: rows[rows[chosen.line] == value] for value in lines}
    if len(told) > MOST_TOLD:  # the one that changes least, and the one that changes most
        width = {value: np.ptp(of[mean].to_numpy()) for value, of in told.items()}
        ends = min(lines, key=width.__getitem__), max(lines, key=width.__getitem__)
        told = {value: told[value] for value in ends}
    said = [
        _("{which}, {what}").format(
            which=_with(chosen.line, value), what=_along(of, chosen, np.ptp(rows[mean]))
        )
        for value, of in told.items()
    ]
    return f"{start}: " + "; ".join(said) + "."


def _with(axis: str, value: Any) -> str:
    """A line's value as the beginning of what is said of it."""
    if axis == "scale":
        return _("without a scale") if value == "none" else _("with {scale}").format(
            scale=setting(axis, value)
        )  # fmt: skip
    return _("with {setting}").format(setting=setting(axis, value))


def _along(rows: pd.DataFrame, chosen: Chosen, span: float = 0.0) -> str:
    """How a line goes: grows, falls, stays, or neither; `span` is what all lines span."""
    order = {value: i for i, value in enumerate(axis_values(rows, chosen.along))}
    rows = rows.sort_values(chosen.along, key=lambda column: column.map(order))
    start, end = (setting(chosen.along, rows[chosen.along].iloc[i]) for i in (0, -1))
    values = rows[f"{chosen.metric}_mean"].to_numpy(float)
    if len(values) == 1:
        return _("it is {value} ({at})").format(
            value=three_digits(values[0]),
            at=start,
        )
    if chosen.along not in NUMERIC:
        return _ends(rows, chosen)
    # A change that the seeds alone would make is none, either, nor what others dwarf.
    spread = rows[f"{chosen.metric}_std"].fillna(0).to_numpy(float)
    noise = CERTAIN * np.mean(spread / np.sqrt(rows[f"{chosen.metric}_count"].to_numpy(float)))
    low, high = values.min(), values.max()
    if high - low <= max(STEADY * np.abs(values).max(), STEADY_BESIDE * span, noise):
        return _("it stays between {low} and {high}").format(
            low=three_digits(low), high=three_digits(high)
        )
    rises = np.diff(values)
    verb = _("it goes")
    if (rises >= 0).all():
        verb = _("it grows")
    elif (rises <= 0).all():
        verb = _("it falls")
    told = _("{verb} from {first} ({start}) to {last} ({end})").format(
        verb=verb,
        first=three_digits(values[0]),
        start=start,
        last=three_digits(values[-1]),
        end=end,
    )
    if (rises >= 0).all() or (rises <= 0).all():
        return told
    return told + _(", with {low} as the lowest and {high} as the highest").format(
        low=three_digits(low), high=three_digits(high)
    )


def _ends(rows: pd.DataFrame, chosen: Chosen) -> str:
    """Where the measure is highest, and where lowest."""
    mean = rows[f"{chosen.metric}_mean"]
    if len(mean) == 1 or mean.max() - mean.min() <= 1e-9 * abs(mean.max()):
        return _("it is {value} everywhere").format(value=three_digits(mean.iloc[0]))
    return _("highest with {most} ({high}), lowest with {least} ({low})").format(
        most=configuration(rows.iloc[mean.argmax()], chosen.axes),
        high=three_digits(mean.max()),
        least=configuration(rows.iloc[mean.argmin()], chosen.axes),
        low=three_digits(mean.min()),
    )


def learning_sentence(
    frame: pd.DataFrame, axes: Sequence[str], planned: Sequence[Point] = ()
) -> str:
    """Return how many seeds of each configuration have learnt the task, and how soon.

    Of a configuration whose seeds aren't all over, nothing is said but how many are; and nothing
    of all configurations, while there is one of these.

    Args:
        frame: a sweep's table. Whoever failed has not learnt it.
        axes: what tells configurations apart.
        planned: all trainings of the sweep; none where they are over.
    """
    if frame.empty:
        return _("Nothing was measured.")
    seeds = Counter(_configuration_of(point, axes) for point in planned)
    groups = list(frame.groupby(list(axes), sort=False))
    over = [group for group in groups if len(group[1]) >= seeds[group[0]]]
    is_over = len(over) == len(groups) >= len(seeds)
    if max(len(groups), len(seeds)) > MOST_TOLD:
        if is_over:
            return _of_many(groups, axes)
        return unfinished_sentence(len(frame), len(planned))
    said = [_reached(of, axes, first=i == 0) for i, (_key, of) in enumerate(over)]
    told = "; ".join([said[0][:1].upper() + said[0][1:], *said[1:]]) + "." if said else ""
    if not is_over:
        return f"{told} {unfinished_sentence(len(frame), len(planned))}".strip()
    several = [group for group in groups if len(group[1]) > 1]  # one seed may be luck
    return f"{told} {_enough(several)}" if list(axes) == ["heads"] and several else told


def _configuration_of(point: Point, axes: Sequence[str]) -> tuple[Any, ...]:
    """What pandas calls the group of a point."""
    parameters = parameters_of(point)
    return tuple(parameters[axis] for axis in axes)


def _reached(of: pd.DataFrame, axes: Sequence[str], *, first: bool) -> str:
    """How many seeds of one configuration get there, and when; in full the first time."""
    steps, seeds, failed = of["steps_to_95"].dropna(), len(of), int((of["failure"] != "").sum())
    told = ngettext(
        "with {which} {count} of {seeds} seed reaches 95 %",
        "with {which} {count} of {seeds} seeds reach 95 %",
        seeds,
    ) if first else _("with {which} {count} of {seeds}")  # fmt: skip
    told = told.format(which=configuration(of.iloc[0], axes), count=len(steps), seeds=seeds)
    if failed:
        told += _(" ({failed} failed)").format(failed=failed)
    if steps.empty:
        if failed == seeds:
            return told
        return told + _(" (accuracy {accuracy})").format(accuracy=percent(of["accuracy"].mean()))
    after = _(", after {steps} steps on average") if first else _(", after {steps}")
    return told + after.format(steps=round(steps.mean()))


def _enough(groups: Sequence[tuple[Any, pd.DataFrame]]) -> str:
    """The fewest heads with which all seeds get there."""
    heads = [int(of["heads"].iloc[0]) for _key, of in groups if of["steps_to_95"].notna().all()]
    if not heads:
        return _("**With no number of heads here all seeds get there.**")
    return ngettext(
        "**{count} head is enough.**", "**{count} heads are enough.**", min(heads)
    ).format(count=min(heads))


def _of_many(groups: Sequence[tuple[Any, pd.DataFrame]], axes: Sequence[str]) -> str:
    frames = [of for _key, of in groups]
    all_reach = [of for of in frames if of["steps_to_95"].notna().all()]
    told = _("In {count} of {all} configurations all seeds reach 95 %").format(
        count=len(all_reach), all=len(frames)
    )
    if all_reach:
        soonest = min(all_reach, key=lambda of: of["steps_to_95"].mean())
        told += _("; soonest with {which}, after {steps} steps on average").format(
            which=configuration(soonest.iloc[0], axes), steps=round(soonest["steps_to_95"].mean())
        )
    failed = sum(int((of["failure"] != "").sum()) for of in frames)
    if failed:
        told += ngettext(
            "; {count} training failed", "; {count} trainings failed", failed
        ).format(count=failed)  # fmt: skip
    ended = [of for of in frames if of["accuracy"].notna().any()]
    if not ended:
        return f"{told}."
    worst = min(ended, key=lambda of: of["accuracy"].mean())
    return told + _("; the lowest accuracy is {accuracy}, with {which}.").format(
        accuracy=percent(worst["accuracy"].mean()), which=configuration(worst.iloc[0], axes)
    )


def cost_sentences(
    configs: Sequence[Config],
    tables: Sequence[pd.DataFrame],
    tokens: int,
    results: Sequence[Measured],
) -> list[str]:
    """Return what it costs to go from each configuration to the next.

    Args:
        configs: that differ in their embedding size.
        tables: of each, as lab.cost.cost_table makes it.
        tokens: the length that the tables are of.
        results: what was measured.
    """
    said = []
    for i in range(len(configs) - 1):
        smaller, larger = configs[i].embed_size, configs[i + 1].embed_size
        times = {
            name: decimal(_total(tables[i + 1], name) / _total(tables[i], name), 1)
            for name in AMOUNTS
        }
        start = _("Going from an embedding of {smaller} to {larger}")
        if larger == 2 * smaller:
            start = _("Doubling the embedding from {smaller} to {larger}")
        told = _(
            "{start} multiplies the parameters by **{parameters}**, the multiply-adds at "
            "{tokens} tokens by **{multiply_adds}** and the peak memory by **{bytes}**"
        ).format(
            start=start.format(smaller=smaller, larger=larger), tokens=whole(tokens), **times
        )  # fmt: skip
        seconds = [_seconds(results, index, tokens) for index in (i, i + 1)]
        if all(seconds):
            told += _("; measured here, the time by **{times}**").format(
                times=decimal(seconds[1] / seconds[0], 1)
            )
        said.append(f"{told}.")
    if len(configs) == 1:
        said.append(
            _("{parameters} parameters; {products:.3g} multiply-adds at {tokens} tokens.").format(
                parameters=whole(_total(tables[0], "parameters")),
                products=_total(tables[0], "multiply_adds"),
                tokens=whole(tokens),
            )
        )
    return said


def crossover_sentence(configs: Sequence[Config]) -> str:
    """From which length on attention costs more than the feed-forward, for each configuration."""
    said = [
        _("{tokens} tokens with E = {embed}").format(
            tokens=whole(crossover(config, whole=True)), embed=config.embed_size
        )
        for config in configs
    ]
    return _("Attention overtakes the feed-forward at {said}.").format(said=", ".join(said))


def _total(table: pd.DataFrame, amount: str) -> float:
    return float(table[amount].iloc[-1])  # the last row is the total


def _seconds(results: Sequence[Measured], index: int, tokens: int) -> float:
    """What a pass took; 0 where it wasn't measured."""
    found = (r.seconds for r in results if (r.config_index, r.tokens) == (index, tokens))
    return next(found, None) or 0.0
