"""Reads a gate-level netlist that Yosys wrote as JSON, and reasons about it exactly.

A value is affine over GF(2) in the inputs, or a node: an AND or an XOR of two values. An affine
value is an integer, bit 0 the constant and bit 1 + i the coefficient of variable i; networks of
XOR and NOT become one such integer for each wire, whatever their shape, so that two are equal as
functions if and only if their integers are. Nodes are shared (two that look alike are one), and a
negative integer stands for a node or its complement.
"""

import json
import subprocess


class Space:
    """Variables and nodes."""

    def __init__(self):
        self.names = []
        self.nodes = []
        self.known = {}

    def variable(self, name):
        self.names.append(name)
        return 2 << (len(self.names) - 1)

    def node(self, kind, a, b):
        key = (kind, a, b) if a <= b else (kind, b, a)
        index = self.known.get(key)
        if index is None:
            index = self.known[key] = len(self.nodes)
            self.nodes.append(key)
        return -(2 * index + 1)

    def invert(self, a):
        if a >= 0:
            return a ^ 1
        return -(((-a - 1) ^ 1) + 1)

    def both(self, a, b):
        if a == 0 or b == 0 or a == self.invert(b):
            return 0
        if a == 1 or a == b:
            return b
        if b == 1:
            return a
        return self.node("and", a, b)

    def either(self, a, b):
        return self.invert(self.both(self.invert(a), self.invert(b)))

    def differ(self, a, b):
        if a >= 0 and b >= 0:
            return a ^ b
        if a == b:
            return 0
        if a == self.invert(b):
            return 1
        if a in (0, 1):
            return self.invert(b) if a else b
        if b in (0, 1):
            return self.invert(a) if b else a
        inverted = 0
        if a < 0:
            inverted ^= (-a - 1) & 1
            a = -(((-a - 1) & ~1) + 1)
        else:
            inverted ^= a & 1
            a &= ~1
        if b < 0:
            inverted ^= (-b - 1) & 1
            b = -(((-b - 1) & ~1) + 1)
        else:
            inverted ^= b & 1
            b &= ~1
        found = self.node("xor", a, b)
        return self.invert(found) if inverted else found

    def choose(self, a, b, select):
        if select in (0, 1):
            return b if select else a
        if a == b:
            return a
        if b == self.invert(a):
            return self.differ(a, select)
        return self.either(self.both(select, b), self.both(self.invert(select), a))

    def cone(self, values):
        """The nodes under these values, below before above, and the affine values at the bottom."""
        order, seen, leaves = [], set(), {}
        stack = [(value, False) for value in reversed(values)]
        while stack:
            value, is_done = stack.pop()
            if value >= 0:
                if value & ~1:
                    leaves[value & ~1] = True
                continue
            index = (-value - 1) >> 1
            if is_done:
                order.append(index)
            elif index not in seen:
                seen.add(index)
                stack.append((value, True))
                stack += [(below, False) for below in self.nodes[index][1:]]
        return order, list(leaves)


