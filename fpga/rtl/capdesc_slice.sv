// A pipeline register, or a wire; depth changes here and nowhere in the logic.
//
// Bit i flips where its row, i / 16, and its column, i % 16, are both asked for: the
// fault-injection port's way in. The data has no reset and no enable: valid bits travel elsewhere.
`default_nettype none

module capdesc_slice #(
    parameter int WIDTH = 16,
    parameter int REGISTERED = 1
) (
    input  wire                      clk,
    input  wire  [(WIDTH+15)/16-1:0] flip_row,
    input  wire  [15:0]              flip_column,
    input  wire  [WIDTH-1:0]         d,
    output logic [WIDTH-1:0]         q
);

  localparam int ROWS = (WIDTH + 15) / 16;

  wire [ROWS*16-1:0] flips;
  wire [WIDTH-1:0] next;

  generate
    for (genvar i = 0; i < ROWS; i = i + 1) begin : gen_row
      assign flips[16*i+:16] = {16{flip_row[i]}} & flip_column;
    end
    if (ROWS * 16 > WIDTH) begin : gen_unused
      wire unused_flips = ^flips[ROWS*16-1:WIDTH];
    end
  endgenerate

  assign next = d ^ flips[WIDTH-1:0];

  generate
    if (REGISTERED != 0) begin : gen_register
      always_ff @(posedge clk) q <= next;
    end else begin : gen_wire
      wire unused_clk = clk;
      assign q = next;
    end
  endgenerate

endmodule

`default_nettype wire
