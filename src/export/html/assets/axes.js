// Axes and what they have in common.

/** Where a value lies on an axis, as a share of its length. */
function along({ type, domain: [least, greatest] }, value) {
  const at = type === "log" ? Math.log : (value) => value;
  return (at(value) - at(least)) / (at(greatest) - at(least));
}

/** Width of a text on an axis, and least height of a line of it, in CSS pixels. */
const [LETTER, LINE] = [7, 14];

/** Those ticks of an axis of `length` pixels that do not touch, the last one always among them.
 * `extent` is the room that a tick takes. */
function spaced(axis, length, extent) {
  const kept = [];
  let free = Infinity;
  for (const tick of [...axis.ticks].sort((one, other) => other - one)) {
    const [place, half] = [along(axis, tick) * length, extent(axis.says(tick)) / 2];
    if (place + half <= free) {
      kept.push(tick);
      free = place - half;
    }
  }
  return kept.reverse();
}

function wide(text) {
  return LETTER * text.length + 8;
}

/** Round steps of 1, 2 or 5 in some decade, at most `most` of them between two values. */
function steps(least, greatest, most) {
  const rough = (greatest - least) / most;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * decade).find((step) => step >= rough);
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(greatest / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)));
}

/** Round numbers on a logarithmic axis: 1, 2 and 5 in each decade, or decades alone; and where
 * fewer than three of them lie on it, those of a linear one. */
function decades([least, greatest], most) {
  const all = [];
  for (let exponent = Math.floor(Math.log10(least)); 10 ** exponent <= greatest; exponent += 1) {
    for (const digit of [1, 2, 5]) all.push({ digit, value: Number(`${digit}e${exponent}`) });
  }
  const within = all.filter(({ value }) => value >= least && value <= greatest);
  const tens = within.filter(({ digit }) => digit === 1);
  const chosen = within.length <= most ? within : tens;
  return chosen.length >= 3 ? chosen.map(({ value }) => value) : steps(least, greatest, 5);
}

/** Rows of each backend, as lines. */
function curves(rows, x, y) {
  return grouped(rows, "backend").flatMap(([name, rows]) => curve(rows, x, y, name));
}

/** An axis of batch lengths: those that were measured. */
function lengths(rows) {
  const ticks = distinct(rows, "batch_len");
  return { type: "log", label: "records per batch", ticks, says: count, domain: extent(ticks) };
}

function records(row) {
  return row.batch_len === 1 ? "1 record" : `${count(row.batch_len)} records`;
}

/** Least and greatest; a single value gets room on both sides. */
function extent(values) {
  const known = values.filter((value) => value !== null && value > 0);
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  return least < greatest ? [least, greatest] : [least / 2, greatest * 2];
}

/** All values of some columns: what an axis must have room for. */
function values(rows, ...columns) {
  return columns.flatMap((column) => rows.map((row) => row[column]));
}

/** A logarithmic axis of values, with a margin. */
function logarithmic(label, values, says = plain) {
  const [least, greatest] = extent(values);
  const domain = [least / 1.15, greatest * 1.15];
  return { type: "log", label, ticks: decades(domain, 12), says, domain };
}

/** A linear axis from zero. */
function fromZero(label, values) {
  const most = Math.max(...values.filter((value) => value !== null));
  return { label, ticks: steps(0, most, 5), says: plain, domain: [0, 1.05 * most] };
}

/** Percentiles by the readings of which one is beyond: 2 is the median, 100 is p99. */
const PERCENTILES = [2, 10, 100, 1e3, 1e4, 1e5, 1e6];

function percentileName(oneIn) {
  const digits = Math.ceil(Math.log10(oneIn));
  return `p${Number((100 - 100 / oneIn).toFixed(digits))}`;
}

function percentileAxis(rows) {
  const most = Math.max(2, ...rows.map((row) => row.one_in));
  const ticks = PERCENTILES.filter((value) => value <= most * 1.01);
  return { type: "log", label: "percentile that is earned", ticks, says: percentileName,
    domain: [1, most] };
}

/** A line of percentiles, with a symbol at each that has a name. */
function tail(rows, { colour, symbol, dash }) {
  const named = rows.filter((row) => PERCENTILES.includes(row.one_in));
  const [x, y] = ["one_in", "ns"];
  return [dashed(rows, x, y, colour, dash), points(named, x, y, colour, symbol)];
}

/** Percentile curves, one for each value of `by`. */
function tails(rows, room, by, look) {
  const label = rows[0].kind === undefined ? "time per batch" : "time per request";
  return plotted(room, 300, {
    x: percentileAxis(rows),
    y: logarithmic(label, values(rows, "ns"), (value) => time(value, plain)),
    marginLeft: 66,
    marks: grouped(rows, by).flatMap(([name, rows]) => tail(rows, look(name, rows))),
    hint: { rows, x: "one_in", y: "ns", says: (row) =>
      `${row[by]}\n${percentileName(row.one_in)}: ${time(row.ns)}` },
  });
}