class Netlist:
    """One flat module of gates and flip-flops."""

    GATES = {
        "$_NOT_": ("A",),
        "$_BUF_": ("A",),
        "$_AND_": ("A", "B"),
        "$_NAND_": ("A", "B"),
        "$_ANDNOT_": ("A", "B"),
        "$_OR_": ("A", "B"),
        "$_NOR_": ("A", "B"),
        "$_ORNOT_": ("A", "B"),
        "$_XOR_": ("A", "B"),
        "$_XNOR_": ("A", "B"),
        "$_MUX_": ("A", "B", "S"),
    }
    REGISTERS = {"$_DFF_P_": "D", "$_FF_": "D"}

    def __init__(self, path, top):
        with open(path, encoding="utf-8") as file:
            module = json.load(file)["modules"][top]
        self.ports = module["ports"]
        self.nets = {name: net["bits"] for name, net in module["netnames"].items()}
        self.initial = {}
        for net in module["netnames"].values():
            init = net.get("attributes", {}).get("init")
            if init is not None:
                for bit, value in zip(net["bits"], reversed(init)):
                    if value in "01":
                        self.initial[bit] = int(value)
        self.gates, self.registers, self.other = {}, {}, {}
        for name, cell in module["cells"].items():
            kind, pins = cell["type"], cell["connections"]
            if kind in self.GATES:
                self.gates[pins["Y"][0]] = (kind, [pins[pin][0] for pin in self.GATES[kind]])
            elif kind in self.REGISTERS:
                self.registers[pins["Q"][0]] = (pins["D"][0], name)
            elif kind == "$scopeinfo":
                continue
            else:
                self.other[name] = kind
        if self.other:
            raise SystemExit(
                f"{top}: cells that are no plain gates: {sorted(set(self.other.values()))}"
            )

    def bits(self, port):
        return self.ports[port]["bits"]

    def order(self, roots, through_registers=False):
        """The driven bits under these, below before above."""
        done, found = set(), []
        stack = [(bit, False) for bit in roots]
        while stack:
            bit, is_done = stack.pop()
            if is_done:
                found.append(bit)
                continue
            if bit in done or isinstance(bit, str):
                continue
            done.add(bit)
            if bit in self.gates:
                below = self.gates[bit][1]
            elif through_registers and bit in self.registers:
                below = [self.registers[bit][0]]
            else:
                continue
            stack.append((bit, True))
            stack += [(other, False) for other in below]
        return found

    def evaluate(self, space, values, roots, through_registers=False):
        """Extends `values`, bit to value, to everything under the roots."""
        constant = {"0": 0, "1": 1, "x": 0, "z": 0}

        def value(bit):
            return constant[bit] if isinstance(bit, str) else values[bit]

        for bit in self.order(roots, through_registers):
            if bit in values:
                continue
            if bit in self.registers:
                values[bit] = value(self.registers[bit][0])
                continue
            kind, pins = self.gates[bit]
            a = value(pins[0])
            b = value(pins[1]) if len(pins) > 1 else None
            if kind == "$_BUF_":
                out = a
            elif kind == "$_NOT_":
                out = space.invert(a)
            elif kind == "$_AND_":
                out = space.both(a, b)
            elif kind == "$_NAND_":
                out = space.invert(space.both(a, b))
            elif kind == "$_ANDNOT_":
                out = space.both(a, space.invert(b))
            elif kind == "$_OR_":
                out = space.either(a, b)
            elif kind == "$_NOR_":
                out = space.invert(space.either(a, b))
            elif kind == "$_ORNOT_":
                out = space.either(a, space.invert(b))
            elif kind == "$_XOR_":
                out = space.differ(a, b)
            elif kind == "$_XNOR_":
                out = space.invert(space.differ(a, b))
            else:
                out = space.choose(a, b, value(pins[2]))
            values[bit] = out
        return [value(bit) for bit in roots]

    def simulate(self, values, roots, width):
        """Many cases at once, one for each bit of the integers; registers taken as wires."""
        ones = (1 << width) - 1
        values = dict(values)

        def value(bit):
            return (ones if bit == "1" else 0) if isinstance(bit, str) else values[bit]

        for bit in self.order(roots, True):
            if bit in values:
                continue
            if bit in self.registers:
                values[bit] = value(self.registers[bit][0])
                continue
            kind, pins = self.gates[bit]
            a = value(pins[0])
            b = value(pins[1]) if len(pins) > 1 else 0
            values[bit] = {
                "$_BUF_": lambda: a,
                "$_NOT_": lambda: a ^ ones,
                "$_AND_": lambda: a & b,
                "$_NAND_": lambda: (a & b) ^ ones,
                "$_ANDNOT_": lambda: a & (b ^ ones),
                "$_OR_": lambda: a | b,
                "$_NOR_": lambda: (a | b) ^ ones,
                "$_ORNOT_": lambda: a | (b ^ ones),
                "$_XOR_": lambda: a ^ b,
                "$_XNOR_": lambda: a ^ b ^ ones,
                "$_MUX_": lambda: a ^ ((a ^ b) & value(pins[2])),
            }[kind]()
        return [value(bit) for bit in roots]

    def depths(self, starts, roots):
        """How many registers lie between the starts and each root, where every path has as many.

        `starts` maps bits to a depth, or to None for a constant. Stops at a bit that can be reached
        by paths of different lengths.
        """
        found = dict(starts)

        def depth(bit):
            return None if isinstance(bit, str) else found[bit]

        for bit in self.order(roots, True):
            if bit in found:
                continue
            if bit in self.registers:
                below = depth(self.registers[bit][0])
                found[bit] = None if below is None else below + 1
                continue
            below = {depth(pin) for pin in self.gates[bit][1]} - {None}
            if len(below) > 1:
                raise ValueError(f"paths of {sorted(below)} registers meet")
            found[bit] = below.pop() if below else None
        return [depth(bit) for bit in roots]


class Clauses:
    """Values in conjunctive normal form. Affine values are cut: in terms of a basis of them."""

    def __init__(self, space):
        self.space = space
        self.count = 1
        self.clauses = [[1]]
        self.basis = []
        self.literals = {}
        self.made = {}

    def fresh(self):
        self.count += 1
        return self.count

    def gate(self, kind, a, b):
        key = (kind, min(a, b), max(a, b))
        if key not in self.made:
            out = self.made[key] = self.fresh()
            if kind == "and":
                self.clauses += [[-out, a], [-out, b], [out, -a, -b]]
            else:
                self.clauses += [[-out, a, b], [-out, -a, -b], [out, -a, b], [out, a, -b]]
        return self.made[key]

    def affine(self, form):
        """A literal for an affine value: the XOR of what it is in the basis, which may grow."""
        if form & ~1 in self.made:
            literal = self.made[form & ~1]
            return -literal if form & 1 else literal
        rest, parts = form & ~1, []
        for pivot, vector, members in self.basis:
            if rest & pivot:
                rest ^= vector
                parts += members
        if rest:
            own = self.fresh()
            pivot = 1 << (rest.bit_length() - 1)
            self.basis.append((pivot, rest, parts + [own]))
            literal = own
        else:
            literal = None
            odd = sorted(part for part in set(parts) if parts.count(part) % 2)
            for part in odd:
                literal = part if literal is None else self.gate("xor", literal, part)
            if literal is None:
                literal = -1
        self.made[form & ~1] = literal
        return -literal if form & 1 else literal

    def add(self, values):
        order, _ = self.space.cone(values)
        for index in order:
            if index not in self.literals:
                kind, a, b = self.space.nodes[index]
                self.literals[index] = self.gate(kind, self.literal(a), self.literal(b))

    def literal(self, value):
        if value >= 0:
            return self.affine(value)
        index, inverted = divmod(-value - 1, 2)
        found = self.literals[index]
        return -found if inverted else found

    def any_of(self, values):
        self.add(values)
        self.clauses.append([self.literal(value) for value in values])

    def is_satisfiable(self, solver, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"p cnf {self.count} {len(self.clauses)}\n")
            file.writelines(" ".join(map(str, clause)) + " 0\n" for clause in self.clauses)
        run = subprocess.run([solver, "-dimacs", str(path)], capture_output=True, text=True)
        words = run.stdout.split()
        if "unsat" in words or "UNSATISFIABLE" in words:
            return False
        if "sat" in words or "SATISFIABLE" in words:
            return True
        raise SystemExit(f"the solver said: {run.stdout.strip()} {run.stderr.strip()}")
