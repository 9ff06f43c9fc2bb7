// The frame around every chart: legend, panels, room, and redrawing when the room changes.

const palette = new Map(report.series.map((one) => [one.name, one]));

/** Symbols that Observable Plot has not: polygons within a square of two, so that each can be
 * hollow. */
const SHAPES = {
  down: [[0, 1], [-1, -0.75], [1, -0.75]],
  left: [[-1, 0], [0.75, -1], [0.75, 1]],
  right: [[1, 0], [-0.75, -1], [-0.75, 1]],
  tall: [[-0.5, -1.2], [0.5, -1.2], [0.5, 1.2], [-0.5, 1.2]],
  flat: [[-1.2, -0.5], [1.2, -0.5], [1.2, 0.5], [-1.2, 0.5]],
};

function symbolOf(name) {
  const shape = SHAPES[name];
  if (shape === undefined) return name;
  return { draw(context, size) {
    const radius = Math.sqrt(size / Math.PI);
    shape.forEach(([x, y], index) =>
      context[index === 0 ? "moveTo" : "lineTo"](x * radius, y * radius));
    context.closePath();
  } };
}

/** How a backend looks, everywhere. */
function look(name) {
  const { place, symbol, dash } = palette.get(name) ?? report.other;
  return { colour: `var(--b-${place})`, symbol: symbolOf(symbol), dash };
}

const colourOf = (row) => look(row.backend).colour;

/** Least room in which a tip stands beside the pointer, in CSS pixels: below, it stands under the
 * plot, where nothing is cut off. */
const TIP_ROOM = 500;

/** A plot with its axes, and what it says under it where there is no room beside the pointer.
 * `room` is its width in CSS pixels; an axis is a scale with its `ticks` and what it `says` at one:
 * Plot itself would leave out some on logarithmic axes. Marks stay within the axes: only symbols
 * and tips may reach across. */
function plotted(room, height, { x, y, marks, hint, ...options }) {
  const margins = { marginLeft: 58, marginRight: 34, marginTop: 26, marginBottom: 46, ...options };
  const scale = ({ ticks, says, label, ...scale }) => ({ ...scale, axis: null });
  const axis = ({ says, label }) => ({ text: says, label, labelArrow: "none" });
  const across = spaced(x, room - margins.marginLeft - margins.marginRight, wide);
  const up = y.ticks === undefined ? undefined
    : spaced(y, height - margins.marginTop - margins.marginBottom, () => LINE);
  const plot = Plot.plot({
    width: room,
    height,
    ...margins,
    style: { fontSize: "12px", fontFamily: "inherit", background: "none", overflow: "visible" },
    x: scale(x),
    y: scale(y),
    marks: [
      Plot.gridX(across),
      up === undefined ? null : Plot.gridY(up),
      Plot.axisX(across, { ...axis(x), labelAnchor: "center", labelOffset: 36 }),
      up === undefined ? null : Plot.axisY(up, axis(y)),
      ...marks,
      ...pointed(hint, room),
    ],
  });
  if (room >= TIP_ROOM) return [plot];
  const output = document.createElement("output");
  output.textContent = "point at a mark to read it";
  plot.addEventListener("input", () => {
    if (plot.value !== null) output.textContent = hint.says(plot.value);
  });
  return [plot, output];
}

/** What the pointer is nearest to, with the text beside it where there is room. */
function pointed({ rows, x, y, says, ...options }, room) {
  const near = { x, y, maxRadius: 160, ...options };
  if (room < TIP_ROOM) {
    return [Plot.dot(rows, Plot.pointer({ ...near, r: 8, stroke: "var(--ink)", strokeWidth: 2 }))];
  }
  return [Plot.tip(rows, Plot.pointer({ ...near, title: says, fontSize: 12, lineHeight: 1.25,
    lineWidth: 40, fill: "var(--card)" }))];
}

