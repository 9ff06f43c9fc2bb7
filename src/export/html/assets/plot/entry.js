// What the charts use of Observable Plot. `scripts/bundle-plot` makes plot.js of it.
export {
  areaY, axisX, axisY, barX, dot, gridX, gridY, line, plot, pointer, ruleX, ruleY, text, tip,
} from "@observablehq/plot";
