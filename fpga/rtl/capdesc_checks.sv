// Second step of the checksum network: 16 parity checks, each in two halves.
//
// Written by scripts/generate-rtl, which says how. The checksum is right exactly if the halves of
// each check are equal. They stay apart for a cycle, so that each is an XOR of at most 10 bits:
// two levels of four-input tables.
`default_nettype none

module capdesc_checks (
    input  wire  [63:0] folded,
    output logic [15:0] low,
    output logic [15:0] high
);

  localparam logic [511:0] LOW = {
      32'h49191008,
      32'h32220002,
      32'h19110001,
      32'h2A48C880,
      32'h54919100,
      32'h15246440,
      32'h50A248C0,
      32'h0A923220,
      32'h28923030,
      32'h28512460,
      32'h91910085,
      32'h01085315,
      32'h92322010,
      32'h00210A62,
      32'h0084298A,
      32'h004214C5
  };
  localparam logic [511:0] HIGH = {
      32'h90185305,
      32'h081638B0,
      32'h040B1C58,
      32'h0C80C298,
      32'h19018530,
      32'h0640614C,
      32'h84546202,
      32'h032030A6,
      32'h15188094,
      32'h422A3101,
      32'h01853054,
      32'h58191100,
      32'h2030A60A,
      32'h8B032220,
      32'h2C0C8880,
      32'h16064440
  };
  // What the magic, the version and the initial value add to each check.
  localparam logic [15:0] HEADER = 16'hAB6C;

  wire [31:0] folded_low = folded[31:0];
  wire [31:0] folded_high = folded[63:32];

  generate
    for (genvar i = 0; i < 16; i = i + 1) begin : gen_check
      assign low[i] = ^(folded_low & LOW[32*i+:32]) ^ HEADER[i];
      assign high[i] = ^(folded_high & HIGH[32*i+:32]);
    end
  endgenerate

endmodule

`default_nettype wire
