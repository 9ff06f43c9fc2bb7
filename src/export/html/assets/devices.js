// Charts of devices.

/** Height of a bar with its name above it, in CSS pixels. */
const BAR = 54;

function stages(rows, room) {
  const homes = new Map(grouped(rows, "batch_len").map(([length, rows]) =>
    [length, distinct(rows, "home")]));
  const batch = (row) => `${row.batch_len} ${row.home}`;
  // Where the input lies is said only where a batch length alone does not say it.
  const place = (row) => [records(row),
    ...(homes.get(row.batch_len).length > 1 ? [row.home] : [])].join(" · ");
  const plain = (row) => row.plain_ns === null ? "" : `, ${time(row.plain_ns)} plain`;
  const bars = grouped(rows.map((row) => ({ ...row, batch: batch(row) })), "batch");
  const middle = (row) => row.from + row.share / 2;
  const margins = { marginLeft: 18, marginRight: 26 };
  const length = room - margins.marginLeft - margins.marginRight;
  const pixels = (row) => row.share * length;
  // Bold letters are wider. The last resort fits everywhere.
  const named = (row) => [
    `${place(row)} · ${time(row.sum_ns)} taken apart${plain(row)}`,
    `${place(row)} · ${time(row.sum_ns)}${plain(row)}`,
    place(row),
  ].find((text, index) => index === 2 || length > 1.1 * wide(text));
  const label = (row) => {
    const share = `${Math.round(100 * row.share)} %`;
    const both = `${row.stage} ${share}`;
    return [both, share].find((text) => pixels(row) > wide(text)) ?? "";
  };
  return plotted(room, 72 + BAR * bars.length, {
    ...margins,
    x: { label: "share of the stages together", domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1],
      says: (share) => `${100 * share} %` },
    y: { domain: bars.map(([batch]) => batch), padding: 0.25 },
    marks: [
      Plot.barX(rows, { y: batch, x1: "from", x2: (row) => row.from + row.share, insetTop: 14,
        fill: (row) => stageColour(row.stage), stroke: "var(--ink)", strokeWidth: 0.75 }),
      Plot.text(rows, { y: batch, x: middle, dy: 7, fill: "#000000", text: label }),
      Plot.text(bars.map(([, rows]) => rows[0]), { y: batch, x: 0, dy: -14, text: named,
        textAnchor: "start", fill: "var(--ink)", fontWeight: 600 }),
    ],
    hint: { rows, x: middle, y: batch, says: (row) => `${row.stage}, on the ${row.clock}'s clock\n`
      + `${time(row.ns)}, ${percent(row.share)} of ${records(row)} in ${row.home}` },
  });
}

function stageColour(stage) {
  return `var(--s-${stage})`;
}

/** A stage in the legend: a piece of a bar. */
function piece(stage) {
  const swatch = document.createElement("i");
  swatch.className = "swatch";
  swatch.style.background = stageColour(stage);
  swatch.setAttribute("aria-hidden", "true");
  return { name: stage, swatch, fixed: true };
}

/** Ways to use a device: the colour is the device's, the dashes and symbols tell them apart. */
const WAYS = new Map([
  ["end to end", { symbol: "circle", dash: "" }],
  ["stream", { symbol: "square", dash: "8 3" }],
  ["resident", { symbol: "triangle", dash: "4 3" }],
  ["kernel alone", { symbol: "diamond", dash: "2 2" }],
]);

/** A way, in the colour of the device. */
function way(name, rows) {
  return { ...WAYS.get(name), name, colour: colourOf(rows[0]) };
}

function ways(rows, room) {
  const measured = grouped(rows.filter((row) => !row.is_bound), "what");
  const bounds = grouped(rows.filter((row) => row.is_bound), "what");
  const [x, y, height] = ["batch_len", "ns_per_record", 360];
  const up = logarithmic("ns per record", values(rows, y, "low", "high"));
  return plotted(room, height, {
    marginRight: 100,
    x: lengths(rows),
    y: up,
    marks: [
      ...bounds.flatMap(([, rows]) => [
        bound(rows, x, y, "var(--roof)"),
        Plot.dot(rows, { x, y, r: 2, fill: "var(--roof)" }),
      ]),
      named(bounds.map(([, rows]) => rows[rows.length - 1]), x, y, (row) => row.what, up, height,
        { lineWidth: 8 }),
      ...measured.flatMap(([what, rows]) => drawn(rows, x, y, way(what, rows))),
    ],
    hint: { rows, x, y, says: (row) => `${row.what}, on the ${row.clock}'s clock\n`
      + `${records(row)} a batch\n`
      + interval(row.ns_per_record, row.low, row.high, "ns per record") },
  });
}

function breakEven(rows, room) {
  const [x, y] = ["batch_len", "times"];
  return plotted(room, 320, {
    x: lengths(rows),
    y: logarithmic("times as fast as the processor", values(rows, y, "low", "high").concat(1)),
    marks: [
      level(1),
      ...grouped(rows, "mode").flatMap(([mode, rows]) => drawn(rows, x, y, way(mode, rows))),
    ],
    hint: { rows, x, y, says: (row) => `${row.mode}, against ${row.against}\n`
      + `${records(row)} a batch\n` + interval(row.times, row.low, row.high, "times as fast") },
  });
}