/** A line, whole or dashed. */
function dashed(rows, x, y, colour, dash) {
  return Plot.line(rows, { x, y, stroke: colour, strokeWidth: 2, strokeDasharray: dash,
    clip: true });
}

/** Symbols. Where `is_hollow`, they are. */
function points(rows, x, y, colour, symbol, isHollow = () => false) {
  return Plot.dot(rows, { x, y, stroke: colour, strokeWidth: 1.5, symbol: () => symbol, r: 4,
    fill: (row) => (isHollow(row) ? "var(--card)" : colour) });
}

/** Intervals: a band, and a rule at each value. */
function intervals(rows, x, colour) {
  const banded = rows.filter((row) => row.low > 0);
  return [
    Plot.areaY(banded, { x, y1: "low", y2: "high", fill: colour, fillOpacity: 0.2, clip: true }),
    Plot.ruleX(banded, { x, y1: "low", y2: "high", stroke: colour, strokeWidth: 1.5, clip: true }),
  ];
}

/** A line with its intervals and its symbols. */
function drawn(rows, x, y, { colour, symbol, dash }) {
  return [
    ...intervals(rows, x, colour),
    dashed(rows, x, y, colour, dash),
    points(rows, x, y, colour, symbol),
  ];
}

/** A line of one backend. */
function curve(rows, x, y, name) {
  return drawn(rows, x, y, look(name));
}

const DOTTED = { strokeWidth: 2, strokeDasharray: "1 4", strokeLinecap: "round", clip: true };

/** A bound: dotted, without points. */
function bound(rows, x, y, colour) {
  return Plot.line(rows, { x, y, stroke: colour, ...DOTTED });
}

/** A bound that is the same everywhere. */
function level(value) {
  return Plot.ruleY([value], { stroke: "var(--roof)", ...DOTTED });
}

/** The roofs of some rows: one of the host, and one of each device, by its colour and name. */
function roofs(rows, x, y, axis, height) {
  const bounded = rows.filter((row) => row[y] !== null);
  const isOwn = (row) => row.roof !== "reading the input";
  const lines = grouped(bounded, "roof").flatMap(([, rows]) =>
    (isOwn(rows[0]) ? grouped(rows, "backend") : [[null, rows]]).map(([name, rows]) =>
      [name, grouped(rows, x).map(([, rows]) => rows[0]).sort((one, other) => one[x] - other[x])]));
  const ends = lines.filter(([name]) => name !== null).map(([, rows]) => rows[rows.length - 1]);
  return [
    ...lines.map(([name, rows]) =>
      bound(rows, x, y, name === null ? "var(--roof)" : look(name).colour)),
    // One alone has its colour and the legend.
    ends.length < 2 ? null : named(ends, x, y, (row) => `${row.backend}'s bound`, axis, height,
      { textAnchor: "end", dx: -4, dy: -9, lineWidth: 30 }),
  ];
}

/** Names at the ends of lines. Ends whose names would touch share a line of text. `height` is that
 * of the plot. */
function named(ends, x, y, says, axis, height, options = {}) {
  const place = (end) => along(axis, end[y]) * (height - 72);
  const sorted = [...ends].sort((one, other) => other[y] - one[y]);
  const merged = [];
  for (const end of sorted) {
    const above = merged[merged.length - 1];
    if (above !== undefined && place(above.last) - place(end) < LINE) {
      above.texts.push(says(end));
      above.last = end;
    } else {
      merged.push({ x: end[x], y: end[y], texts: [says(end)], last: end });
    }
  }
  const text = ({ texts }) => texts.length > 2 ? `${texts[0]} … ${texts.at(-1)}`
    : texts.join(" / ");
  return Plot.text(merged, { x: "x", y: "y", text, dx: 9, textAnchor: "start",
    fontSize: 11, fill: "var(--soft)", ...options });
}

