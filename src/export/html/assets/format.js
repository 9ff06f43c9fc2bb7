// Numbers for people: as many digits as mean something.

/** Four significant digits, with separators; what is absent is a dash. */
function short(value) {
  if (value === null || value === undefined) return "-";
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 }
    : { maximumSignificantDigits: 4 };
  return value.toLocaleString("en", digits);
}

function count(value) {
  return value === null ? "-" : value.toLocaleString("en");
}

/** Nanoseconds in the unit that people would use. */
function time(nanos) {
  const units = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  const [size, unit] = units.find(([size]) => nanos >= size) ?? [1, "ns"];
  return `${short(nanos / size)} ${unit}`;
}

/** A rate in the unit that people would use. */
function rate(value) {
  const units = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];
  const [size, unit] = units.find(([size]) => value >= size) ?? [1, ""];
  return short(value / size) + unit;
}

function percent(share) {
  return share === null ? "-" : `${short(100 * share)} %`;
}

/** "0.41 ns (0.40 to 0.42)", where there is an interval. */
function interval(value, low, high, unit) {
  const range = low === null ? "" : ` (${short(low)} to ${short(high)})`;
  return `${short(value)} ${unit}${range}`;
}

/** As many of sorted values as have room, the last one always among them. */
function thinned(values, most) {
  const step = Math.ceil(values.length / Math.max(1, most));
  return values.filter((_, index) => (values.length - 1 - index) % step === 0);
}

/** Round numbers on a logarithmic axis: 1, 2 and 5 in each decade, or decades alone. */
function decades(values, most) {
  const known = values.filter((value) => value > 0);
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const all = [];
  for (let exponent = Math.floor(Math.log10(least)); 10 ** exponent <= greatest; exponent += 1) {
    for (const digit of [1, 2, 5]) all.push(Number(`${digit}e${exponent}`));
  }
  const within = all.filter((value) => value >= least / 1.001 && value <= greatest * 1.001);
  if (within.length <= most) return within;
  const tens = within.filter((value) => String(value).replace(/^0\.0*|0*$|e.*/g, "") === "1");
  return tens.length <= most ? tens : thinned(tens, most);
}
