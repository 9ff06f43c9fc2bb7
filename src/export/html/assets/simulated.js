// Charts of counted cycles: exact, so there are no intervals.

function cycles(rows, room) {
  return plotted(room, 300, {
    x: lengths(rows, room),
    y: fromZero("records per cycle", rows.map((row) => row.bound)),
    marks: [
      bound(rows, "batch_len", "bound", "var(--roof)"),
      ...curves(rows.map((row) => ({ ...row, low: null })), "batch_len", "records_per_cycle"),
      hint(rows, "batch_len", "records_per_cycle", (row) => `${row.backend}, ${row.lanes} lanes\n`
        + `${records(row)} in ${count(row.total_cycles)} cycles\n`
        + `${short(row.records_per_cycle)} of ${short(row.bound)} records per cycle\n`
        + `latency ${count(row.latency_min)} to ${count(row.latency_max)} cycles`),
    ],
  });
}

function backpressure(rows, room) {
  const lines = grouped(rows.map((row) => ({ ...row, low: null })), "batch_len");
  const ends = lines.map(([, rows]) => rows[0]);
  return plotted(room, 300, {
    marginRight: 110,
    x: { label: "cycles in which the sink is willing, %", domain: [0, 100], says: short,
      ticks: distinct(rows, "willing_percent") },
    y: fromZero("records per cycle", rows.map((row) => row.bound)),
    marks: [
      bound(lines[0][1], "willing_percent", "bound", "var(--roof)"),
      ...lines.flatMap(([, rows]) => curves(rows, "willing_percent", "records_per_cycle")),
      named(ends, "willing_percent", "records_per_cycle", (row) => count(row.batch_len)),
      hint(rows, "willing_percent", "records_per_cycle", (row) =>
        `${records(row)} in ${count(row.total_cycles)} cycles, `
        + `held back in ${count(row.stalled_cycles)}\n`
        + `${short(row.records_per_cycle)} of ${short(row.bound)} records per cycle\n`
        + `latency ${count(row.latency_min)} to ${count(row.latency_max)} cycles`),
    ],
  });
}
