"""What a run leaves behind: a page to read, JUnit for CI, JSON for programs."""

from rig.report.record import Check, Ladder, LadderLine, PagePair, Run, Status
from rig.report.write import write

__all__ = ["Check", "Ladder", "LadderLine", "PagePair", "Run", "Status", "write"]
