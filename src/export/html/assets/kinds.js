// The kinds of charts that the program names.

/** Each kind of chart: its legend, the column by which lines are hidden, its drawing. */
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
    legend: (rows) => [...backends(rows), dotted("the roof itself", "var(--roof)")],
    draw: roofline,
  },
  "stages": {
    legend: (rows) => distinct(rows, "stage").map((name) =>
      ({ name, colour: STAGES.get(name), symbol: "square", dash: "", fixed: true })),
    draw: stages,
  },
  "ways": {
    hides: "what",
    legend: (rows) => [
      ...distinct(rows.filter((row) => !row.is_bound), "what").map((name) =>
        ({ name, colour: colourOf(rows[0]), ...WAYS.get(name) })),
      dotted("bounds: read, copy, link up, link down", "var(--roof)")],
    draw: ways,
  },
  "break-even": {
    hides: "mode",
    legend: (rows) => [...distinct(rows, "mode").map((name) =>
      ({ name, colour: colourOf(rows[0]), ...WAYS.get(name) })),
      dotted("as fast as the processor", "var(--roof)")],
    draw: breakEven,
  },
  "cycles": {
    legend: (rows) => [...backends(rows).map((one) => ({ ...one, fixed: true })),
      dotted("bound: the lanes", "var(--roof)")],
    draw: cycles,
  },
  "backpressure": {
    legend: (rows) => [...backends(rows).map((one) => ({ ...one, fixed: true })),
      dotted("bound: the lanes, as often as the sink is willing", "var(--roof)")],
    draw: backpressure,
  },
  "threads": {
    hides: "backend",
    legend: (rows) => [...backends(rows), dotted("a core for each thread", "var(--roof)")],
    draw: threads,
  },
  "knee": {
    hides: "backend",
    legend: (rows) => [...backends(rows), dotted("the bound", "var(--roof)")],
    draw: knee,
  },
  "load-percentiles": {
    hides: "kind",
    legend: (rows) => distinct(rows, "kind").map((name) => ({ name, ...times(name, rows) })),
    draw: (rows, room) => tails(rows, room, "kind", times),
  },
};
