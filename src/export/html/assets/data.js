"use strict";
// What the page shows, as the program wrote it: charts draw these rows, and their CSV is the same.

const report = JSON.parse(document.getElementById("data").textContent);

/** Rows of a chart as objects, by the names of its columns. */
function objects(chart) {
  return chart.rows.map((row) =>
    Object.fromEntries(chart.columns.map((name, index) => [name, row[index]])));
}

/** Values in the order in which they first come. */
function distinct(rows, column) {
  return [...new Set(rows.map((row) => row[column]))];
}

/** Rows by the value of a column, in the order in which values first come. */
function grouped(rows, column) {
  return distinct(rows, column).map((value) =>
    [value, rows.filter((row) => row[column] === value)]);
}

/** A field as RFC 4180 wants it. */
function field(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(chart) {
  return [chart.columns, ...chart.rows].map((row) => row.map(field).join(",") + "\n").join("");
}

/** Lets a link give a text as a file, without asking anybody for it. */
function offer(link, name, text) {
  link.download = name;
  link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(text)}`;
}
