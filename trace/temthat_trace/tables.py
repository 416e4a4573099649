"""All of trace's mapped records, imported together so that `Base.metadata` is whole."""

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import Base
from temthat_trace.events import Event
from temthat_trace.papers import Attachment, Paper, PaperConfirmation
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.products import PackComponent, PackForm, Product

__all__ = [
    "Attachment",
    "Base",
    "Batch",
    "BatchSource",
    "Event",
    "Member",
    "PackComponent",
    "PackForm",
    "Paper",
    "PaperConfirmation",
    "Party",
    "Plot",
    "Product",
]