/** The sample of a line beside its name. */
function sample({ colour, symbol, dash }) {
  const middle = [{ x: 0.5, y: 0.5 }];
  const ends = [{ x: 0, y: 0.5 }, { x: 1, y: 0.5 }];
  return Plot.plot({
    width: 28, height: 14, margin: 2, axis: null, x: { domain: [0, 1] }, y: { domain: [0, 1] },
    ariaHidden: true,
    marks: [
      dash === null ? null : dashed(ends, "x", "y", colour, dash),
      symbol === null ? null : points(middle, "x", "y", colour, symbol),
    ],
  });
}

/** Buttons that name the lines, and hide and show them. */
function legend(items, hidden, redraw) {
  const list = document.createElement("div");
  list.className = "legend";
  for (const item of items) {
    const button = document.createElement(item.fixed ? "span" : "button");
    const name = document.createElement("span");
    name.textContent = item.name;
    button.append(item.swatch ?? sample(item), name);
    if (!item.fixed) {
      button.type = "button";
      button.title = "hide or show";
      button.setAttribute("aria-pressed", String(!hidden.has(item.name)));
      button.addEventListener("click", () => {
        if (!hidden.delete(item.name)) hidden.add(item.name);
        button.setAttribute("aria-pressed", String(!hidden.has(item.name)));
        redraw();
      });
    }
    list.append(button);
  }
  return list;
}

/** The backends of some rows, for the legend. */
function backends(rows) {
  return distinct(rows, "backend").map((name) => ({ name, ...look(name) }));
}

/** What a bound looks like in the legend. */
function dotted(name, colour) {
  return { name, colour, symbol: null, dash: "1 4", fixed: true };
}

/** Least width of a panel beside others, and the gap between them, in CSS pixels. */
const [PANEL_WIDTH, PANEL_GAP] = [330, 24];

/** Width of each of some panels: as many in a row as have room, and no row of one below others. */
function panelRoom(room, panels) {
  const most = Math.max(1, Math.floor((room + PANEL_GAP) / (PANEL_WIDTH + PANEL_GAP)));
  const columns = Math.ceil(panels / Math.ceil(panels / most));
  return Math.floor((room - PANEL_GAP * (columns - 1)) / columns);
}

/** Panels with their titles, one for each value of `by`, drawn by `draw(rows, room)`. */
function panels(rows, room, by, title, draw) {
  const groups = grouped(rows, by);
  return groups.map(([name, rows]) => {
    const panel = document.createElement("div");
    panel.className = "panel";
    const heading = document.createElement("h4");
    heading.textContent = name;
    const [plot, ...output] = draw(rows, panelRoom(room, groups.length));
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", `${title}: ${name}`);
    panel.append(heading, plot, ...output);
    return panel;
  });
}

/** Width of the page when it is printed, in CSS pixels: A4 with margins. */
const PRINTED_WIDTH = 690;

/** Puts a chart into its figure, and draws it again whenever its room changes. */
function mount(figure, chart, kind) {
  const rows = objects(chart);
  const place = figure.querySelector(".plots");
  const hidden = new Set();
  let drawn = 0;
  const redraw = () => {
    const shown = kind.hides === undefined ? rows
      : rows.filter((row) => !hidden.has(row[kind.hides]));
    const title = figure.querySelector("h3").textContent;
    place.replaceChildren(...panels(shown, drawn, kind.panel ?? "panel", title,
      (rows, room) => kind.draw(rows, room, shown)));
  };
  const fit = (width) => {
    if (width > 0 && width !== drawn) {
      drawn = width;
      redraw();
    }
  };
  place.before(legend(kind.legend(rows), hidden, redraw));
  const measured = () => Math.floor(place.getBoundingClientRect().width);
  fit(measured());
  new ResizeObserver(() => requestAnimationFrame(() => fit(measured()))).observe(place);
  window.addEventListener("beforeprint", () => fit(PRINTED_WIDTH));
  window.addEventListener("afterprint", () => fit(measured()));
}
