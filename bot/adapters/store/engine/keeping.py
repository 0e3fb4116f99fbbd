"""Whether PostgreSQL keeps what it has committed, through a crash and on a standby that is waited for."""

from __future__ import annotations

from bot.domain.errors import StoreUnavailable

# The values of `synchronous_commit` that do. `off`, `local` and `remote_write` tell of a commit too early.
KEEPS = ("on", "remote_apply")


def require_kept(synchronous_commit: str) -> None:
    """Raise StoreUnavailable if a server with this setting may forget what is committed."""
    if synchronous_commit not in KEEPS:
        raise StoreUnavailable(
            f"PostgreSQL may forget what is committed: its synchronous_commit is {synchronous_commit}, and it"
            " can't be set to on."
        )
