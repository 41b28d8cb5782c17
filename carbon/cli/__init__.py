"""Floor 10: the command `carbon`: parse, call one function, print, exit code. No arithmetic.

Exit codes: 0 good, 1 data issues, 2 usage or a path that the system refuses, 3 bug.
"""

from __future__ import annotations

import gc
import sys

_COLLECT_AFTER = 200_000  # records by the hundred thousand and hardly a cycle: to look for these took a tenth of a run


def main() -> None:
    """Run the command line; every error that is not a bug is one clear text."""
    from carbon.errors import DataError, UsageError, printable

    gc.set_threshold(_COLLECT_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        from carbon.cli.commands import app

        app(prog_name="carbon")
    except UsageError as error:
        print(f"carbon: {printable(error)}", file=sys.stderr)
        sys.exit(2)
    except DataError as error:
        from carbon.cli.show import language, print_issues

        print_issues(error.issues, language(error.language))
        for note in getattr(error, "__notes__", ()):
            print(printable(note), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        said = ": ".join(str(part) for part in (error.strerror, error.filename) if part) or error
        print(f"carbon: {printable(said)[:400]}", file=sys.stderr)
        sys.exit(2)
    except Exception:
        import traceback

        traceback.print_exc()
        print("carbon: this is a bug; the text above says where.", file=sys.stderr)
        sys.exit(3)
