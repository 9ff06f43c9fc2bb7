// Axes and lines that several charts share.

/** Rows of each backend, as lines. */
function curves(rows, x, y) {
  return grouped(rows, "backend").flatMap(([name, rows]) => curve(rows, x, y, name));
}

/** An axis of batch lengths: those that were measured. */
function lengths(rows, room) {
  const all = distinct(rows, "batch_len").sort((one, other) => one - other);
  const longest = Math.max(...all.map((value) => count(value).length));
  const ticks = thinned(all, Math.floor((room - 76) / (7.5 * longest + 8)));
  return { type: "log", label: "records per batch", ticks, says: count, domain: extent(all) };
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

/** A logarithmic axis of values, with a margin. */
function logarithmic(label, values, says = short) {
  const [least, greatest] = extent(values);
  const domain = [least / 1.15, greatest * 1.15];
  return { type: "log", label, ticks: decades(domain, 7), says, domain };
}

/** A linear axis from zero. */
function fromZero(label, values) {
  const most = Math.max(...values.filter((value) => value !== null));
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((step) => most / step <= 5) ?? most;
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
  return { label, ticks, says: short, domain: [0, 1.05 * most] };
}

/** The dotted roofs of some rows: one of the host, and one of each device. */
function roofs(rows, x, y) {
  const bounded = rows.filter((row) => row[y] !== null);
  return grouped(bounded, "roof").map(([, rows]) => {
    const once = grouped(rows, x).map(([, rows]) => rows[0]);
    return bound(once.sort((one, other) => one[x] - other[x]), x, y, "var(--roof)");
  });
}

/** Percentiles by the readings of which one is beyond: 2 is the median, 100 is p99. */
const PERCENTILES = [2, 10, 100, 1e3, 1e4, 1e5, 1e6];

function percentileName(oneIn) {
  const digits = Math.ceil(Math.log10(oneIn));
  return `p${Number((100 - 100 / oneIn).toFixed(digits))}`;
}

function percentileAxis(rows, room) {
  const most = Math.max(2, ...rows.map((row) => row.one_in));
  const all = PERCENTILES.filter((value) => value <= most * 1.01);
  return { type: "log", label: "percentile, to the last that the readings bear",
    ticks: thinned(all, Math.floor((room - 90) / 52)), says: percentileName, domain: [1, most] };
}

/** A line of percentiles, with a symbol at each that has a name. */
function tail(rows, { colour, symbol, dash }) {
  const named = rows.filter((row) => PERCENTILES.includes(row.one_in));
  return [
    Plot.line(rows, { x: "one_in", y: "ns", stroke: colour, strokeWidth: 2,
      strokeDasharray: dash }),
    Plot.dot(named, { x: "one_in", y: "ns", fill: colour, stroke: colour, symbol, r: 3.5 }),
  ];
}

/** Percentile curves, one for each value of `by`. */
function tails(rows, room, by, look) {
  return plotted(room, 300, {
    x: percentileAxis(rows, room),
    y: logarithmic(rows[0].kind === undefined ? "time per batch" : "time per request",
      rows.map((row) => row.ns), time),
    marginLeft: 66,
    marks: [
      ...grouped(rows, by).flatMap(([name, rows]) => tail(rows, look(name, rows))),
      hint(rows, "one_in", "ns", (row) =>
        `${row[by]}\n${percentileName(row.one_in)}: ${time(row.ns)}`),
    ],
  });
}
