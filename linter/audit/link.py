"""After all is judged: series, their versions, the fate of each finding, and what became of each remark.

Everything here is computed from what the store holds and replaces what an earlier linking said, so it can be stopped
and begun again. Memory: one chain of versions at a time.
"""

from __future__ import annotations

import sqlite3

from linter.audit.chains import chain_versions
from linter.audit.fates import judge_chains
from linter.audit.remarks import attach_remarks, mark_agreement, supersede_quotations
from linter.audit.series import build_series


def link(db: sqlite3.Connection) -> None:
    """Fill in all that depends on more than one message."""
    supersede_quotations(db)
    build_series(db)
    chain_versions(db)
    attach_remarks(db)
    judge_chains(db)
    mark_agreement(db)
