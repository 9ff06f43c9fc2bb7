"""The RTL as the tools take it: its files in order, and the digest that reports name."""

import hashlib
import pathlib

RTL = pathlib.Path(__file__).resolve().parent / "rtl"


def rtl_files():
    return (RTL / "capdesc.f").read_text().split()


def digest():
    """SHA-256 over the files of capdesc.f in order: of each the name, a newline, its code.

    Code is what stands before `//` in each line. Lines stay lines, for reports name them.
    """
    total = hashlib.sha256()
    for name in rtl_files():
        code = [line.split("//")[0].rstrip() for line in (RTL / name).read_text().splitlines()]
        total.update("\n".join([name, *code, ""]).encode())
    return total.hexdigest()
