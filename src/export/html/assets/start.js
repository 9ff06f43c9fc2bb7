// Brings the page to life: every figure gets its chart and its CSV, every table its order.

for (const chart of report.charts) {
  const figure = document.getElementById(chart.id);
  const link = figure.querySelector("a.csv");
  offer(link, `nanogate-${chart.id}.csv`, csv(chart));
  link.hidden = false;
  mount(figure, chart, kinds[chart.kind]);
}

document.querySelectorAll("table.sortable").forEach(sortable);
const search = document.getElementById("search");
if (search !== null) {
  searchable(document.querySelector("#results table"), search, document.getElementById("found"));
}
const figures = document.getElementById("every-figure");
if (figures !== null) {
  offer(figures, "nanogate-figures.csv", report.figures);
  figures.hidden = false;
}
document.documentElement.dataset.charts = String(report.charts.length);
