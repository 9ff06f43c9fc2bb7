// Charts of counted cycles: exact, so there are no intervals.

const BY_CYCLE = "records_per_cycle";

/** A chart of records per cycle over `x`, below what the lanes allow. */
function counted(rows, room, { x, axis, by, ends, ...options }) {
  const [height, y] = [300, fromZero("records per cycle", values(rows, "bound", BY_CYCLE))];
  const lines = grouped(rows, by);
  return plotted(room, height, {
    x: axis,
    y,
    marks: [
      bound(lines[0][1], x, "bound", "var(--roof)"),
      ...lines.flatMap(([, rows]) => curves(rows, x, BY_CYCLE)),
      ends === undefined ? null
        : named(lines.map(([, rows]) => rows[0]), x, BY_CYCLE, ends, y, height),
    ],
    hint: { rows, x, y: BY_CYCLE, says: (row) => `${row.backend}, ${row.lanes} lanes\n`
      + `${records(row)} in ${count(row.total_cycles)} cycles, `
      + `held back in ${count(row.stalled_cycles)}\n`
      + `${short(row[BY_CYCLE])} of ${short(row.bound)} records per cycle\n`
      + `latency ${count(row.latency_min)} to ${count(row.latency_max)} cycles` },
    ...options,
  });
}

function cycles(rows, room) {
  return counted(rows, room, { x: "batch_len", axis: lengths(rows), by: "backend" });
}

function backpressure(rows, room) {
  const x = "willing_percent";
  return counted(rows, room, {
    x,
    axis: { label: "cycles in which the sink is willing, %", domain: [0, 100], says: plain,
      ticks: distinct(rows, x) },
    by: "batch_len",
    ends: (row) => count(row.batch_len),
    marginRight: 130,
  });
}
