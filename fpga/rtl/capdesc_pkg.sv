// What the modules agree on: the format, the verdict byte, and the size of things.
`default_nettype none

package capdesc_pkg;

  // Cycles from a beat taken to its verdicts given, where nobody waits.
  localparam int LATENCY = 5;

  // Bytes 0 to 3 and 4 to 5, first byte leftmost.
  localparam logic [31:0] MAGIC = 32'h54435002;
  localparam logic [15:0] VERSION = 16'h0002;

  // Bits 7..5 of the verdict: the fault. Risk is 7 then, and the decision 3, reject.
  localparam logic [2:0] FAULT_MAGIC = 3'd1;
  localparam logic [2:0] FAULT_VERSION = 3'd2;
  localparam logic [2:0] FAULT_CHECKSUM = 3'd3;
  localparam logic [2:0] FAULT_NO_RISK = 3'd4;
  localparam logic [2:0] RISK_NONE = 3'd7;
  localparam logic [1:0] REJECT = 2'd3;

  // Performance counters, in the order of the register map.
  localparam int COUNTER_COUNT = 12;

  // Where an upset can be injected, in bits of a lane: see capdesc_inject.
  localparam int INJECT_FOLDED_AT = 192;
  localparam int INJECT_HEADER_AT = 256;
  localparam int INJECT_VERDICT_AT = 272;
  localparam int INJECT_BITS = 288;

endpackage

`default_nettype wire
