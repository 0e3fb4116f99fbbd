"""The program: `python -m bot`."""

from __future__ import annotations

from bot.lasting import lasting


def main() -> None:
    """Run the command that the command line names."""
    with lasting():
        # Imported where no garbage is collected meanwhile, which saves time.
        from bot.cli import app
    app(prog_name="python -m bot")


if __name__ == "__main__":
    main()
