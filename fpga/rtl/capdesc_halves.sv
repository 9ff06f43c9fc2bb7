// Second step of the checksum network: two partial parities for each bit of the remainder.
//
// The remainder of the folded code is the XOR of both halves, once the checksum of the header is
// in. They stay apart for a cycle, so that each is an XOR of at most 13 bits: two levels of
// four-input tables. Even and odd bits divide all sixteen rows about evenly.
`default_nettype none

module capdesc_halves (
    input  wire  [63:0] folded,
    output logic [15:0] even,
    output logic [15:0] odd
);

  localparam logic [63:0] EVEN = 64'h5555_5555_5555_5555;
  localparam logic [15:0] CONSTANT = capdesc_pkg::header_remainder(capdesc_pkg::INITIAL);

  generate
    for (genvar i = 0; i < 16; i = i + 1) begin : gen_row
      localparam logic [63:0] MASK = capdesc_pkg::remainder_mask(i);
      localparam logic [63:0] MASK_EVEN = MASK & EVEN;
      localparam logic [63:0] MASK_ODD = MASK & ~EVEN;
      assign even[i] = ^(folded & MASK_EVEN) ^ CONSTANT[i];
      assign odd[i]  = ^(folded & MASK_ODD);
    end
  endgenerate

endmodule

`default_nettype wire
