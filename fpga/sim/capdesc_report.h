// What the design says by itself, such as an assertion that fails. Verilator's own answer would be
// to print it and to end the process.
#ifndef CAPDESC_REPORT_H
#define CAPDESC_REPORT_H

// What was said on this thread since it was last asked. NULL if nothing was.
const char *capdesc_report_take();

#endif
