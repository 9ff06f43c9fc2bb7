// Charts of devices.

/** Stages in their order: those of the host in greys, those of the device in its colours. */
const STAGES = new Map([
  ["write", "var(--s-1)"], ["upload", "var(--s-2)"], ["queue", "var(--s-3)"],
  ["kernel", "var(--s-4)"], ["download", "var(--s-5)"], ["decode", "var(--s-6)"],
]);

function stages(rows, room) {
  const homes = new Map(grouped(rows, "batch_len").map(([length, rows]) =>
    [length, distinct(rows, "home")]));
  // Where the input lies is said only where a batch length alone does not say it.
  const batch = (row) => [count(row.batch_len),
    ...(homes.get(row.batch_len).length > 1 ? [row.home] : []), time(row.sum_ns)].join(" · ");
  const bars = [...new Set(rows.map(batch))];
  const left = 10 + 7 * Math.max(...bars.map((bar) => bar.length));
  const middle = (row) => row.from + row.share / 2;
  const wide = rows.filter((row) => row.share * (room - left) > 44);
  return plotted(room, 72 + 40 * bars.length, {
    marginLeft: left,
    x: { label: "share of the batch's time", domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1],
      says: percent },
    y: { label: "records · time", domain: bars, padding: 0.25 },
    marks: [
      Plot.barX(rows, { y: batch, x1: "from", x2: (row) => row.from + row.share,
        fill: (row) => STAGES.get(row.stage), insetLeft: 0.5, insetRight: 0.5 }),
      Plot.text(wide, { y: batch, x: middle, fill: "var(--on-stage)",
        text: (row) => `${Math.round(100 * row.share)} %` }),
      Plot.tip(rows, Plot.pointer({ y: batch, x: middle, maxRadius: 160, fontSize: 12,
        lineHeight: 1.25,
        title: (row) => `${row.stage}, on the ${row.clock}'s clock\n`
          + `${time(row.ns)}, ${percent(row.share)} of ${records(row)} in ${row.home}` })),
    ],
  });
}

/** Ways to use a device: the colour is the device's, the dashes and symbols tell them apart. */
const WAYS = new Map([
  ["end to end", { symbol: "circle", dash: "" }],
  ["stream", { symbol: "square", dash: "8 3" }],
  ["resident", { symbol: "triangle", dash: "4 3" }],
  ["kernel alone", { symbol: "diamond", dash: "2 2" }],
]);

function ways(rows, room) {
  const measured = grouped(rows.filter((row) => !row.is_bound), "what");
  const bounds = grouped(rows.filter((row) => row.is_bound), "what");
  const [x, y] = ["batch_len", "ns_per_record"];
  return plotted(room, 360, {
    marginRight: 100,
    x: lengths(rows, room - 66),
    y: logarithmic("ns per record", rows.map((row) => row.ns_per_record)),
    marks: [
      ...bounds.flatMap(([, rows]) => [
        bound(rows, x, y, "var(--roof)"),
        Plot.dot(rows, { x, y, r: 2, fill: "var(--roof)" }),
      ]),
      named(bounds.map(([, rows]) => rows[rows.length - 1]), x, y, (row) => row.what),
      ...measured.flatMap(([what, rows]) => {
        const { symbol, dash } = WAYS.get(what);
        const colour = colourOf(rows[0]);
        return [
          Plot.ruleX(rows, { x, y1: "low", y2: "high", stroke: colour }),
          Plot.line(rows, { x, y, stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
          Plot.dot(rows, { x, y, fill: colour, symbol, r: 4 }),
        ];
      }),
      hint(rows, x, y, (row) => `${row.what}, on the ${row.clock}'s clock\n`
        + `${records(row)} a batch\n`
        + interval(row.ns_per_record, row.low, row.high, "ns per record")),
    ],
  });
}

function breakEven(rows, room) {
  return plotted(room, 320, {
    x: lengths(rows, room),
    y: logarithmic("times as fast as the processor", rows.map((row) => row.times).concat(1)),
    marks: [
      Plot.ruleY([1], { stroke: "var(--roof)", strokeWidth: 2, strokeDasharray: "1 4",
        strokeLinecap: "round" }),
      ...grouped(rows, "mode").flatMap(([mode, rows]) => {
        const { symbol, dash } = WAYS.get(mode);
        const colour = colourOf(rows[0]);
        return [
          Plot.areaY(rows, { x: "batch_len", y1: "low", y2: "high", fill: colour,
            fillOpacity: 0.2 }),
          Plot.line(rows, { x: "batch_len", y: "times", stroke: colour, strokeWidth: 2,
            strokeDasharray: dash }),
          Plot.dot(rows, { x: "batch_len", y: "times", fill: colour, symbol, r: 4 }),
        ];
      }),
      hint(rows, "batch_len", "times", (row) => `${row.mode}, against ${row.against}\n`
        + `${records(row)} a batch\n`
        + interval(row.times, row.low, row.high, "times as fast")),
    ],
  });
}
