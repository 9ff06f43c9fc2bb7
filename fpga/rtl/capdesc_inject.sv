// Decodes the fault-injection port of one lane: which flip-flops take the wrong value.
//
// `index` counts in rows of 16: 0 to 191 the slice `input`, 192 to 263 the slice `folded`, 272 to
// 279 the verdict. Any other flips nothing. A request flips the bit two cycles after it, whatever
// beat is there: an upset knows no beats. The index is decoded in two steps, and the lane comes in
// with the second, so that no lane shares a column with another.
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

  localparam int ROWS = capdesc_pkg::INJECT_ROWS;

  // The row's two digits, in base 8, and the column: one-hot.
  logic [7:0] low_q;
  logic [2:0] high_q;
  logic [15:0] column_q;
  logic request_q;
  wire [7:0] low_d;
  wire [2:0] high_d;
  wire [15:0] column_d;
  wire [ROWS:0] row;

  generate
    for (genvar i = 0; i < 8; i = i + 1) begin : gen_low
      assign low_d[i] = index[6:4] == i;
    end
    for (genvar i = 0; i < 3; i = i + 1) begin : gen_high
      assign high_d[i] = index[8:7] == i;
    end
    for (genvar i = 0; i < 16; i = i + 1) begin : gen_column
      assign column_d[i] = index[3:0] == i;
    end
    for (genvar i = 0; i <= ROWS; i = i + 1) begin : gen_row
      assign row[i] = request_q & low_q[i%8] & high_q[i/8];
    end
  endgenerate

  always_ff @(posedge clk) begin
    low_q <= low_d;
    high_q <= high_d;
    column_q <= column_d;
    request_q <= request;
    flip_column <= column_q & {16{request_q}};
    flip_row <= row[ROWS-1:0];
    flip_verdict <= column_q[7:0] & {8{row[ROWS]}};
    if (rst) begin
      request_q <= 1'b0;
      flip_row <= '0;
      flip_verdict <= '0;
    end
  end

endmodule

`default_nettype wire
