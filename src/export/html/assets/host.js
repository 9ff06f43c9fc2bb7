// Charts of what is timed by the host.

function perRecord(rows, room) {
  const says = (row) => `${row.backend}\n${records(row)} a batch, in ${row.home}\n`
    + `${interval(row.ns_per_record, row.low, row.high, "ns per record")}\n`
    + (row.share_of_roof === null ? "" : `${percent(row.share_of_roof)} of its roof, ${row.roof}`)
    + (row.limited_by === null ? "" : `\nheld back by ${row.limited_by}`);
  const all = rows.flatMap((row) => [row.ns_per_record, row.roof_ns_per_record]);
  return plotted(room, 380, {
    x: lengths(rows, room),
    y: logarithmic("ns per record", all),
    marks: [
      ...roofs(rows, "batch_len", "roof_ns_per_record"),
      ...curves(rows, "batch_len", "ns_per_record"),
      hint(rows, "batch_len", "ns_per_record", says),
    ],
  });
}

function roofline(rows, room) {
  const reached = rows.map((row) => row.reached_gb_per_s);
  const [least, greatest] = extent(rows.map((row) => row.roof_gb_per_s));
  const ends = [least / 1.15, greatest * 1.15].map((value) => ({ x: value, y: value }));
  const sorted = [...rows].sort((one, other) => one.roof_gb_per_s - other.roof_gb_per_s);
  const says = (row) => `${row.backend}\n${records(row)} a batch, in ${row.home}\n`
    + `${short(row.reached_gb_per_s)} of ${short(row.roof_gb_per_s)} GB/s, `
    + percent(row.share_of_roof)
    + (row.limited_by === null ? "" : `\nheld back by ${row.limited_by}`);
  return plotted(room, 380, {
    x: logarithmic("roof, GB/s of input", [least, greatest]),
    y: logarithmic("reached, GB/s of input", [...reached, least, greatest]),
    marks: [
      bound(ends, "x", "y", "var(--roof)"),
      ...grouped(sorted, "backend").map(([name, rows]) => Plot.line(rows, {
        x: "roof_gb_per_s", y: "reached_gb_per_s", stroke: look(name).colour,
        strokeOpacity: 0.4 })),
      Plot.dot(rows, { x: "roof_gb_per_s", y: "reached_gb_per_s", symbol: symbolOf, r: 4.5,
        stroke: colourOf, strokeWidth: 1.5,
        fill: (row) => (row.limited_by === "memory" ? "var(--paper)" : colourOf(row)) }),
      hint(rows, "roof_gb_per_s", "reached_gb_per_s", says),
    ],
  });
}

function threads(rows, room) {
  const all = distinct(rows, "threads").sort((one, other) => one - other);
  const most = all[all.length - 1];
  return plotted(room, 300, {
    x: { label: "threads", ticks: all, says: count, domain: [all[0], Math.max(most, all[0] + 1)] },
    y: fromZero("times as fast as one thread", [most]),
    marks: [
      bound([{ x: all[0], y: all[0] }, { x: most, y: most }], "x", "y", "var(--roof)"),
      ...curves(rows, "threads", "times"),
      hint(rows, "threads", "times", (row) => `${row.backend}, ${count(row.threads)} threads\n`
        + interval(row.times, row.low, row.high, "times one thread")
        + (row.ns_per_record === null ? "" : `\n${short(row.ns_per_record)} ns per record`)),
    ],
  });
}
