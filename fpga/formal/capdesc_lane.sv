// Stands in for the classifier where control is proven: the lowest byte of the descriptor, as late.
`default_nettype none

module capdesc_lane #(
    parameter int REGISTERED = 1
) (
    input  wire                                clk,
    input  wire [capdesc_pkg::INJECT_BITS-1:0] flips,
    input  wire [191:0]                        descriptor,
    output wire [7:0]                          verdict
);

  localparam int DEPTH = capdesc_pkg::LATENCY - 1;

  logic [8*DEPTH-1:0] pipe_q;

  always_ff @(posedge clk) pipe_q <= {pipe_q[8*DEPTH-9:0], descriptor[7:0]};

  assign verdict = pipe_q[8*(DEPTH-1)+:8];

endmodule

`default_nettype wire
