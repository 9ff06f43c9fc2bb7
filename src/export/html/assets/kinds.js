// The kinds of charts that the program names.

/** The backends of some rows, which cannot be hidden. */
function fixed(rows) {
  return backends(rows).map((one) => ({ ...one, fixed: true }));
}

/** A legend of what `entries` gives, and what is dotted. */
function beside(entries, name) {
  return (rows) => [...entries(rows), dotted(name, "var(--roof)")];
}

/** The ways to use a device that a column names. */
function waysOf(column) {
  return (rows) => distinct(rows, column).map((name) => way(name, rows));
}

/** Each kind of chart: its legend, its drawing, the column by which lines are hidden, and that of
 * its panels, where it is another than `panel`. */
const kinds = {
  "per-record": {
    hides: "backend",
    legend: (rows) => [...backends(rows), ...distinct(rows.filter((row) => row.roof !== null),
      "roof").map((name) => dotted(`bound: ${name}`, "var(--roof)"))],
    draw: perRecord,
  },
  "percentiles": {
    hides: "backend",
    legend: backends,
    draw: (rows, room) => tails(rows, room, "backend", look),
  },
  "roofline": {
    hides: "backend",
    legend: beside((rows) => backends(rows).map((one) => ({ ...one, dash: null })),
      "the roof itself"),
    draw: roofline,
  },
  "stages": {
    panel: "backend",
    legend: (rows) => distinct(rows, "stage").map(piece),
    draw: stages,
  },
  "ways": {
    panel: "backend",
    hides: "what",
    legend: beside((rows) => waysOf("what")(rows.filter((row) => !row.is_bound)),
      "bounds: read, copy, link up, link down"),
    draw: ways,
  },
  "break-even": {
    hides: "mode",
    legend: beside(waysOf("mode"), "as fast as the processor"),
    draw: breakEven,
  },
  "cycles": {
    legend: beside(fixed, "bound: the lanes"),
    draw: cycles,
  },
  "backpressure": {
    legend: beside(fixed, "bound: the lanes, as often as the sink is willing"),
    draw: backpressure,
  },
  "threads": {
    hides: "backend",
    legend: beside(backends, "a core for each thread"),
    draw: threads,
  },
  "knee": {
    hides: "backend",
    legend: beside(backends, "the bound"),
    draw: knee,
  },
  "load-percentiles": {
    hides: "kind",
    legend: (rows) => distinct(rows, "kind").map((name) => ({ name, ...times(name, rows) })),
    draw: (rows, room) => tails(rows, room, "kind", times),
  },
};
