// The verdict: one table of five inputs for each bit.
`default_nettype none

module capdesc_verdict (
    input  wire  [2:0] checksum_wrong,
    input  wire  [7:0] otherwise,
    input  wire  [7:0] flip,
    output logic [7:0] verdict
);

  assign verdict = (|checksum_wrong ? capdesc_pkg::FAULT_CHECKSUM : otherwise) ^ flip;

endmodule

`default_nettype wire
