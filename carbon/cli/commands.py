"""Every command, registered: rooms of the command line add theirs to `app` when they are imported."""

from carbon.cli import footprints, imports, levels
from carbon.cli.app import app

__all__ = ["app", "footprints", "imports", "levels"]
