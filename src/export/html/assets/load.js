// Charts of load.

function knee(rows, room) {
  const { backend, bound_ns: most, holds_per_s: holds, fails_per_s: fails } = rows[0];
  const { colour, symbol } = look(backend);
  const [x, y] = ["offered_per_s", "shown_ns"];
  const up = logarithmic("response time, p99", values(rows, "response_ns_p99").concat(most),
    (value) => time(value, plain));
  // Where requests were lost there is no time: the rate stands at the top.
  const shown = rows.map((row) => ({ ...row, shown_ns: row.response_ns_p99 ?? up.domain[1] }));
  const stands = (rate, dash) => (rate === null ? null
    : Plot.ruleX([rate], { stroke: colour, strokeWidth: 1.5, strokeDasharray: dash }));
  return plotted(room, 320, {
    marginLeft: 66,
    x: logarithmic("requests per second, offered", values(rows, x).concat([holds, fails]),
      (value) => rate(value, plain)),
    y: up,
    marks: [
      level(most),
      stands(holds, ""),
      stands(fails, "5 3"),
      points(shown, x, y, colour, symbol, (row) => !row.holds),
    ],
    hint: { rows: shown, x, y, says: (row) => `${rate(row[x])} requests/s offered, `
      + `${rate(row.achieved_per_s)} served\n`
      + (row.response_ns_p99 === null ? "no p99: requests were lost"
        : `p99 ${time(row.response_ns_p99)}`)
      + (row.lost > 0 ? `\n${count(row.lost)} lost` : "")
      + (row.holds ? "\nholds" : "\nfails") + (row.saturated ? ", saturated" : "") },
  });
}

/** How the kinds of time of a load look: the colour is the backend's. */
function times(kind, rows) {
  const isService = kind === "service";
  return { colour: colourOf(rows[0]), symbol: isService ? "circle" : "diamond",
    dash: isService ? "5 3" : "" };
}
