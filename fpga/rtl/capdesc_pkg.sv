// What the modules agree on: the format, the verdict byte, and the register map.
`default_nettype none

package capdesc_pkg;

  // Cycles from a beat taken to its verdicts given, where nobody waits.
  localparam int LATENCY = 5;

  // Bytes 0 to 3 and 4 to 5, first byte leftmost.
  localparam logic [31:0] MAGIC = 32'h54435002;
  localparam logic [15:0] VERSION = 16'h0002;

  // CRC-16/IBM-3740, without its leading term.
  localparam logic [15:0] POLYNOMIAL = 16'h1021;
  localparam logic [15:0] INITIAL = 16'hFFFF;

  // Verdicts of the four faults: fault number, risk 7, reject.
  localparam logic [7:0] FAULT_MAGIC = 8'h3F;
  localparam logic [7:0] FAULT_VERSION = 8'h5F;
  localparam logic [7:0] FAULT_CHECKSUM = 8'h7F;
  localparam logic [7:0] FAULT_NO_RISK = 8'h9F;

  // Performance counters, in the order of the register map.
  localparam int COUNTER_COUNT = 12;

  // Where an upset can be injected: rows of 16 flip-flops of a lane, and then the verdict.
  localparam int INJECT_ROWS_INPUT = 12;
  localparam int INJECT_ROWS_FOLDED = 5;
  localparam int INJECT_ROWS = 17;

  // Constant functions. `power` runs through the powers of x, modulo the polynomial. Icarus takes no
  // function that calls another in a loop, so that both have the line that multiplies by x.

  // What the magic and the version, which every valid descriptor shares, add to the remainder. A
  // wrong one is a fault that goes before the checksum's, so that the network need not look at
  // these 48 bits. Bit i of the whole stands for x^i.
  function automatic logic [15:0] header_remainder(input logic [15:0] initial_value);
    logic [191:0] bits;
    logic [15:0] power;
    logic [15:0] sum;
    bits = {{MAGIC, VERSION} ^ {initial_value, 32'h0}, 144'h0};
    power = 16'h0001;
    sum = 16'h0000;
    for (int i = 0; i < 192; i = i + 1) begin
      if (bits[i]) sum = sum ^ power;
      power = {power[14:0], 1'b0} ^ (power[15] ? POLYNOMIAL : 16'h0000);
    end
    header_remainder = sum;
  endfunction

  // The folded bits whose powers of x have the term x^`term`: bit `term` of the remainder is their
  // parity. A shift and not `power[term[3:0]]`: Yosys 0.70 takes those four bits as signed there, and
  // the upper eight masks would silently be 0.
  function automatic logic [63:0] remainder_mask(input int term);
    logic [15:0] power;
    power = 16'h0001;
    for (int i = 0; i < 64; i = i + 1) begin
      remainder_mask[i] = |(power & (16'h0001 << term));
      power = {power[14:0], 1'b0} ^ (power[15] ? POLYNOMIAL : 16'h0000);
    end
  endfunction

endpackage

`default_nettype wire
