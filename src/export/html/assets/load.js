// Charts of load.

function knee(rows, room) {
  const { bound_ns: most, holds_per_s: holds, fails_per_s: fails } = rows[0];
  const told = rows.filter((row) => row.response_ns_p99 !== null);
  const by = "offered_per_s";
  return plotted(room, 320, {
    marginLeft: 66,
    x: logarithmic("requests per second, offered", rows.map((row) => row[by]), rate),
    y: logarithmic("response time, p99", told.map((row) => row.response_ns_p99).concat(most), time),
    marks: [
      Plot.ruleY([most], { stroke: "var(--roof)", strokeWidth: 2, strokeDasharray: "1 4",
        strokeLinecap: "round" }),
      holds === null ? null : Plot.ruleX([holds], { stroke: colourOf(rows[0]), strokeWidth: 1.5 }),
      fails === null ? null : Plot.ruleX([fails], { stroke: colourOf(rows[0]), strokeWidth: 1.5,
        strokeDasharray: "5 3" }),
      Plot.dot(told, { x: by, y: "response_ns_p99", stroke: colourOf, strokeWidth: 1.5, r: 5,
        symbol: symbolOf, fill: (row) => (row.holds ? colourOf(row) : "var(--paper)") }),
      hint(told, by, "response_ns_p99", (row) => `${rate(row[by])} requests/s offered, `
        + `${rate(row.achieved_per_s)} served\np99 ${time(row.response_ns_p99)}: `
        + (row.holds ? "holds" : "fails") + (row.saturated ? ", saturated" : "")),
    ],
  });
}

/** How the kinds of time of a load look: the colour is the backend's. */
function times(kind, rows) {
  const is_service = kind === "service";
  return { colour: colourOf(rows[0]), symbol: is_service ? "circle" : "diamond",
    dash: is_service ? "5 3" : "" };
}
