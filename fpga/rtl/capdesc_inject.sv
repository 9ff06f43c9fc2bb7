// Decodes the fault-injection port of one lane: which bits take the wrong value.
//
// `index` counts the bits of the slices `input`, 0 to 191, `folded`, 192 to 255, and `header`, 256
// to 263, and of the verdict, 272 to 279. Any other flips nothing. A request flips the bit two
// cycles after it, whatever beat is there: an upset knows no beats.
//
// The slices between are left out, since each of their tables is full. What an upset there does to
// a right checksum, make it wrong, one of `folded` does as well.
`default_nettype none

module capdesc_inject (
    input  wire                                 clk,
    input  wire                                 rst,
    input  wire                                 request,
    input  wire  [8:0]                          index,
    // One-hot, or all 0.
    output logic [capdesc_pkg::INJECT_BITS-1:0] flips
);

  localparam int BITS = capdesc_pkg::INJECT_BITS;

  // Three digits of the index, in base 16, 8 and 4: one-hot. The highest comes with the request.
  logic [15:0] low_q;
  logic [7:0] middle_q;
  logic [3:0] high_q;
  wire unused_high = high_q[3];
  logic was_asked_q;
  // A request is there, or was: in other cycles nothing changes, which saves a simulator the work.
  logic is_active_q;

  always_ff @(posedge clk) begin
    was_asked_q <= request;
    is_active_q <= request | was_asked_q | rst;
    high_q <= 4'd0;
    if (request) begin
      low_q <= 16'd1 << index[3:0];
      middle_q <= 8'd1 << index[6:4];
      high_q <= 4'd1 << index[8:7];
    end
    if (rst) high_q <= 4'd0;
    if (is_active_q) begin
      for (int i = 0; i < BITS / 16; i = i + 1) begin
        flips[16*i+:16] <= low_q & {16{middle_q[i%8] & high_q[i/8]}};
      end
    end
  end

endmodule

`default_nettype wire
