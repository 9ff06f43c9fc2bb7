// Numbers for people: as many digits as mean something.

/** Four significant digits, zeros at the end included, with separators, as the words have them;
 * what is absent is a dash. */
function short(value) {
  if (value === null || value === undefined) return "-";
  if (value === 0) return "0";
  const digits = Math.abs(value) >= 999.95 ? { maximumFractionDigits: 0 }
    : { minimumSignificantDigits: 4, maximumSignificantDigits: 4 };
  return value.toLocaleString("en", digits);
}

/** A number on an axis: no digit more than it has. */
function plain(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 6 });
}

function count(value) {
  return value === null ? "-" : value.toLocaleString("en");
}

/** Nanoseconds in the unit that people would use. */
function time(nanos, says = short) {
  const units = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  const [size, unit] = units.find(([size]) => nanos >= size) ?? [1, "ns"];
  return `${says(nanos / size)} ${unit}`;
}

/** A rate in the unit that people would use. */
function rate(value, says = short) {
  const units = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];
  const [size, unit] = units.find(([size]) => value >= size) ?? [1, ""];
  return says(value / size) + unit;
}

function percent(share) {
  return share === null ? "-" : `${(100 * share).toFixed(1)} %`;
}

/** "0.41 ns (0.40 to 0.42)", where there is an interval. */
function interval(value, low, high, unit) {
  const range = low === null ? "" : ` (${short(low)} to ${short(high)})`;
  return `${short(value)} ${unit}${range}`;
}
