# SPDX-License-Identifier: MIT
"""An apt of kbench's own: private lists and suites, so that it runs unprivileged.

The machine's package lists, sources and preferences are neither used nor changed
by what happens here. Only the address of the Debian archive is taken from the
machine's apt (a company's mirror stays in use), together with its proxy settings.
"""

from collections.abc import Sequence
from pathlib import Path

from kbench.kernels import cache, tools
from kbench.kernels.errors import PackageUnavailable

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HELPER = Path("/usr/lib/apt/apt-helper")
UPDATE_SECONDS = 300
LISTS_BYTES = 100 << 20  # of Debian's main, packed and unpacked
# 150 MB of kernel source on a slow line.
DOWNLOAD_SECONDS = 1800
MISSING = "the lab's kernels come from Debian's packages, which apt fetches"

CONFIG = """\
Dir::State "{home}/state";
Dir::State::status "{home}/state/status";
Dir::Cache "{home}/cache";
Dir::Etc::sourcelist "{home}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
// As root apt would drop to a user that cannot write to the cache.
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
"""

Stanza = dict[str, str]


class Apt:
    """apt on `suites` ((suite, label of its archive), ...), with its state below `home`."""

    def __init__(self, home: Path, suites: Sequence[tuple[str, str]]) -> None:
        self.home = home
        self.suites = suites

    def update(self) -> None:
        """Write the private configuration and fetch the package lists of the suites.

        Raises NoSpace where they would not fit: apt itself tries in vain for minutes.
        """
        cache.require_space(self.home, LISTS_BYTES)
        for directory in ("state/lists/partial", "cache/archives/partial"):
            (self.home / directory).mkdir(parents=True, exist_ok=True)
        (self.home / "state/status").touch()
        archives = _archives()
        option = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        lines = []
        for suite, label in self.suites:
            if label not in archives:
                raise PackageUnavailable(
                    f"apt on this machine knows no archive labelled {label}, where {suite} is: "
                    "the lab's kernels are Debian's; add Debian 12 to apt's sources "
                    "and run apt-get update"
                )
            lines.append(f"deb {option}{archives[label]} {suite} main\n")
        (self.home / "sources.list").write_text("".join(lines))
        (self.home / "apt.conf").write_text(CONFIG.format(home=self.home))
        self._run(["apt-get", "update"], UPDATE_SECONDS, self.home)

    def show(self, package: str) -> list[Stanza]:
        """The package's records in the suites, newest version first; empty when there is none."""
        try:
            text = self._run(["apt-cache", "show", package], UPDATE_SECONDS, self.home)
        except PackageUnavailable:
            return []
        return [_stanza(part) for part in text.split("\n\n") if part.strip()]

    def download(self, package: str, version: str, into: Path) -> Path:
        """Fetch one package (apt checks its signed hash) and return the .deb's path."""
        into.mkdir(parents=True, exist_ok=True)
        self._run(["apt-get", "download", f"{package}={version}"], DOWNLOAD_SECONDS, into)
        found = sorted(into.glob(f"{package}_*.deb"))
        if not found:
            raise PackageUnavailable(f"apt-get download {package}={version} brought no file")
        return found[-1]

    def _run(self, command: list[str], seconds: int, cwd: Path) -> str:
        # -c is read after the machine's own configuration, whose hooks it clears.
        command = [command[0], f"-c={self.home}/apt.conf", "-q", *command[1:]]
        return _output(command, seconds, cwd)


def download_file(place: str, sha256: str, into: Path) -> None:
    """Fetch a file of Debian's archive, by its path there. Raises PackageUnavailable.

    apt-helper checks the hash and takes apt's proxy, and needs no index of packages.
    """
    archive = _archives().get("Debian")
    if archive is None:
        raise PackageUnavailable(
            "apt on this machine knows no archive labelled Debian: add Debian 12 to apt's sources "
            "and run apt-get update"
        )
    command = [str(HELPER), "-q", "download-file", archive + place, str(into), f"SHA256:{sha256}"]
    _output(command, DOWNLOAD_SECONDS, into.parent)


def _archives() -> dict[str, str]:
    """Label of the archive ("Debian", "Debian-Security") -> its address on this machine."""
    form = "$(LABEL)|$(REPO_URI)"
    out = _output(["apt-get", "indextargets", "--format", form, "Created-By: Packages"], 60)
    return dict(line.split("|", 1) for line in out.splitlines() if "|" in line)


def _output(command: list[str], seconds: int, cwd: Path | None = None) -> str:
    return tools.run(command, seconds, missing=MISSING, cwd=cwd, error=PackageUnavailable)


def _stanza(text: str) -> Stanza:
    fields = (line.split(": ", 1) for line in text.splitlines() if not line.startswith(" "))
    return {field[0]: field[1] for field in fields if len(field) == 2}


def home(suite: str) -> Path:
    """Where the private apt of a suite keeps its state."""
    return cache.root() / "apt" / suite
