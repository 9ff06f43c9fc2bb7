// Stands in for the decoder of the injection port where nothing is asked for: that nothing flips
// then is proven by `inject`.
`default_nettype none

module capdesc_inject (
    input  wire                                clk,
    input  wire                                rst,
    input  wire                                request,
    input  wire [8:0]                          index,
    output wire [capdesc_pkg::INJECT_BITS-1:0] flips
);

  assign flips = 0;

endmodule

`default_nettype wire
