# SPDX-License-Identifier: MIT
"""Which commit a suite belongs to: as the user says, else as git does."""

import subprocess
from datetime import UTC, datetime

from kbench.errors import KbenchError


def resolve(commit: str | None, date: datetime | None) -> tuple[str, datetime]:
    """The commit's name and date (UTC): as given together, else from the repository here."""
    if date is not None and date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    if commit is not None and date is not None:
        return commit, date
    found = _git("show", "-s", "--format=%H %ct", "--end-of-options", commit or "HEAD")
    name, _, when = found.partition(" ")
    return name, date or datetime.fromtimestamp(int(when), UTC)


def _git(*words: str) -> str:
    try:
        result = subprocess.run(
            ["git", *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()
        why = said[0].removeprefix("fatal: ") if said else f"git ended with {error.returncode}"
        raise KbenchError(f"no commit from git ({why}): pass --commit and --date") from None
    except OSError as error:
        raise KbenchError(f"git: {error.strerror}: pass --commit and --date") from None
    except subprocess.SubprocessError:
        raise KbenchError("git does not answer: pass --commit and --date") from None
    return result.stdout.strip()
