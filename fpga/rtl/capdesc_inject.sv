// Decodes the fault-injection port of one lane: which flip-flops take the wrong value.
//
// `index` counts in rows of 16: 0 to 191 the slice `input`, 192 to 263 the slice `folded`, 272 to
// 279 the verdict. Any other flips nothing. A request flips the bit in the cycle after it, whatever
// beat is there: an upset knows no beats.
//
// The slices between are left out, since each of their tables is full: an upset of a bit of
// `halves` is one of the bits 0 to 15 of `folded`, a cycle later.
`default_nettype none

module capdesc_inject (
    input  wire                                 clk,
    input  wire                                 rst,
    input  wire                                 request,
    input  wire  [8:0]                          index,
    output logic [capdesc_pkg::INJECT_ROWS-1:0] flip_row,
    output logic [15:0]                         flip_column,
    output logic [7:0]                          flip_verdict
);

  localparam logic [4:0] VERDICT_ROW = capdesc_pkg::INJECT_ROWS[4:0];

  wire [capdesc_pkg::INJECT_ROWS-1:0] row_d;
  wire [15:0] column_d;
  wire is_verdict = request & (index[8:4] == VERDICT_ROW);

  generate
    for (genvar i = 0; i < capdesc_pkg::INJECT_ROWS; i = i + 1) begin : gen_row
      assign row_d[i] = request & (index[8:4] == i);
    end
    for (genvar i = 0; i < 16; i = i + 1) begin : gen_column
      assign column_d[i] = index[3:0] == i;
    end
  endgenerate

  always_ff @(posedge clk) begin
    flip_column <= column_d;
    flip_row <= row_d;
    flip_verdict <= column_d[7:0] & {8{is_verdict}};
    if (rst) begin
      flip_row <= '0;
      flip_verdict <= '0;
    end
  end

endmodule

`default_nettype wire
