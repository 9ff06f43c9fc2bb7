// Charts of what is timed by the host.

/** What holds a row back, and what it reaches of its bound. */
function held(row) {
  const beaten = row.share_low > 1 ? ", beaten here: no bound" : "";
  return (row.share_of_roof === null ? ""
    : `\n${percent(row.share_of_roof)} of its roof${beaten}`)
    + (row.limited_by === null ? "" : `\nheld back by ${row.limited_by}`);
}

/** Panels share their scale: what is beside one another is compared. */
function perRecord(rows, room, all) {
  const [x, roof, height] = ["batch_len", "roof_ns_per_record", 380];
  const y = logarithmic("ns per record", values(all, "ns_per_record", "low", "high", roof));
  return plotted(room, height, {
    x: lengths(rows),
    y,
    marks: [...roofs(rows, x, roof, y, height), ...curves(rows, x, "ns_per_record")],
    hint: { rows, x, y: "ns_per_record", says: (row) =>
      `${row.backend}\n${records(row)} a batch, in ${row.home}\n`
      + interval(row.ns_per_record, row.low, row.high, "ns per record") + held(row) },
  });
}

/** Names of the stores along the roof. Those whose names would touch share one. */
function stores(rows, axis, height) {
  const places = grouped(rows, "home").map(([home, rows]) => {
    const roofs = rows.map((row) => Math.log(row.roof_gb_per_s));
    const middle = Math.exp(roofs.reduce((sum, one) => sum + one, 0) / roofs.length);
    return { home, middle };
  });
  return named(places, "middle", "middle", (one) => one.home, axis, height,
    { textAnchor: "end", dx: -6, dy: -8 });
}

function roofline(rows, room) {
  const [x, y, height] = ["roof_gb_per_s", "reached_gb_per_s", 380];
  const [least, greatest] = extent(values(rows, x));
  const ends = [least / 1.15, greatest * 1.15].map((value) => ({ x: value, y: value }));
  const up = logarithmic("reached, GB/s of input", [...values(rows, y), least, greatest]);
  return plotted(room, height, {
    x: logarithmic("roof, GB/s of input", [least, greatest]),
    y: up,
    marks: [
      bound(ends, "x", "y", "var(--roof)"),
      stores(rows, up, height),
      ...grouped(rows, "backend").map(([name, rows]) => {
        const { colour, symbol } = look(name);
        return points(rows, x, y, colour, symbol, (row) => row.limited_by === "memory");
      }),
    ],
    hint: { rows, x, y, says: (row) => `${row.backend}\n${records(row)} a batch, in ${row.home}\n`
      + `${short(row[y])} of ${short(row[x])} GB/s` + held(row) },
  });
}

/** Teams from which on an axis of threads is logarithmic. */
const MANY = 16;

function threads(rows, room) {
  const all = distinct(rows, "threads");
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const ticks = most > MANY ? all.filter((count) => Number.isInteger(Math.log2(count))) : all;
  const scale = most > MANY ? "log" : "linear";
  const told = values(rows, "times", "low", "high").concat(most);
  const y = most > MANY ? logarithmic("times as fast as one thread", told)
    : fromZero("times as fast as one thread", told);
  return plotted(room, 300, {
    x: { type: scale, label: "threads", ticks: ticks.length > 1 ? ticks : all, says: count,
      domain: [least, Math.max(most, least + 1)] },
    y,
    marks: [
      bound([{ x: least, y: least }, { x: most, y: most }], "x", "y", "var(--roof)"),
      ...curves(rows, "threads", "times"),
    ],
    hint: { rows, x: "threads", y: "times", says: (row) =>
      `${row.backend}, ${count(row.threads)} threads\n`
      + interval(row.times, row.low, row.high, "times one thread")
      + (row.ns_per_record === null ? "" : `\n${short(row.ns_per_record)} ns per record`) },
  });
}
