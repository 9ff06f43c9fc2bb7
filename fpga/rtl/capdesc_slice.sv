// A pipeline register, or a wire; depth changes here and nowhere in the logic.
//
// A bit of `flips` makes the bit take the wrong value: the fault-injection port's way in. The data
// has no reset and no enable: valid bits travel elsewhere.
`default_nettype none

module capdesc_slice #(
    parameter int WIDTH = 16,
    parameter int REGISTERED = 1
) (
    input  wire              clk,
    input  wire  [WIDTH-1:0] flips,
    input  wire  [WIDTH-1:0] d,
    output logic [WIDTH-1:0] q
);

  generate
    if (REGISTERED != 0) begin : gen_register
      always_ff @(posedge clk) q <= d ^ flips;
    end else begin : gen_wire
      wire unused_clk = clk;
      assign q = d ^ flips;
    end
  endgenerate

endmodule

`default_nettype wire
