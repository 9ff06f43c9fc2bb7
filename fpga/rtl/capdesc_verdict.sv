// The verdict: one table of five inputs for each bit.
`default_nettype none

module capdesc_verdict (
    input  wire  [2:0] checksum_wrong,
    input  wire  [7:0] otherwise,
    input  wire  [7:0] flips,
    output logic [7:0] verdict
);

  localparam logic [7:0] CHECKSUM_VERDICT = {
      capdesc_pkg::FAULT_CHECKSUM, capdesc_pkg::RISK_NONE, capdesc_pkg::REJECT
  };

  assign verdict = (|checksum_wrong ? CHECKSUM_VERDICT : otherwise) ^ flips;

endmodule

`default_nettype wire
