// The frame around every chart: legend, panels, room, and redrawing when the room changes.

const palette = new Map(report.series.map((one) => [one.name, one]));

/** How a backend looks, everywhere. */
function look(name) {
  const { place, symbol, dash } = palette.get(name) ?? { place: 0, symbol: "circle", dash: "" };
  return { colour: `var(--b-${place})`, symbol, dash };
}

const colourOf = (row) => look(row.backend).colour;
const symbolOf = (row) => look(row.backend).symbol;

/** A plot with its axes. `room` is its width in CSS pixels; an axis is a scale with its `ticks` and
 * what it `says` at one: Plot itself would leave out some on logarithmic axes. */
function plotted(room, height, { x, y, marks, ...options }) {
  const scale = ({ ticks, says, label, ...scale }) => ({ ...scale, axis: null });
  const axis = ({ says, label }) => ({ text: says, label, labelArrow: "none" });
  return Plot.plot({
    width: room,
    height,
    marginLeft: 58,
    marginRight: 34,
    marginTop: 26,
    marginBottom: 46,
    style: { fontSize: "12px", fontFamily: "inherit", background: "none", overflow: "visible" },
    ...options,
    x: scale(x),
    y: scale(y),
    marks: [
      Plot.gridX(x.ticks),
      y.ticks === undefined ? null : Plot.gridY(y.ticks),
      Plot.axisX(x.ticks, { ...axis(x), labelAnchor: "center", labelOffset: 36 }),
      Plot.axisY(y.ticks ?? y.domain, axis(y)),
      ...marks,
    ],
  });
}

/** Text beside what the pointer is nearest to. */
function hint(rows, x, y, says) {
  return Plot.tip(rows, Plot.pointer({ x, y, title: says, fontSize: 12,
    lineHeight: 1.25, lineWidth: 40 }));
}

/** A line of one backend: its interval as a band, its points with their symbols. */
function curve(rows, x, y, name) {
  const { colour, symbol, dash } = look(name);
  const banded = rows.filter((row) => row.low > 0);
  return [
    Plot.areaY(banded, { x, y1: "low", y2: "high", fill: colour, fillOpacity: 0.2 }),
    Plot.ruleX(banded, { x, y1: "low", y2: "high", stroke: colour, strokeWidth: 1.5 }),
    Plot.line(rows, { x, y, stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
    Plot.dot(rows, { x, y, fill: colour, stroke: colour, symbol, r: 3.5 }),
  ];
}

/** A bound: dotted, without points. */
function bound(rows, x, y, colour) {
  return Plot.line(rows, { x, y, stroke: colour, strokeWidth: 2, strokeDasharray: "1 4",
    strokeLinecap: "round" });
}

/** Names to the right of the ends of lines. Ends that lie together share a line of text. */
function named(ends, x, y, says) {
  const sorted = [...ends].sort((one, other) => other[y] - one[y]);
  const merged = [];
  for (const end of sorted) {
    const above = merged[merged.length - 1];
    if (above !== undefined && above.last[y] / end[y] < 1.3) {
      above.text += ` / ${says(end)}`;
      above.last = end;
    } else {
      merged.push({ x: end[x], y: end[y], text: says(end), last: end });
    }
  }
  return Plot.text(merged, { x: "x", y: "y", text: "text", dx: 9, textAnchor: "start",
    fontSize: 11, fill: "var(--soft)", lineWidth: 9 });
}

/** The sample of a line beside its name. */
function sample({ colour, symbol, dash }) {
  const middle = [{ x: 0.5, y: 0.5 }];
  const ends = [{ x: 0, y: 0.5 }, { x: 1, y: 0.5 }];
  return Plot.plot({
    width: 28, height: 14, margin: 2, axis: null, x: { domain: [0, 1] }, y: { domain: [0, 1] },
    ariaLabel: "colour and symbol",
    marks: [
      Plot.line(ends, { x: "x", y: "y", stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
      symbol === null ? null
        : Plot.dot(middle, { x: "x", y: "y", fill: colour, stroke: colour, symbol, r: 3.5 }),
    ],
  });
}

/** Buttons that name the lines, and hide and show them. */
function legend(items, hidden, redraw) {
  const list = document.createElement("div");
  list.className = "legend";
  for (const item of items) {
    const button = document.createElement(item.fixed ? "span" : "button");
    button.append(sample(item), item.name);
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

/** Panels with their titles, drawn by `draw(rows, room)`; rows without panels are one. */
function panels(rows, room, draw) {
  const groups = grouped(rows, "panel");
  return groups.map(([title, rows]) => {
    const panel = document.createElement("div");
    panel.className = "panel";
    if (title !== undefined) {
      const heading = document.createElement("h4");
      heading.textContent = title;
      panel.append(heading);
    }
    const plot = draw(rows, panelRoom(room, groups.length));
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", title ?? "");
    panel.append(plot);
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
    place.replaceChildren(...panels(shown, drawn, (rows, room) => kind.draw(rows, room)));
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
