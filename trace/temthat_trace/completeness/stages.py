"""The rule for one stage: product code, place code and time, each of them named when it is missing.

Circular 02/2024/TT-BKHCN Article 6(3): per stage at least product trace code, location trace code, event time. The
product code is the batch's own and always there. The place code is a growing-area or plot code, else the commune's
code: of the event where it says a place of its own, of the batch where it does not.
"""

from temthat_trace import formats
from temthat_trace.completeness.facts import BatchFacts, StageFacts
from temthat_trace.completeness.item import Form, Gap, Supplier, Where, gap
from temthat_trace.completeness.texts import Both, text


def stage_gaps(batch: BatchFacts) -> list[Gap]:
    """Everything its stages lack, each gap naming the stage; one gap if there is no stage at all."""
    if not batch.stages:
        return [gap("gap.no_stage", Where("event", form=Form.DIARY), Supplier.CLERK, Supplier.HOUSEHOLD)]
    return [found for stage in batch.stages for found in _of_stage(stage)]


def stages_said(batch: BatchFacts) -> Both:
    """How many stages there are, and from when to when."""
    days = sorted(formats.today(stage.at) for stage in batch.stages if stage.at)
    if not days:
        return text("value.stages", n=len(batch.stages))
    first, last = (Both(formats.date(day), formats.date(day, "en")) for day in (days[0], days[-1]))
    return text("value.stages_between", n=len(batch.stages), first=first, last=last)


def _of_stage(stage: StageFacts) -> list[Gap]:
    step = text(f"step.{stage.step}")
    who = (Supplier.CLERK, Supplier.HOUSEHOLD) if stage.household else (Supplier.CLERK,)
    if stage.at is None:
        return [gap(text("gap.stage_time", step=step), Where("event", "at", Form.DIARY), *who)]
    if stage.place_code:
        return []
    day = formats.today(stage.at)
    on = Both(formats.date(day), formats.date(day, "en"))
    what = "gap.stage_place_unclear" if stage.place else "gap.stage_place"
    return [gap(text(what, step=step, on=on, place=stage.place), Where("event", "address", Form.DIARY), *who)]
